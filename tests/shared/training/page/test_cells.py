from shared.training.page.cells import iter_threshold_rows
from tests.shared.training.page.records import record

THRESHOLDS = record()["thresholds"]


def test_each_threshold_has_a_row_below_the_head() -> None:
    head, *rows = iter_threshold_rows(THRESHOLDS)
    assert len(head) == 5
    assert [row[0] for row in rows] == [
        "95% precision",
        "90% precision",
        "80% precision",
        "best F1: recommended",
    ]


def test_a_row_tells_what_chance_leaves_open() -> None:
    found = {
        "threshold": 0.71623,
        "threshold_interval": (0.2, 0.8412),
        "precision": 0.959,
        "precision_interval": (0.9, 1.0),
        "recall": 0.5,
        "recall_interval": (0.4, 0.6),
        "reached": 0.985,
    }
    *_, row = iter_threshold_rows({**THRESHOLDS, "recommended": found})
    assert row[1:] == (
        "0.7162 (0.200 to 0.841)",
        "0.959 (0.900 to 1.000)",
        "0.500 (0.400 to 0.600)",
        "98%",
    )


def test_what_cannot_be_reached_is_said() -> None:
    rows = iter_threshold_rows({**THRESHOLDS, "precision_95": None})
    assert ("95% precision", "not reachable") in rows
