from shared.flow.prevalence import Estimate
from shared.terminal.training import audit_line, suggestion_line
from shared.training.auditing import Audit
from shared.training.suggesting import Suggestion


def test_a_line_has_the_score_the_hash_and_the_file() -> None:
    assert suggestion_line(Suggestion("ab", "/pictures/a b.png", 0.4996)) == (
        "0.500 ab /pictures/a b.png"
    )


def test_no_path_can_steer_a_terminal() -> None:
    assert suggestion_line(Suggestion("ab", "/a\n\x1b[2J", 0.5)) == r"0.500 ab /a\n\x1b[2J"


def test_an_audit_says_what_answers_tell_or_how_many_are_to_come() -> None:
    asked = [Suggestion("a", "a.png", 0.5)]
    open_one = Audit("cat", 12_000, 70, 96, asked, None, None)
    words = "96 answered, drawn from 12,000 different images, 70 of them decided"
    assert audit_line(open_one) == f"audit of cat: 95 of {words}"
    known = Audit("cat", 12_000, 70, 96, [], Estimate(0.94, 0.881, 0.98), Estimate(1, 0.9, 1))
    assert audit_line(known) == (
        f"audit of cat: 96 of {words} · precision 0.94 (0.88 to 0.98) · recall 1.00 (0.90 to 1.00)"
    )
