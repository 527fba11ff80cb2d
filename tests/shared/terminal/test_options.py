"""Options that several commands share: one meaning in both spellings, the limits in their units."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from shared import VERSION
from shared.records import GIBIBYTE, MEBIBYTE, Limits
from shared.terminal.options import (
    COMMON,
    CONTEXT,
    LIMITS,
    classify_options,
    options,
    take_limits,
)
from shared.terminal.values import NameOrNumber, Number, PathName
from tests.shared.terminal.commands import REQUIRED, values_of
from tests.worlds import ROOT, _load, command

SCRIPTS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("stage*/*.py"))
PARAMETERS = click.command()(classify_options("A folder.")(lambda **_: None)).params
SPELLED = [p for p in PARAMETERS if "_" in p.opts[0] and isinstance(p, click.Option)]


def with_a_value(option: click.Option, spelling: str) -> str:
    """An option as it is typed."""
    if option.is_flag:
        return spelling
    if isinstance(option.type, NameOrNumber):
        return f"{spelling}=0.25"
    if isinstance(option.type, Number) and option.type.max == 1:
        return f"{spelling}=0.5"
    return f"{spelling}={option.type.choices[0] if isinstance(option.type, click.Choice) else 7}"


@pytest.mark.parametrize("option", SPELLED, ids=lambda option: option.name)
def test_a_hyphenated_spelling_is_the_underscored_one(option: click.Option) -> None:
    hyphenated = "--" + option.opts[0].removeprefix("--").replace("_", "-")
    underscored = values_of(with_a_value(option, option.opts[0]))
    assert values_of(with_a_value(option, hyphenated)) == underscored != values_of()


def test_both_sides_of_a_switch_are_spelled_either_way() -> None:
    @click.command(context_settings=CONTEXT)
    @click.option("--tagged_dataset/--no-tagged_dataset", default=True)
    def command(*, tagged_dataset: bool) -> None:
        click.echo(tagged_dataset)

    spellings = ["--no-tagged_dataset", "--no_tagged_dataset", "--no-tagged-dataset"]
    assert [CliRunner().invoke(command, [one]).output for one in spellings] == ["False\n"] * 3


def test_limits_by_default_are_the_documented_ones() -> None:
    assert take_limits(values_of()) == Limits()


def test_limits_are_given_in_their_units() -> None:
    given = [
        "--max_megapixels=0.5",
        "--max_member_mb=3",
        "--max_entries=4",
        "--max_depth=0",
        "--max_unpacked_gb=6",
        "--max_ratio=7.5",
    ]
    assert take_limits(values_of(*given)) == Limits(0.5, 3 * MEBIBYTE, 4, 0, 6 * GIBIBYTE, 7.5)


def test_limits_are_taken_out_and_nothing_else() -> None:
    values = values_of()
    before = set(values)
    take_limits(values)
    assert before - set(values) == {str(option.name) for option in limit_options()}


def limit_options() -> list[click.Parameter]:
    return click.command()(options(*LIMITS)(lambda **_: None)).params


@pytest.mark.parametrize("given", ["recommended", "precision_95", "precision_90", "precision_80"])
def test_a_threshold_is_named(given: str) -> None:
    assert values_of(f"--threshold={given}")["threshold"] == given


@pytest.mark.parametrize("given", ["0", "0.25", "1", "1e-3"])
def test_a_threshold_is_a_number_from_0_to_1(given: str) -> None:
    assert values_of(f"--threshold={given}")["threshold"] == float(given)


def test_by_default_the_recommended_threshold_decides() -> None:
    assert values_of()["threshold"] == "recommended"


@pytest.mark.parametrize(
    "argument",
    [
        "--max_megapixels=0",
        "--max_megapixels=-1",
        "--max_megapixels=nan",
        "--max_megapixels=many",
        "--max_member_mb=0",
        "--max_entries=0",
        "--max_depth=-1",
        "--max_unpacked_gb=0",
        "--max_ratio=0.5",
        "--max_ratio=nan",
        "--output_bins=0",
        "--threshold=1.01",
        "--threshold=-0.1",
        "--threshold=nan",
        "--threshold=precision_96",
        "--threshold=",
        "--results=some",
        "--no_such_option",
    ],
)
def test_what_makes_no_sense_is_wrong_use(argument: str) -> None:
    @click.command(context_settings=CONTEXT)
    @classify_options("A folder.")
    def command(**_: Any) -> None:
        """Do nothing."""

    assert CliRunner().invoke(command, [*REQUIRED, argument]).exit_code == 2


def test_options_stand_in_the_help_in_the_order_given() -> None:
    names = [option.name for option in limit_options()]
    assert names[0] == "max_megapixels"
    assert names[-1] == "max_ratio"


def test_the_version_is_a_number_alone() -> None:
    command = click.command(context_settings=CONTEXT)(options(*COMMON)(lambda **_: None))
    assert CliRunner().invoke(command, ["--version"]).output == f"{VERSION}\n"


@pytest.mark.parametrize("url", ["s3://bucket/prefix//x/", "s3://bucket", "gs://bucket/a.zip"])
def test_a_url_keeps_its_slashes(url: str) -> None:
    assert values_of(f"--directory={url}")["directory"] == url


@pytest.mark.parametrize("path", ["zips", "/a//b", "a:/b", "C:\\\\x", "//host/share"])
def test_what_is_no_url_is_a_path(path: str) -> None:
    assert values_of(f"--directory={path}")["directory"] == Path(path)


@pytest.mark.parametrize("option", ["directory", "metadata_json", "output", "model"])
def test_a_path_that_is_empty_is_wrong_use_and_not_the_current_folder(option: str) -> None:
    done = command("stage4/classify_zip.py", *REQUIRED, f"--{option}=")
    assert (done.exit_code, f"'--{option}': It is empty" in done.stderr) == (2, True)


@pytest.mark.parametrize("option", ["database_url", "dask_scheduler"])
def test_a_server_that_is_empty_is_wrong_use_and_not_this_machine(option: str) -> None:
    done = command("stage4/classify_zip.py", *REQUIRED, f"--{option}=")
    assert (done.exit_code, f"'--{option}': It is empty" in done.stderr) == (2, True)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_has_a_path_option_that_may_be_empty(script: str) -> None:
    paths = [one for one in _load(script).main.params if isinstance(one.type, click.Path)]
    assert paths
    assert all(isinstance(one.type, PathName) for one in paths)


@pytest.mark.parametrize("option", ["entries", "depth", "unpacked_gb", "ratio"])
def test_limits_without_effect_on_loose_images_say_so(option: str) -> None:
    [found] = [one for one in limit_options() if one.name == f"max_{option}"]
    assert isinstance(found, click.Option)
    assert str(found.help).startswith("For archives: ")
