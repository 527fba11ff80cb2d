from shared.terminal.training import suggestion_line
from shared.training.suggesting import Suggestion


def test_a_line_has_the_score_the_hash_and_the_file() -> None:
    assert suggestion_line(Suggestion("ab", "/pictures/a b.png", 0.4996)) == (
        "0.500 ab /pictures/a b.png"
    )


def test_no_path_can_steer_a_terminal() -> None:
    assert suggestion_line(Suggestion("ab", "/a\n\x1b[2J", 0.5)) == r"0.500 ab /a\n\x1b[2J"
