"""What a classifier's report says, as a record for JSON and as a text for people."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.names import storable
from shared.results.bins import bin_names
from shared.results.files import replaced_file
from shared.training.curves import CurvePoint, more_would_help
from shared.training.evaluation import Evaluation
from shared.training.judging import CrossValidation, Mistake
from shared.training.texts import report_text

Record = dict[str, Any]

_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Origins:
    """What rows of the vectors are: the hash of each picture, and its file by that hash.

    The paths are looked up where one is wanted, as a perfect classifier's report wants none.
    """

    hashes: Mapping[int, str]
    find_paths: Callable[[], Mapping[str, str]]


def report_record(
    description: Record,
    held_out: Evaluation | None,
    validation: CrossValidation | None,
    curve: tuple[CurvePoint, ...],
    origins: Origins,
) -> Record:
    """Report as one object: the description, how good it is, what to label next."""
    mistakes, suspects = (validation.mistakes, validation.suspects) if validation else ((), ())
    date = description["train_start_time"].strftime(_DATE_FORMAT)
    return {
        **description,
        "train_start_time": date,
        "held_out": held_out and _judged(held_out),
        "cross_validated": validation and _judged(validation.evaluation),
        "learning_curve": [asdict(point) for point in curve],
        "more_images_would_help": more_would_help(curve) if curve else None,
        "most_confident_mistakes": [_mistake(one, origins) for one in mistakes],
        "suspected_label_errors": [_mistake(one, origins) for one in suspects],
    }


def write_report(folder: Path, stem: str, record: Record) -> None:
    """Write ``<stem>.json`` and ``<stem>.txt``; RunError where they cannot be written."""
    with replaced_file(folder / f"{stem}.json") as file:
        json.dump(record, file, indent=1, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    with replaced_file(folder / f"{stem}.txt") as file:
        file.write(report_text(record))


def _mistake(mistake: Mistake, origins: Origins) -> Record:
    image_hash = origins.hashes[mistake.row]
    return {
        "hash_id": storable(image_hash),
        "file_path": storable(origins.find_paths().get(image_hash, "")),
        "labelled": "tag" if mistake.has_tag else "other",
        "score": mistake.score,
    }


def _judged(judged: Evaluation) -> Record:
    (tag_yes, tag_no), (other_yes, other_no) = judged.confusion
    names = bin_names(len(judged.tag_histogram))
    bins = zip(names, judged.reliability, strict=True)
    return {
        "n_tag": tag_yes + tag_no,
        "n_other": other_yes + other_no,
        "accuracy": judged.accuracy,
        "precision": judged.precision,
        "recall": judged.recall,
        "f1": judged.f1,
        "roc_auc": judged.roc_auc,
        "average_precision": judged.average_precision,
        "calibration_error": judged.calibration_error,
        "confusion": {
            "tag": {"scored_as_tag": tag_yes, "scored_as_other": tag_no},
            "other": {"scored_as_tag": other_yes, "scored_as_other": other_no},
        },
        "histograms": {
            "tag": dict(zip(names, judged.tag_histogram, strict=True)),
            "other": dict(zip(names, judged.other_histogram, strict=True)),
        },
        "reliability": {name: one and asdict(one) for name, one in bins},
        "precision_recall": [list(point) for point in judged.curve],
    }
