"""Thresholds as a person keeps them: a TOML file with one entry a tag, read and written.

An entry is a number from 0 to 1, or the name of a threshold that each classifier's file tells.
"""

import json
import reprlib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from shared.database.decisions import InForce
from shared.errors import RunError
from shared.names import printable
from shared.records import THRESHOLD_NAMES
from shared.regular_files import read_small
from shared.results.files import write_file

Wish: TypeAlias = str | float
"""A threshold that is asked for: one of `THRESHOLD_NAMES`, or a number from 0 to 1."""

MAX_FILE_BYTES = 2**24
ALLOWED = f"a number from 0 to 1, or one of {', '.join(THRESHOLD_NAMES)}"
_N_NAMED = 10
_REMEDY = "Write one with --write_thresholds and change its numbers."
_HEAD = f"""# Scores of at least this are decided; stages 3 and 4 read it with --thresholds.
# An entry is {ALLOWED}.
"""


def load_wishes(path: Path) -> dict[str, Wish]:
    """Load what is asked for, by tag.

    Raises
    ------
    RunError
        Where the file cannot be read, is no TOML, or has an entry that is no threshold.
    """
    try:
        found = tomllib.loads(read_small(path, MAX_FILE_BYTES).decode("utf-8-sig"))
        return {tag: _wish(path, tag, value) for tag, value in found.items()}
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror}", _REMEDY) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, no TOML, a number of many digits
        raise RunError(str(path), f"no TOML: {error}", _REMEDY) from error


def check_tags(path: Path, wishes: Mapping[str, Wish], tags: Sequence[str]) -> None:
    """Refuse a threshold for a tag that no classifier is there for: `RunError`."""
    unknown = sorted(set(wishes) - set(tags))
    if unknown:
        known = sorted(set(tags))
        more = ", …" if len(known) > _N_NAMED else ""
        found = f"{unknown[0]!r} has no classifier; there are {', '.join(known[:_N_NAMED])}{more}"
        raise RunError(str(path), found, "Take that entry out, or train its classifier.")


def check_free(path: Path) -> None:
    """Refuse to write where something is, which may be somebody's own numbers: `RunError`.

    A folder that is not there is refused as well, before there is anything to write.
    """
    if not path.absolute().parent.is_dir():
        raise RunError(str(path), "there is no such folder", "Make it, or name another file.")
    if path.is_symlink() or path.exists():
        raise RunError(str(path), "exists already", "Name another file, or move it away.")


def write_thresholds(path: Path, thresholds: Sequence[InForce], names: Mapping[int, str]) -> None:
    """Write the thresholds in force, as `load_wishes` reads them.

    Parameters
    ----------
    path : Path
        Where they go; what is there is replaced.
    thresholds : sequence of InForce
        One a tag. Where none can be reached, the name of what was asked for stands.
    names : mapping of int to str
        The names of the classifiers, by id.

    Raises
    ------
    RunError
        Where the file cannot be written.
    """
    write_file(path, "".join([_HEAD, *(_line(one, names) for one in thresholds)]).encode())


def _wish(path: Path, tag: str, value: object) -> Wish:
    if isinstance(value, str) and value in THRESHOLD_NAMES:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise RunError(str(path), f"{tag!r} is {reprlib.repr(value)}, allowed is {ALLOWED}", _REMEDY)


def _line(one: InForce, names: Mapping[int, str]) -> str:
    chosen = f"{one.chosen_by}, {printable(names[one.classifier_id])}"
    return f"{_quoted(one.tag)} = {_value(one)}  # {chosen}\n"


def _value(one: InForce) -> str:
    return json.dumps(one.chosen_by) if one.threshold is None else repr(one.threshold)


def _quoted(text: str) -> str:
    """Spell a text as TOML's basic string; JSON's escapes are TOML's, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")
