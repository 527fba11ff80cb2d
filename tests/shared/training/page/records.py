"""Report records of tags, as training makes them, without any training."""

from collections.abc import Mapping

import numpy as np

from shared.training.comparing import Comparison
from shared.training.judging import CrossValidation, CurvePoint, Mistake, described, evaluated
from shared.training.page.report_page import TagReports
from shared.training.reports import Findings, Origins, report_record
from shared.training.tags import page_names
from shared.training.thresholds import Record, images_to_reach, thresholds
from tests.shared.training.world import STARTED

KINDS = ("ovr-logistic-regression", "ovr-svm")
COMPARISON = Comparison(KINDS[1], KINDS[0], 0.012, (-0.003, 0.031))
CURVE = (CurvePoint(9, 45, 0.7), CurvePoint(18, 90, 0.83))


def record(kind: str = "ovr-svm", noise: float = 1.0, path: str = "", name: str = "ab") -> Record:
    """One classifier's report; more noise makes a worse one."""
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 4 == 0
    scores = 1 / (1 + np.exp(-rng.normal(4 * truth - 2.0, noise)))
    mistakes = (Mistake(1, True, 0.1),)
    validation = CrossValidation(
        evaluated(scores, truth),
        thresholds(scores, truth, 0),
        images_to_reach(scores, truth),
        mistakes,
        mistakes,
        (),
    )
    description = {
        "model_type": kind,
        "train_start_time": STARTED,
        "tag": "cat",
        "n_positive": 50,
        "n_negative": 150,
        "n_near_copies": 0,
        **described(validation),
    }
    origins = Origins({1: name}, lambda: {name: path}, lambda _: [])
    return report_record(description, Findings(None, validation, CURVE, COMPARISON), origins)


def few(kind: str = "ovr-svm") -> Record:
    """The report of a classifier of which nothing is known."""
    unknown = {**record(kind), **described(None)}
    return {
        **unknown,
        "cross_validated": None,
        "comparison": None,
        "learning_curve": [],
        "more_images_would_help": None,
        "most_confident_mistakes": [],
        "suspected_label_errors": [],
    }


def reports(tag: str, noise: float = 1.0) -> TagReports:
    """Both classifiers of a tag."""
    return reports_of(tag, {kind: record(kind, noise) for kind in KINDS})


def reports_of(tag: str, records: Mapping[str, Record]) -> TagReports:
    """Reports with the page that a tag alone has."""
    return TagReports(tag, records, page_names([tag])[tag])
