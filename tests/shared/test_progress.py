"""A run can be told to say nothing."""

import pytest

from shared.progress import Progress, Silence


def test_silence_takes_everything_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    silence: Progress = Silence()
    silence.start(3, "scoring")
    silence.advance(3)
    silence.count_pictures(1, 2)
    silence.say("a sentence")
    silence.problem("a.zip!/1.png", "corrupt")
    assert capsys.readouterr() == ("", "")
