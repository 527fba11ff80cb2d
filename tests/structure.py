"""The house in figures, to compare two commits by; `python -m tests.structure [trace|twice]`.

Rooms are the parts of `shared/` and the stages, floors how many of them stand on each other, arrows
how many pairs import one the other. With `trace`: what a picture in an archive passes in stage 4;
with `twice`: passages of more than ten lines that stand twice.
"""

import ast
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

from tests.worlds import ROOT, World, png

Function = tuple[str, str]
"""File below `shared/`, and name in it."""

FOLDERS = ("shared", "stage*", "tests")
PASSAGE = 11
"""Lines that must not stand twice in a row, empty ones left out."""
LITTER = {"README.txt": b"one file that is no picture"}
PICTURE = {"1.png": png(1)}


def iter_imported(path: Path) -> Iterator[str]:
    """Yield the dotted name of all that a file imports, wherever in it that stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms() -> dict[str, set[str]]:
    """Each room with the rooms that it imports."""
    found: dict[str, set[str]] = {}
    for path in sorted([*(ROOT / "shared").rglob("*.py"), *ROOT.glob("stage*/*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts != ("shared", "__init__"):
            room = parts[1] if parts[0] == "shared" else parts[0]
            names = (name.split(".") for name in iter_imported(path) if name.startswith("shared."))
            found.setdefault(room, set()).update(name[1] for name in names)
    return {room: (used & found.keys()) - {room} for room, used in found.items()}


def floors(graph: dict[str, set[str]]) -> list[set[str]]:
    """Rooms from the ground up: each stands above all that it imports."""
    built: list[set[str]] = []
    left = dict(graph)
    while left:
        floor = {room for room, used in left.items() if not used & left.keys()}
        if not floor:
            raise SystemExit(f"a circle: {', '.join(left)}")
        built.append(floor)
        left = {room: used for room, used in left.items() if room not in floor}
    return built


def lengths(path: Path) -> Iterator[int]:
    """Lines of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.end_lineno - node.lineno + 1


def calls_of(archive: dict[str, bytes]) -> Counter[Function]:
    """How often a run of stage 4 over one archive enters each function of `shared/`."""
    calls: Counter[CodeType] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls[frame.f_code] += 1

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.train("cat")
        world.know(*PICTURE.values())
        world.archive("a.zip", archive)
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            run = world.classify("--workers=1")
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    if run.exit_code != 0:
        raise SystemExit(run.stderr)
    counted: Counter[Function] = Counter()
    for code, count in calls.items():
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT / "shared") and not code.co_name.startswith("<"):
            place = path.relative_to(ROOT / "shared").as_posix()
            counted[place, f"{code.co_qualname}:{code.co_firstlineno}"] += count
    return counted


def passed_by_a_member() -> list[Function]:
    """Functions that are entered more often because one picture more lies in the archive."""
    calls_of(LITTER | PICTURE)  # what is done once in a process is nobody's way
    without, beside = calls_of(LITTER), calls_of(LITTER | PICTURE)
    return sorted(function for function, count in beside.items() if count > without[function])


def report() -> Iterator[str]:
    """Yield the lines of the report."""
    graph = rooms()
    files = [path.read_text().count("\n") for path in (ROOT / "shared").rglob("*.py")]
    functions = [n for path in (ROOT / "shared").rglob("*.py") for n in lengths(path)]
    yield f"rooms {len(graph)} · arrows {sum(map(len, graph.values()))}"
    for height, floor in reversed(list(enumerate(floors(graph)))):
        yield f"  floor {height}: {' '.join(sorted(floor))}"
    for what, lines in (("files", files), ("functions", functions)):
        middle, longest = statistics.median(lines), max(lines)
        yield f"{what} {len(lines)} · lines, median {middle:.0f}, longest {longest}"


def report_of_the_trace() -> Iterator[str]:
    """Yield the lines of the trace."""
    passed = passed_by_a_member()
    for file in sorted({file for file, _ in passed}):
        names = [name.rpartition(":")[0] for where, name in passed if where == file]
        yield f"  {file}: {', '.join(names)}"
    yield f"one picture passes {len(passed)} functions in {len({file for file, _ in passed})} files"


def passages() -> Iterator[str]:
    """Yield where a passage begins that stands elsewhere too, and where that is."""
    seen: dict[tuple[str, ...], str] = {}
    for path in sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.py")):
        text = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        lines = [(number, line.strip()) for number, line in text if line.strip()]
        for start in range(len(lines) - PASSAGE + 1):
            passage = tuple(line for _, line in lines[start : start + PASSAGE])
            place = f"{path.relative_to(ROOT)}:{lines[start][0]}"
            if seen.setdefault(passage, place) != place:
                yield f"{place} is also at {seen[passage]}"


REPORTS = {(): report, ("trace",): report_of_the_trace, ("twice",): passages}

if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in REPORTS[tuple(sys.argv[1:])]())
