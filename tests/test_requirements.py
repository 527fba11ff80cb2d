"""What is installed is what is imported, in the versions that were tried."""

import re
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_imports import MODULES, ROOT, imports_of, outside_of, reached_from

STAGES = sorted(ROOT.glob("stage[0-9]"))
STAGE_FILES = [stage / "requirements.txt" for stage in STAGES]
FILES = sorted({*ROOT.glob("*requirements*.txt"), *ROOT.glob("*/requirements*.txt")})
EXTRAS = sorted(
    set(FILES) - {*STAGE_FILES, ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"}
)
PINS = ROOT / "constraints.txt"
WITHOUT_PINS = re.compile(r"^#|^-|^\s*$")


def needs_of(path: Path) -> list[Requirement]:
    """What a requirements file names itself, files that it refers to apart."""
    lines = (line.partition(" #")[0] for line in path.read_text().splitlines())
    return [Requirement(line) for line in lines if not WITHOUT_PINS.match(line)]


def names_of(path: Path) -> set[str]:
    return {canonicalize_name(need.name) for need in needs_of(path)}


def extra_of(script: Path) -> Path:
    """The requirements that a command has to itself, if it has any."""
    return script.with_name(f"requirements-{script.stem}.txt")


def imported_by(scripts: Sequence[Path]) -> set[str]:
    """Packages that commands can come to import, inside functions too."""
    graph = {name: imports_of(path) & MODULES.keys() for name, path in MODULES.items()}
    started = set().union(*(imports_of(script) & MODULES.keys() for script in scripts))
    modules = started.union(*(reached_from(module, graph) for module in started))
    files = [*scripts, *(MODULES[module] for module in modules)]
    known = packages_distributions()
    outside = set().union(*map(outside_of, files)) & known.keys()
    return {canonicalize_name(known[name][0]) for name in outside}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_requires_what_it_imports_and_nothing_else(stage: Path) -> None:
    scripts = [script for script in stage.glob("*.py") if not extra_of(script).exists()]
    extras = set().union(*map(names_of, EXTRAS))
    wanted = imported_by(scripts) - extras - {"fsspec"}  # it comes with s3fs, an extra
    assert names_of(stage / "requirements.txt") == wanted


def test_a_command_with_an_extra_of_its_own_finds_in_it_all_that_it_imports() -> None:
    for script in (one for stage in STAGES for one in stage.glob("*.py")):
        if not extra_of(script).exists():
            continue
        lines = extra_of(script).read_text().splitlines()
        referred = [extra_of(script).parent / line[3:] for line in lines if line.startswith("-r ")]
        there = names_of(extra_of(script)).union(*map(names_of, referred))
        others = set().union(*map(names_of, set(EXTRAS) - {extra_of(script)}))
        wanted = imported_by([script]) - others - {"fsspec"}
        assert wanted <= there
        assert names_of(extra_of(script)) <= wanted


def test_the_root_requires_what_the_stages_do() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line[3:] for line in lines if line.startswith("-r ")] == [
        path.relative_to(ROOT).as_posix() for path in STAGE_FILES
    ]
    assert needs_of(ROOT / "requirements.txt") == []


def test_all_files_agree_on_the_oldest_version() -> None:
    bounds: dict[str, set[str]] = {}
    for need in (need for path in FILES for need in needs_of(path)):
        bounds.setdefault(need.name, set()).add(str(need.specifier))
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_that_names_packages_takes_the_versions_that_were_tried(path: Path) -> None:
    lines = path.read_text().splitlines()
    referred = [path.parent / line[3:] for line in lines if line.startswith("-c ")]
    assert not needs_of(path) or [one.resolve() for one in referred] == [PINS]


def test_every_requirement_has_a_version_that_was_tried() -> None:
    pins = needs_of(PINS)
    untried = [
        f"{path.name}: {need}"
        for path in FILES
        for need in needs_of(path)
        if not any(
            canonicalize_name(pin.name) == canonicalize_name(need.name)
            and all(need.specifier.contains(one.version) for one in pin.specifier)
            for pin in pins
        )
    ]
    assert untried == [], "make pins"


def test_versions_are_told_without_where_to_get_them() -> None:
    assert all({one.operator for one in need.specifier} == {"=="} for need in needs_of(PINS))
    assert "://" not in PINS.read_text()
