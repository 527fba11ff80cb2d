import json
from pathlib import Path

import numpy as np
import pytest

from shared.evaluation import evaluated
from shared.training.reports import report_record, report_text, write_report
from tests.shared.training.world import STARTED

DESCRIPTION = {
    "model_type": "ovr-svm",
    "train_start_time": STARTED,
    "tag": "cat",
    "n_positive": 18,
    "n_negative": 90,
}
SCORES = np.array([0.95, 0.45, 0.05, 0.15, 0.75])
HAS_TAG = np.array([True, True, False, False, False])
HELD_OUT = evaluated(SCORES, HAS_TAG)


def test_the_text_is_for_reading() -> None:
    assert (
        report_text(report_record(DESCRIPTION, HELD_OUT))
        == """\
cat, ovr-svm
trained 2026-11-22, 09:05:07 on 18 images with the tag and 90 others

held out: 2 images with the tag and 3 others
  accuracy          0.600
  precision         0.500
  recall            0.500
  F1                0.500
  ROC AUC           0.833
  average precision 0.833

confusion         scored as tag   as other
  tag                         1          1
  other                       1          2

scores up to       tag     other
  0.1                0         1
  0.2                0         1
  0.3                0         0
  0.4                0         0
  0.5                1         0
  0.6                0         0
  0.7                0         0
  0.8                0         1
  0.9                0         0
  1.0                1         0
"""
    )


def test_the_json_has_the_same_numbers(tmp_path: Path) -> None:
    write_report(tmp_path, "model-x", report_record(DESCRIPTION, HELD_OUT))
    found = json.loads((tmp_path / "model-x.json").read_text())
    assert found["tag"] == "cat"
    assert found["train_start_time"] == "2026-11-22, 09:05:07"
    assert found["held_out"]["confusion"]["tag"] == {"scored_as_tag": 1, "scored_as_other": 1}
    assert found["held_out"]["histograms"]["other"]["0.8"] == 1
    assert (tmp_path / "model-x.txt").read_text() == report_text(found)


def test_a_measure_that_does_not_exist_is_none() -> None:
    text = report_text(report_record(DESCRIPTION, evaluated(SCORES / 10, HAS_TAG)))
    assert "precision         none" in text


def test_without_held_out_pictures_it_says_so() -> None:
    record = report_record(DESCRIPTION, None)
    assert record["held_out"] is None
    assert "nothing is known of its quality" in report_text(record)


@pytest.mark.parametrize("tag", ["a\nb", "\x1b[2J", "\u202ecat"])
def test_no_tag_can_steer_a_terminal(tag: str) -> None:
    first = report_text(report_record({**DESCRIPTION, "tag": tag}, HELD_OUT)).splitlines()[0]
    assert first.isprintable()
    assert first.endswith(", ovr-svm")
