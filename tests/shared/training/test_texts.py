from shared.training.texts import N_SUSPECTS_SHOWN, report_text
from tests.shared.reporting.records import few, record


def test_a_text_of_many_suspects_stays_short() -> None:
    one = record()
    one["suspected_label_errors"] *= 50
    text = report_text(one)
    assert "suspected label errors: 50" in text
    assert text.count("labelled tag") == N_SUSPECTS_SHOWN
    assert "the others are in the JSON" in text


def test_a_threshold_that_is_reached_has_its_recall_and_interval() -> None:
    one = record(noise=0.5)
    line = next(x for x in report_text(one).splitlines() if "95% precision" in x)
    found = one["thresholds"]["precision_95"]
    low, high = found["recall_interval"]
    assert f"{found['threshold']:.4f}" in line
    assert line.endswith(f"{found['recall']:.3f} ({low:.3f} to {high:.3f})")


def test_where_nothing_is_cross_validated_nothing_is_said_of_it() -> None:
    text = report_text(few())
    assert "not to be relied on" in text
    assert "precision" not in text
    assert "learning curve" not in text
