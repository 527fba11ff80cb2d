"""Commands, their help and what the documents say of them are the same thing."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[1]
STAGES = sorted(ROOT.glob("stage*/"))
SCRIPTS = sorted(ROOT.glob("stage*/*.py"))
DOCUMENTS = [ROOT / "Makefile", *ROOT.glob("*.md"), *ROOT.glob("s*/*.md")]
COMMAND = re.compile(r"(stage\d/\w+\.py)((?:\\\n|[^\n`|;&])*)")
OPTION = re.compile(r"--[A-Za-z][\w-]*")
CELL = re.compile(r"^\|([^|]*)\|", re.MULTILINE)


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def command_of(script: Path) -> click.Command:
    """The command that a script holds."""
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    command = module.main
    assert isinstance(command, click.Command)
    return command


OUTPUTS = {"--output": Path("output"), "--model": Path("output/models"), "--output_bins": 10}
CONTRACT: dict[str, tuple[set[str], dict[str, object]]] = {
    "stage1/process_dataset.py": (
        {"--input_folder"},
        {"--output_folder": Path("output"), "--tagged_dataset": True},
    ),
    "stage2/train.py": (
        {"--metadata_json", "--tag_to_hash_json"},
        {"--output": Path("output"), "--test_per": 0.1},
    ),
    "stage3/classify.py": ({"--directory", "--metadata_json"}, OUTPUTS),
    "stage4/classify_zip.py": ({"--directory", "--metadata_json"}, OUTPUTS),
}
COMMANDS = {ids(script): command_of(script) for script in SCRIPTS}
OPTIONS = [
    pytest.param(command, option, id=f"{name} {option.name}")
    for name, command in COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option)
]


def spelled(text: str) -> str:
    """An option in the one spelling in which options are compared."""
    return "--" + text.removeprefix("--").replace("-", "_")


def options_of(command: click.Command) -> list[set[str]]:
    """The spellings of each option, that of its other side included."""
    help_option = {spelled("--help")}
    named = [{*p.opts, *p.secondary_opts} for p in command.params]
    return [{spelled(n) for n in names if n.startswith("--")} for names in named] + [help_option]


def iter_shown(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each command that a text shows, by its script, with the options that follow."""
    for script, arguments in COMMAND.findall(text):
        yield script, {spelled(option) for option in OPTION.findall(arguments.replace("\\\n", " "))}


def check_shown(text: str) -> None:
    """Find unknown scripts and options in the commands that a text shows."""
    for script, options in iter_shown(text):
        assert script in COMMANDS
        assert options <= set().union(*options_of(COMMANDS[script]))


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_says_what_it_is_for(command: click.Command, option: click.Option) -> None:
    _, words = option.get_help_record(click.Context(command)) or ("", "")
    assert re.match(r"[A-Z].*\.", words)


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_that_may_be_left_out_shows_its_default(
    command: click.Command, option: click.Option
) -> None:
    context = click.Context(command, **command.context_settings)
    _, words = option.get_help_record(context) or ("", "")
    is_off = option.is_flag and not option.secondary_opts
    assert is_off or re.search(r"\[(?:required|.*default: [^]]+)", words)


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_is_spelled_with_underscores(
    command: click.Command, option: click.Option
) -> None:
    assert command
    names = [name.removeprefix("--no-") for name in (*option.opts, *option.secondary_opts)]
    assert all(re.fullmatch(r"(--)?[a-z_]+|-[a-z]", name) for name in names)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_stage_asks_for_what_it_always_did_and_no_more(name: str) -> None:
    command = COMMANDS[name]
    assert {option.opts[0] for option in command.params if option.required} == CONTRACT[name][0]


@pytest.mark.parametrize("name", CONTRACT)
def test_a_stages_defaults_are_what_they_always_were(name: str) -> None:
    defaults = {option.opts[0]: option.default for option in COMMANDS[name].params}
    assert defaults.items() >= CONTRACT[name][1].items()


def test_stage_1_knows_all_options_by_the_names_that_its_users_have() -> None:
    names = (
        "embedder",
        "clip_model",
        "pretrained",
        "batch_size",
        "num_threads",
        "device",
        "precision",
    )
    known = set().union(*options_of(COMMANDS["stage1/process_dataset.py"]))
    assert {f"--{name}" for name in names} <= known


@pytest.mark.parametrize("name", CONTRACT)
def test_a_stage_can_be_quiet_verbose_and_tell_its_version(name: str) -> None:
    known = set().union(*options_of(COMMANDS[name]))
    assert {"--quiet", "--verbose", "--version"} <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_an_example_of_itself(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert name in [script for script, _ in iter_shown(text)]
    check_shown(text)


@pytest.mark.parametrize("script", SCRIPTS, ids=ids)
def test_help_works_from_any_directory(script: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script), "--help"], cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: ")
    assert done.stderr == ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_a_document_shows_commands_that_work(document: Path) -> None:
    check_shown(document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stages_table_names_exactly_its_options(stage: Path) -> None:
    cells = CELL.findall((stage / "README.md").read_text(encoding="utf-8"))
    named = {spelled(option) for cell in cells for option in OPTION.findall(cell)}
    missing, known = set(), set[str]()
    for script in stage.glob("*.py"):
        options = options_of(COMMANDS[ids(script)])
        known = known.union(*options)
        missing |= {min(names) for names in options if not names & named} - {"--help"}
    assert (missing, named - known) == (set(), set())


def test_the_examples_that_are_found_are_all_that_are_there() -> None:
    text = "`python ./stage4/classify_zip.py --a=1 \\\n  --b-c 2` | stage1/x.py --d; stage2/y.py"
    assert list(iter_shown(text)) == [
        ("stage4/classify_zip.py", {"--a", "--b_c"}),
        ("stage1/x.py", {"--d"}),
        ("stage2/y.py", set()),
    ]
