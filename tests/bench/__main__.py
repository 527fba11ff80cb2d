"""The bench: all aims, each a ratio of processes that run in turn.

python -m tests.bench [--quick] [--write] [--only 1 2 ...]
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.aims import AIMS, Aim
from tests.bench.measures import Round
from tests.bench.prepared import Prepared
from tests.bench.report import report, write_results
from tests.bench.scene import Scene, built_scene, forget_scenes

RESULTS = Path(__file__).with_name("RESULTS.md")
QUICK_SCALE = 0.1


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.bench", description="Measure the aims.")
    add = parser.add_argument
    add("--quick", action="store_true", help="a tenth of the sizes, 2 rounds")
    add("--scale", type=float, help="sizes in relation to the full ones")
    add("--rounds", type=int, help="how often everything is measured (default: 3)")
    add("--only", type=int, nargs="+", metavar="AIM", help="measure these aims only")
    default = Path(tempfile.gettempdir()) / "image-tagging-bench"
    add("--work", type=Path, default=default, help="where corpora are kept (default: %(default)s)")
    add("--clean", action="store_true", help="remove what earlier benches built there, and end")
    add("--write", action="store_true", help="put the tables into RESULTS.md")
    return parser.parse_args()


def measured(scene: Scene, aims: list[Aim], n_rounds: int) -> str:
    """Measure all aims in turn, as often as asked for, and return the report."""
    figures: dict[Aim, list[float]] = {aim: [] for aim in aims}
    rounds = []
    with emptied(scene.folder / "run") as folder:
        prepared = Prepared(scene, folder)
        for number in range(1, n_rounds + 1):
            rounds.append(Round(prepared))
            for aim in aims:
                figures[aim].append(aim.ratio(rounds[-1]))
                say(f"round {number}, aim {aim.label}: {figures[aim][-1]:.3g}")
    return report(scene, figures, rounds)


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """Give an empty folder, whatever a bench that was stopped has left in it, and remove it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def say(text: str) -> None:
    """Print."""
    print(text, flush=True)  # noqa: T201 - this is a command


def main() -> None:
    """Do what the command line says."""
    asked = arguments()
    if asked.clean:
        forget_scenes(asked.work)
        return
    say("building what is not there yet")
    scene = built_scene(asked.work, asked.scale or (QUICK_SCALE if asked.quick else 1))
    wanted = [aim for aim in AIMS if not asked.only or aim.number in asked.only]
    text = measured(scene, wanted, asked.rounds or (2 if asked.quick else 3))
    say(text)
    if asked.write:
        write_results(RESULTS, text)


if __name__ == "__main__":
    main()
