"""Progress is for people at a terminal: on stderr, on request silent, never in the results."""

import io
import sys
import time

import pytest

from shared.progress import Progress
from shared.terminal.bar import Counted, Log, card_words, log_line, shown_progress


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


def test_a_log_gets_a_line_at_the_start_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False, verbose=True) as progress:
        run(progress)
    assert capsys.readouterr() == ("", "scoring 10 images\n")


def test_a_log_gets_lines_while_nothing_gets_done(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log(verbose=False, every=0.01)
    log.start(10, "scoring")
    log.advance(4)
    told = ""
    ends = time.monotonic() + 20
    while told.count("\n") < 3 and time.monotonic() < ends:
        time.sleep(0.01)
        told += capsys.readouterr().err
    log.close()
    assert told.splitlines()[2].startswith("scoring 4 of 10 images · ")
    assert told.splitlines()[2].endswith(" left")


def test_a_line_of_a_log_tells_rate_and_time_left_where_something_is_done() -> None:
    assert log_line("scoring", 0, 9, 60) == "scoring 0 of 9 images · 0.0 images/s"
    assert log_line("a", 30, 7230, 60) == "a 30 of 7230 images · 0.5 images/s · 4:00:00 left"
    assert log_line("a", 500, 4, 50) == "a 500 of 4 images · 10.0 images/s · 0:00:00 left"


@pytest.mark.parametrize("quiet", [False, True])
def test_it_is_counted_what_was_read(quiet: bool) -> None:
    with shown_progress(quiet=quiet, verbose=False) as progress:
        run(progress)
    assert progress.n_read == 4
    assert progress.seconds > 0


def test_quiet_says_nothing_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=True, verbose=True) as progress:
        run(progress)
        progress.say("a sentence")
        progress.problem("a.zip!/1.png", "corrupt")
    assert capsys.readouterr() == ("", "")
    assert type(progress) is Counted


def test_a_sentence_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False, verbose=False) as progress:
        run(progress)
        progress.say("a sentence")
    assert capsys.readouterr() == ("", "scoring 10 images\na sentence\n")


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


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((500, 0.1, 2.0), "card 5,000 images/s, busy 5%: waits for decoding"),
        ((5000, 0.9, 1.0), "card 5,556 images/s, busy 90%: decoding waits for it"),
        ((100, 2.0, 1.0), "card 50 images/s, busy 100%: decoding waits for it"),
        ((0, 0.0, 0.0), "card busy 100%: decoding waits for it"),
    ],
)
def test_a_card_tells_its_rate_and_who_waits_for_whom(
    counts: tuple[int, float, float], words: str
) -> None:
    assert card_words(*counts) == words


def test_a_terminal_shows_how_a_card_gets_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with shown_progress(quiet=False, verbose=False) as progress:
        progress.start(10, "scoring")
        progress.count_embedded(10, 3600.0, "")
        progress.count_pictures(0, 10)
        progress.say("a sentence, below which the bar is drawn again")
    assert "decoded 100% card 0 images/s, busy 100%: decoding waits for it" in terminal.getvalue()


def test_cards_of_several_machines_are_told_apart() -> None:
    counted = Counted()
    for machine in ("one", "two", "one"):
        counted.count_embedded(50, 0.01, machine)
    one, two = counted.cards.split(" · ")
    assert (one.split()[:3], two.split()[:3]) == (
        ["one", "card", "5,000"],
        ["two", "card", "5,000"],
    )


def test_a_log_tells_how_a_card_gets_on(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log(verbose=False, every=0.01)
    log.start(10, "scoring")
    log.count_embedded(10, 3600.0, "host")
    told, ends = "", time.monotonic() + 20
    while "host card" not in told and time.monotonic() < ends:
        time.sleep(0.01)
        told += capsys.readouterr().err
    log.close()
    assert " · host card 0 images/s, busy 100%" in told
