"""Who else reviews an output folder: each holds a folder of its own, and finds the others'."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shared.errors import RunError
from shared.results.files import held_folder, make_folder

MAX_REVIEWERS = 20
_FOLDER = "reviewers"
_IN_USE = "in use by "


class Presence:
    """That one is there, with a ``number`` of one's own, and who else is."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self._folder = folder

    def others(self) -> list[str]:
        """Name the others: process, machine, since when."""
        return [who for path in _places(self._folder, self.number) if (who := _holder(path))]


@contextmanager
def present(hidden: Path) -> Iterator[Presence]:
    """Be there while the block runs.

    Raises
    ------
    RunError
        Where too many are, or nothing can be written.
    """
    folder = hidden / _FOLDER
    with ExitStack() as closing:
        for number in range(MAX_REVIEWERS):
            own = folder / str(number)
            make_folder(own)
            try:
                closing.enter_context(held_folder(own))
            except RunError as error:
                if not error.found.startswith(_IN_USE):
                    raise
            else:
                yield Presence(folder, number)
                return
        found = f"{MAX_REVIEWERS} reviews are under way already"
        raise RunError(str(hidden.parent), found, "End one of them.")


def _places(folder: Path, own: int) -> list[Path]:
    paths = (folder / str(number) for number in range(MAX_REVIEWERS) if number != own)
    return [path for path in paths if path.is_dir()]


def _holder(path: Path) -> str | None:
    """Tell who holds a folder; None where nobody does, as after a kill."""
    try:
        with held_folder(path):
            return None
    except RunError as error:
        is_held = error.found.startswith(_IN_USE)
        return error.found.removeprefix(_IN_USE) if is_held else None
