"""What a classifier's report says, as a record for JSON and as a text for people."""

import json
from pathlib import Path
from typing import Any

from shared.evaluation import Evaluation
from shared.names import printable
from shared.outputs import replaced_file
from shared.scoring import bin_names

Record = dict[str, Any]

_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"
_MEASURES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
}


def report_record(description: Record, held_out: Evaluation | None) -> Record:
    """Report as one object: the classifier's description, and how it did on held-out pictures."""
    judged = None if held_out is None else _judged(held_out)
    date = description["train_start_time"].strftime(_DATE_FORMAT)
    return {**description, "train_start_time": date, "held_out": judged}


def report_text(record: Record) -> str:
    """Report as a text of a few lines."""
    lines = [
        f"{printable(record['tag'])}, {record['model_type']}",
        f"trained {record['train_start_time']} on {record['n_positive']} images with the tag and "
        f"{record['n_negative']} others",
        "",
    ]
    held_out = record["held_out"]
    if held_out is None:
        lines.append("No images were held out, so nothing is known of its quality.")
    else:
        lines += _judged_lines(held_out)
    return "\n".join(lines) + "\n"


def write_report(folder: Path, stem: str, record: Record) -> None:
    """Write ``<stem>.json`` and ``<stem>.txt``; RunError where they cannot be written."""
    with replaced_file(folder / f"{stem}.json") as file:
        json.dump(record, file, indent=1, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    with replaced_file(folder / f"{stem}.txt") as file:
        file.write(report_text(record))


def _judged(held_out: Evaluation) -> Record:
    (tag_yes, tag_no), (other_yes, other_no) = held_out.confusion
    names = bin_names(len(held_out.tag_histogram))
    return {
        "n_tag": tag_yes + tag_no,
        "n_other": other_yes + other_no,
        **{name: getattr(held_out, name) for name in _MEASURES},
        "confusion": {
            "tag": {"scored_as_tag": tag_yes, "scored_as_other": tag_no},
            "other": {"scored_as_tag": other_yes, "scored_as_other": other_no},
        },
        "histograms": {
            "tag": dict(zip(names, held_out.tag_histogram, strict=True)),
            "other": dict(zip(names, held_out.other_histogram, strict=True)),
        },
    }


def _judged_lines(held_out: Record) -> list[str]:
    confusion, histograms = held_out["confusion"], held_out["histograms"]
    return [
        f"held out: {held_out['n_tag']} images with the tag and {held_out['n_other']} others",
        *(f"  {words:<18}{_figure(held_out[name])}" for name, words in _MEASURES.items()),
        "",
        "confusion         scored as tag   as other",
        *(
            f"  {truth:<14}{counts['scored_as_tag']:>15}{counts['scored_as_other']:>11}"
            for truth, counts in confusion.items()
        ),
        "",
        "scores up to       tag     other",
        *(
            f"  {name:<12}{count:>8}{histograms['other'][name]:>10}"
            for name, count in histograms["tag"].items()
        ),
    ]


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
