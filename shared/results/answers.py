"""What people said of pictures, as a results folder shows it: `_yes` and `_no` beside the bins.

A person moves pictures there. So does a run, with those that have been answered before. `.answers`
notes which, so that they are told from new answers and known again where they are taken back; and
which folder is which tag's, as its name need not tell.
"""

from dataclasses import astuple, dataclass, field
from pathlib import Path

import orjson

from shared.errors import RunError
from shared.records import MEBIBYTE
from shared.regular_files import read_small

ANSWERS = {"_yes": True, "_no": False}
"""Folders of pictures that have the tag, or not."""
ANSWERS_FILE = ".answers"
MAX_ANSWERS_BYTES = 1024 * MEBIBYTE
_FOLDERS = {has_tag: name for name, has_tag in ANSWERS.items()}
_KINDS = (str, str, bool, str)


@dataclass(frozen=True, slots=True)
class Answered:
    """A picture that a run has put into an answer's folder of a tag, under the name of a file."""

    hash_id: str
    tag: str
    has_tag: bool
    image_file: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run notes of the answers in the results folder that it makes.

    ``tags`` are those of folders, relative to it; ``answered`` is what lay with the answers.
    """

    tags: dict[str, str] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)


def answer_folder(has_tag: bool) -> str:
    """Name of the folder of an answer."""
    return _FOLDERS[has_tag]


def shown_content(shown: Shown) -> bytes:
    """Write down what `load_shown` reads."""
    answered = [astuple(one) for one in shown.answered]
    return orjson.dumps({"tags": shown.tags, "answered": answered}, option=orjson.OPT_SORT_KEYS)


def load_shown(folder: Path) -> Shown:
    """Load what the run that made a results folder has noted; nothing, where it has not.

    Raises
    ------
    RunError
        Where that cannot be read, or no run has written it.
    """
    path = folder / ANSWERS_FILE
    try:
        found = orjson.loads(read_small(path, MAX_ANSWERS_BYTES, ours=True))
    except FileNotFoundError:
        return Shown()
    except OSError as error:
        raise _odd(path, f"cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise _odd(path, f"not JSON ({error})") from error
    match found:
        case {"tags": dict(tags), "answered": list(answered)} if all(
            isinstance(tag, str) for tag in tags.values()
        ) and all(map(_is_answered, answered)):
            return Shown(tags, [Answered(*one) for one in answered])
    raise _odd(path, "not what a run writes there")


def _is_answered(found: object) -> bool:
    return isinstance(found, list) and tuple(map(type, found)) == _KINDS


def _odd(path: Path, found: str) -> RunError:
    return RunError(str(path), found, "Delete it: then all that lies in _yes and _no is an answer.")
