"""All archive cases in one folder, one run: what a stranger's collection may look like."""

import resource
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.errors import Fate
from tests.archive_cases import PICTURES, WrittenCase, write_cases
from tests.worlds import ROOT, World

pytestmark = pytest.mark.slow

PEAK_MEMORY_BYTES = 2**30
OPTIONS = ("--max_member_mb=1", "--max_entries=1000", "--max_depth=3", "--workers=1", "--quiet")


@dataclass
class Hostile:
    """The world after the run."""

    world: World
    cases: list[WrittenCase]
    before: list[Path]
    after: list[Path]
    run: "subprocess.CompletedProcess[str]"
    peak_bytes: int

    def fates(self) -> Counter[Fate]:
        with sqlite3.connect(self.world.output / "zip_score_cache.sqlite") as database:
            members = database.execute("SELECT fate FROM members").fetchall()
            refused = database.execute("SELECT fate FROM containers WHERE fate IS NOT NULL")
            return Counter(Fate(fate) for (fate,) in members + refused.fetchall())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    world = World(tmp_path_factory.mktemp("hostile"))
    world.train("cat")
    world.know(*PICTURES)
    cases = write_cases(world.zips)
    before = _tree(world)
    arguments = [
        f"--directory={world.zips}",
        f"--metadata_json={world.metadata}",
        f"--model={world.models}",
        f"--output={world.output}",
        *OPTIONS,
    ]
    run = subprocess.run(
        [sys.executable, ROOT / "stage4" / "classify_zip.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=world.folder,
    )
    # Of all children so far: an upper bound, in KiB.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Hostile(world, cases, before, _tree(world), run, peak)


def _tree(world: World) -> list[Path]:
    return sorted(path for path in world.folder.rglob("*") if world.output not in path.parents)


def test_the_run_ends_with_problems_and_nothing_worse(hostile: Hostile) -> None:
    assert (hostile.run.returncode, hostile.run.stderr) == (3, "")


def test_every_good_archive_is_scored_whole(hostile: Hostile) -> None:
    with sqlite3.connect(hostile.world.output / "zip_score_cache.sqlite") as database:
        rows = database.execute("SELECT archive_path, count(*) FROM zip_score_cache GROUP BY 1")
        scored = dict(rows.fetchall())
    assert [scored[str(case.good)] for case in hostile.cases] == [
        case.n_good for case in hostile.cases
    ]


def test_every_member_has_the_fate_of_its_case(hostile: Hostile) -> None:
    expected: Counter[Fate] = Counter()
    for case in hostile.cases:
        expected.update(case.fates)
        expected[Fate.SCORED] += case.n_good
    assert hostile.fates() == expected


def test_nothing_is_written_outside_but_the_index_beside_the_metadata(hostile: Hostile) -> None:
    index = hostile.world.metadata.with_name(f".{hostile.world.metadata.name}.vectors")
    assert set(hostile.after) - set(hostile.before) == {hostile.world.output, index}


def test_every_problem_is_listed(hostile: Hostile) -> None:
    listed = (hostile.world.results()[0] / "problems.csv").read_text().splitlines()[1:]
    shown = {fate: n for fate, n in hostile.fates().items() if fate.is_problem}
    assert len(listed) == sum(shown.values()) + hostile.fates()[Fate.NOT_AN_IMAGE]


def test_memory_stays_bounded(hostile: Hostile) -> None:
    assert hostile.peak_bytes < PEAK_MEMORY_BYTES
