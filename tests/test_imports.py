"""The rooms of the project stand in one order, and imports go down only."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
VOCABULARY = {
    "batching",
    "errors",
    "hashing",
    "names",
    "odds",
    "progress",
    "records",
    "regular_files",
    "replacing",
}
DOORS = {"sources", "pictures", "metadata", "classifiers", "database", "results"}
ROOMS = ("vocabulary", "door", "flow", "training", "exporting", "review", "terminal")
"""From the ground up: each imports what stands before it, and a door no other door."""
HEIGHTS = (
    dict.fromkeys(VOCABULARY, 0)
    | dict.fromkeys(DOORS, 1)
    | {room: height for height, room in enumerate(ROOMS) if height > 1}
)
VOCABULARY_MAY_IMPORT = sys.stdlib_module_names | {"numpy", "shared"}
OUTSIDE = {
    "adbc_driver_sqlite": {"database"},
    "click": {"terminal"},
    "distributed": {"flow"},
    "filelock": {"results", "flow"},
    "fsspec": {"sources"},
    "jinja2": {"results"},
    "joblib": {"classifiers", "flow", "training"},
    "huggingface_hub": {"pictures"},
    "onnxruntime": {"pictures"},
    "pyarrow": {"metadata", "exporting"},
    "PIL": {"pictures", "flow"},
    "skimage": {"pictures"},
    "sklearn": {"classifiers", "training"},
    "sqlalchemy": {"database"},
    "sqlite3": {"database"},
    "starlette": {"review"},
    "tqdm": {"terminal"},
    "uvicorn": {"review"},
    "zipfile": {"flow", "sources", "training"},
}
"""Each outside library, and the rooms that know it."""
ENDS = {"print", "exit", "quit", "sys.exit", "SystemExit", "sys.stdout.write"}
DRAWERS = {"utils", "util", "helpers", "common", "misc"}

SHARED = sorted((ROOT / "shared").rglob("*.py"))
SCRIPTS = sorted(ROOT.glob("stage*/*.py"))


def name_of(path: Path) -> str:
    """Dotted name of a module; a package's is that of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in SHARED}


def part_of(module: str) -> str:
    """Its part of `shared`: a module, or a package with all that is in it; else empty."""
    top, _, below = module.partition(".")
    return below.partition(".")[0] if top == "shared" else ""


PARTS = {path: part_of(name) for name, path in MODULES.items() if part_of(name)}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Dotted names of all modules that a file imports, wherever in it that stands."""
    return frozenset(_iter_imports(tree_of(path)))


def _iter_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


def parts_used_by(path: Path) -> set[str]:
    """Parts of `shared` that a file imports, its own apart."""
    return {part_of(name) for name in imports_of(path)} - {PARTS.get(path), ""}


def outside_of(path: Path) -> set[str]:
    """First names of all that a file imports."""
    return {name.partition(".")[0] for name in imports_of(path)}


def calls_of(path: Path) -> set[str]:
    """All that a file calls or raises, as it is spelled there."""
    nodes = list(ast.walk(tree_of(path)))
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    return called | {ast.unparse(n.exc) for n in nodes if isinstance(n, ast.Raise) and n.exc}


def test_every_module_has_its_room() -> None:
    homeless = {path.name for path, part in PARTS.items() if part not in HEIGHTS}
    assert not homeless, (
        "Place the new module in a room of ROOMS or DOORS, or in VOCABULARY, of this test."
    )


def test_imports_are_absolute() -> None:
    relative = [
        path
        for path in SHARED + SCRIPTS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_imports_go_down_or_stay_in_their_room() -> None:
    upward = {
        f"{name_of(path)} imports {used}"
        for path, part in PARTS.items()
        for used in parts_used_by(path)
        if HEIGHTS.get(used, 0) > HEIGHTS.get(part, 0)
    }
    assert upward == set()


def test_doors_do_not_know_each_other() -> None:
    acquainted = {
        f"{name_of(path)} imports {used}"
        for path, part in PARTS.items()
        for used in parts_used_by(path)
        if {part, used} <= DOORS
    }
    assert acquainted == set()


def test_the_vocabulary_stands_on_the_standard_library_and_numpy() -> None:
    others = {
        f"{name_of(path)} imports {used}"
        for path, part in PARTS.items()
        for used in outside_of(path) - VOCABULARY_MAY_IMPORT
        if part in VOCABULARY
    }
    assert others == set()


def test_each_outside_library_is_known_in_its_rooms_only() -> None:
    elsewhere = {
        f"{name_of(path)} imports {used}"
        for path, part in PARTS.items()
        for used in outside_of(path) & OUTSIDE.keys()
        if part not in OUTSIDE[used]
    }
    assert elsewhere == set()


def test_only_the_terminal_prints_and_exits() -> None:
    loud = {
        f"{name_of(path)}: {call}"
        for path, part in PARTS.items()
        for call in calls_of(path) & ENDS
        if part != "terminal"
    }
    assert loud == set()


OPENING = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "fromfile", "memmap"}
MAY_OPEN = {
    "shared.regular_files": "the one door to read a file, whatever is in its place",
    "shared.replacing": "the one door to write one, whatever is in its place",
    "shared.results.folder": "new files in a new folder with a hidden name of our own",
    "shared.flow.reading.dask": "the sources of this project, and its own file at a Dask worker",
    "shared.terminal.exits": "the null device in the place of a closed standard stream",
}
"""Modules that open files by themselves, and which."""


def test_files_are_opened_through_two_doors() -> None:
    # A link, a pipe or a device may be in the place of any other file.
    opening = {
        name
        for name, path in MODULES.items()
        for call in calls_of(path)
        if call.rpartition(".")[2] in OPENING
    }
    assert opening == MAY_OPEN.keys()


def test_a_stage_imports_what_is_shared_and_no_other_stage() -> None:
    stages = {path.parent.name for path in SCRIPTS} | {path.stem for path in SCRIPTS}
    assert [path for path in SCRIPTS + SHARED if outside_of(path) & stages] == []


def test_no_script_is_named_like_a_module_that_somebody_imports() -> None:
    # The folder of a script is the first place where Python looks for modules.
    assert [path for path in SCRIPTS if find_spec(path.stem)] == []


def test_there_is_no_drawer_for_everything() -> None:
    drawers = [path for path in SHARED + SCRIPTS if DRAWERS & {path.stem, path.parent.name}]
    assert drawers == []


def test_no_two_classes_share_a_name() -> None:
    names = Counter(
        node.name.removeprefix("_")
        for path in SHARED
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_every_module_says_what_it_does() -> None:
    silent = [path for path in SHARED + SCRIPTS if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_no_import_leads_back_to_where_it_came_from() -> None:
    graph = {name: imports_of(path) & MODULES.keys() for name, path in MODULES.items()}
    assert [name for name in graph if name in reached_from(name, graph)] == []


def reached_from(start: str, graph: dict[str, frozenset[str]]) -> set[str]:
    """All modules to which imports lead, on however long a way."""
    reached: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += graph[module]
    return reached


def loaded_after(code: str) -> set[str]:
    """First names of the modules that are loaded when a program has run."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_classifying_does_without_scikit_learn() -> None:
    assert "sklearn" not in loaded_after("import shared.terminal.classify")


def test_a_script_loads_nothing_heavy_before_it_knows_what_to_do() -> None:
    paths = [str(path) for path in SCRIPTS]
    loaded = loaded_after(f"import runpy\nfor path in {paths}: runpy.run_path(path)")
    assert loaded & (OUTSIDE.keys() - {"click", "zipfile"}) == set()
