"""What people said of pictures, as a results folder shows it: `_yes` and `_no` beside the bins.

A person moves pictures there. So does a run, with those that have been answered before; `.answered`
notes which, so that they are told from new answers, and known again where they are taken back.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import orjson

from shared.errors import RunError
from shared.records import MEBIBYTE
from shared.regular_files import read_small

ANSWERS = {"_yes": True, "_no": False}
"""Folders of pictures that have the tag, or not."""
ANSWERED_FILE = ".answered"
MAX_ANSWERED_BYTES = 1024 * MEBIBYTE
_FOLDERS = {has_tag: name for name, has_tag in ANSWERS.items()}
_KINDS = (str, str, bool, str)


@dataclass(frozen=True, slots=True)
class Answered:
    """A picture that a run has put into an answer's folder of a tag, under the name of a file."""

    hash_id: str
    tag: str
    has_tag: bool
    image_file: str


def answer_folder(has_tag: bool) -> str:
    """Name of the folder of an answer."""
    return _FOLDERS[has_tag]


def answered_content(answered: Iterable[Answered]) -> bytes:
    """Write down what a run has put into answers' folders, one picture a line."""
    lines = (orjson.dumps(astuple(one)) for one in answered)
    return b"[\n" + b",\n".join(lines) + b"\n]\n"


def load_answered(folder: Path) -> list[Answered]:
    """Load what the run that made a results folder has put into its answers' folders.

    Raises
    ------
    RunError
        Where the note of it cannot be read, or no run has written it.
    """
    path = folder / ANSWERED_FILE
    try:
        found = orjson.loads(read_small(path, MAX_ANSWERED_BYTES, ours=True))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _odd(path, f"cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise _odd(path, f"not JSON ({error})") from error
    if not isinstance(found, list) or not all(map(_is_answered, found)):
        raise _odd(path, "not what a run writes there")
    return [Answered(*one) for one in found]


def _is_answered(found: object) -> bool:
    return isinstance(found, list) and tuple(map(type, found)) == _KINDS


def _odd(path: Path, found: str) -> RunError:
    return RunError(str(path), found, "Delete it: then all that lies in _yes and _no is an answer.")
