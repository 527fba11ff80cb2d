from shared.training.texts import N_SUSPECTS_SHOWN, report_text
from tests.shared.training.page.records import few, record


def test_a_text_of_many_suspects_stays_short() -> None:
    one = record()
    one["suspected_label_errors"] *= 50
    text = report_text(one)
    assert "suspected label errors: 50" in text
    assert text.count("labelled tag") == N_SUSPECTS_SHOWN
    assert "the others are in the JSON" in text


def test_a_threshold_that_is_reached_has_its_intervals_and_how_often_it_is() -> None:
    one = record(noise=0.5)
    line = next(x for x in report_text(one).splitlines() if "95% precision" in x)
    found = one["thresholds"]["precision_95"]
    for name in ("threshold", "precision", "recall"):
        low, high = found[f"{name}_interval"]
        assert f"({low:.3f} to {high:.3f})" in line
    assert f"{found['threshold']:.4f} (" in line
    assert line.endswith(f" {found['reached']:.0%}")


def test_where_nothing_is_cross_validated_nothing_is_said_of_it() -> None:
    text = report_text(few())
    assert "not to be relied on" in text
    assert "precision" not in text
    assert "learning curve" not in text
