"""What a run leaves: a results folder, and files beside it; nothing half-written has its name.

`results` fills the folder, `naming` gives the folders in it their names, `files` writes what stands
beside it. Nothing here knows where pictures and scores come from.
"""

from shared.outputs.files import (
    clear_unfinished,
    make_folder,
    replaced_file,
    swept_folder,
    write_file,
    write_problems,
)
from shared.outputs.naming import unique_folders
from shared.outputs.results import Placed, ResultsFolder, ResultsMode, is_made_from

__all__ = [
    "Placed",
    "ResultsFolder",
    "ResultsMode",
    "clear_unfinished",
    "is_made_from",
    "make_folder",
    "replaced_file",
    "swept_folder",
    "unique_folders",
    "write_file",
    "write_problems",
]
