"""Progress is for people at a terminal: on stderr, on request silent, never in the results."""

import io
import sys

import pytest

from shared.progress import Progress, Silence
from shared.terminal.bar import shown_progress


class Terminal(io.StringIO):
    """A stderr that somebody looks at."""

    def isatty(self) -> bool:
        return True


def run(progress: Progress) -> None:
    progress.start(10, "scoring")
    progress.advance(4)
    progress.count_pictures(1, 3)
    progress.advance(6)


def test_a_terminal_shows_images_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with shown_progress(quiet=False, verbose=False) as progress:
        run(progress)
    assert "scoring" in terminal.getvalue()
    assert "images/s" in terminal.getvalue()


def test_a_terminal_shows_what_had_to_be_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with shown_progress(quiet=False, verbose=False) as progress:
        progress.start(10, "scoring")
        progress.count_pictures(0, 0)
        progress.count_pictures(1, 1)
        progress.count_pictures(2, 0)
        progress.say("a sentence, below which the bar is drawn again")
    assert "known 75% decoded 25%" in terminal.getvalue()


def test_what_is_no_terminal_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False, verbose=True) as progress:
        run(progress)
    assert capsys.readouterr() == ("", "")


def test_quiet_says_nothing_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=True, verbose=True) as progress:
        run(progress)
        progress.say("a sentence")
        progress.problem("a.zip!/1.png", "corrupt")
    assert capsys.readouterr() == ("", "")
    assert isinstance(progress, Silence)


def test_a_sentence_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False, verbose=False) as progress:
        run(progress)
        progress.say("a sentence")
    assert capsys.readouterr() == ("", "a sentence\n")


def test_a_sentence_needs_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False, verbose=True) as progress:
        progress.problem("model.pkl", "is refused")
    assert capsys.readouterr().err == "model.pkl: is refused\n"


def test_a_problem_is_named_only_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_progress(quiet=False, verbose=False) as progress:
        progress.problem("a.zip!/1.png", "corrupt")
    assert capsys.readouterr().err == ""


def test_a_problem_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False, verbose=True) as progress:
        progress.problem("a.zip!/\x1b[2J\n1.png", "cor\rrupt")
    assert capsys.readouterr().err == "a.zip!/\\x1b[2J\\n1.png: cor\\rrupt\n"


def test_a_second_count_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with shown_progress(quiet=False, verbose=False) as progress:
        run(progress)
        progress.start(3, "sorting")
        progress.advance(3)
    assert terminal.getvalue().rindex("scoring") < terminal.getvalue().index("sorting")


def test_the_bar_is_off_the_terminal_when_a_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    def fail_half_way() -> None:
        with shown_progress(quiet=False, verbose=False) as progress:
            progress.start(10, "scoring")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert not terminal.getvalue().rpartition("\r")[2].strip()
