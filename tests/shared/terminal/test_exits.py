"""However a run ends, its exit code and one line say so; only a bug shows a traceback."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.terminal.exits import exit_codes
from tests.worlds import ROOT


def test_a_run_that_ends_well_has_no_exit_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with exit_codes():
        pass
    assert capsys.readouterr() == ("", "")


def test_a_failed_run_is_1_and_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise RunError("a.json", "is empty", "Run stage 1.")
    assert caught.value.code == 1
    assert capsys.readouterr() == ("", "error: a.json: is empty. Run stage 1.\n")


def test_a_failed_run_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), exit_codes():
        raise RunError("a\n\x1b[2J.json", "is\r\nempty")
    assert capsys.readouterr().err.removesuffix("\n").isprintable()


def test_an_interrupted_run_is_130_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise KeyboardInterrupt
    assert caught.value.code == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError


def test_an_exit_code_passes_through() -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        sys.exit(3)
    assert caught.value.code == 3


def test_what_the_machine_refuses_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise OSError(errno.EIO, "Input/output error", "/a\nb")
    assert caught.value.code == 1
    assert capsys.readouterr().err == "error: /a\\nb: Input/output error\n"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_a_run_out_of_memory_or_threads_is_told_in_one_line(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise error
    assert caught.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_summary_that_cannot_be_written_is_a_failed_run() -> None:
    program = "from shared.terminal.exits import exit_codes\nwith exit_codes(): print('summary')"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: No space left on device\n")


CLOSED = """
import sys
from pathlib import Path
from shared.terminal.exits import exit_codes
with exit_codes():
    file = Path(sys.argv[1]).open("w")
    print("summary")
    print("words", file=sys.stderr)
    import os
    os.write(1, b"of a library")
    os.write(2, b"of a library")
    {ending}
"""


def run_closed(
    redirection: str, file: Path, ending: str = "pass"
) -> subprocess.CompletedProcess[str]:
    """Run a program that was started without some of its streams."""
    command = f'exec "$0" -c "$1" "$2" {redirection}'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, CLOSED.format(ending=ending), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_without_a_stream_completes_and_mixes_nothing_up(
    tmp_path: Path, redirection: str
) -> None:
    done = run_closed(redirection, tmp_path / "file")
    assert (done.returncode, (tmp_path / "file").read_text()) == (0, "")
    assert done.stdout == ("summary\nof a library" if redirection == "2>&-" else "")


def test_a_run_that_fails_without_a_stderr_has_its_exit_code(tmp_path: Path) -> None:
    ending = "from shared.errors import RunError; raise RunError('a', 'b')"
    done = run_closed("2>&-", tmp_path / "file", ending)
    assert (done.returncode, done.stderr) == (1, "")
