"""What an archive case is: what makes the archive, and the exact fate of each of its members."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Fate, SkipError
from shared.records import MEBIBYTE, Limits, Member, Skipped
from shared.sources.files import check_no_other_archive
from shared.sources.zips.members import iter_members

LIMITS = Limits(max_member_bytes=MEBIBYTE, max_entries=1000, max_depth=3)
"""One set for all cases, so that all can also be run at once: small enough for small cases."""

Fates = Mapping[str, Fate]
ITSELF = ""


@dataclass(frozen=True)
class Case:
    """An archive and what becomes of it.

    ``fates`` are by address within the archive, `ITSELF` for an archive that is refused as a
    whole. `SCORED` stands for a picture that can be read, whatever is done with it afterwards.
    """

    name: str
    build: Callable[[], bytes]
    fates: Fates
    file_name: str = "hostile.zip"


def refused(name: str, build: Callable[[], bytes], fate: Fate) -> Case:
    """Give a case of an archive that is refused as a whole."""
    return Case(name, build, {ITSELF: fate})


def fates_of(path: Path, limits: Limits = LIMITS) -> dict[str, Fate]:
    """Walk an archive, read every member, and say what became of each."""
    fates: dict[str, Fate] = {}
    try:
        for outcome in iter_members(path, limits):
            address = outcome.place.address.removeprefix(f"{path}!/")
            assert address not in fates, f"two members are called {address}"
            fates[address] = _fate(outcome)
    except SkipError as error:
        fates[ITSELF] = error.fate
    return fates


def _fate(outcome: Member | Skipped) -> Fate:
    if isinstance(outcome, Skipped):
        return outcome.fate
    try:
        if not outcome.head.startswith(b"\x89PNG"):
            check_no_other_archive(outcome.place.name, outcome.head)
            return Fate.NOT_AN_IMAGE
        return Fate.SCORED if len(outcome.read()) == outcome.size else Fate.SIZE_MISMATCH
    except SkipError as error:
        return error.fate
