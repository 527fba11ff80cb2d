"""What a classifier's report says: a record for JSON, and from it a text for people."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.names import printable, storable
from shared.results.bins import bin_names
from shared.results.files import replaced_file
from shared.training.comparing import Comparison
from shared.training.judging import (
    CrossValidation,
    CurvePoint,
    Evaluation,
    Mistake,
    more_would_help,
)
from shared.training.thresholds import CERTAINTY, N_SAMPLES, Record, iter_threshold_rows

_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"
N_SUSPECTS_SHOWN = 10
N_TAGS_NAMED = 3
"""Of a picture that has other tags, so many are named."""
_WIDTHS = (15, 24, 23, 7, 23, 5)
_MEASURES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "calibration_error": "calibration error",
}


@dataclass(frozen=True, slots=True)
class Origins:
    """What rows of the vectors are: the hash of each picture, and by that hash its file and tags.

    They are looked up where one is wanted, as a perfect classifier's report wants none.
    """

    hashes: Mapping[int, str]
    find_paths: Callable[[], Mapping[str, str]]
    find_tags: Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Findings:
    """How good a classifier is; None and empty where there are too few pictures to tell."""

    held_out: Evaluation | None
    validation: CrossValidation | None = None
    curve: tuple[CurvePoint, ...] = ()
    comparison: Comparison | None = None


def report_record(description: Record, found: Findings, origins: Origins) -> Record:
    """Report as one object: the description, how good it is, what to label next."""
    held_out, validation, curve = found.held_out, found.validation, found.curve
    mistakes, suspects = (validation.mistakes, validation.suspects) if validation else ((), ())
    date = description["train_start_time"].strftime(_DATE_FORMAT)
    return {
        **description,
        "train_start_time": date,
        "held_out": held_out and _judged(held_out),
        "cross_validated": validation and _judged(validation.evaluation),
        "comparison": found.comparison and _compared(found.comparison),
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
        "tags": origins.find_tags(image_hash),
        "score": mistake.score,
    }


def _compared(comparison: Comparison) -> Record:
    return {**asdict(comparison), "is_sure": comparison.is_sure}


def labelled(tag: str, mistake: Record) -> str:
    """Say how a picture is labelled that a classifier of a tag is wrong about."""
    if mistake["labelled"] == "tag":
        return f"labelled {tag}"
    if not mistake["tags"]:
        return f"not labelled {tag}"
    more = ", …" if len(mistake["tags"]) > N_TAGS_NAMED else ""
    return "labelled " + ", ".join(mistake["tags"][:N_TAGS_NAMED]) + more


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


def report_text(record: Record) -> str:
    """Report as a text of a page or less."""
    return "\n".join(_iter_lines(record)) + "\n"


def _iter_lines(record: Record) -> Iterator[str]:
    yield f"{printable(record['tag'])}, {record['model_type']}"
    yield (
        f"trained {record['train_start_time']} on {record['n_positive']} images with the tag and "
        f"{record['n_negative']} others"
    )
    if record["n_near_copies"]:
        yield f"near copies of others, judged only together with them: {record['n_near_copies']}"
    yield f"calibration: {record['calibration']}"
    yield ""
    if record["held_out"] is None:
        yield "No images were held out, so nothing is known of its quality on unseen ones."
    else:
        yield from _iter_judged("held out", record["held_out"])
    if record["cross_validated"] is not None:
        yield ""
        yield from _iter_judged("cross-validated", record["cross_validated"])
        yield ""
        yield from _iter_thresholds(record)
        yield ""
        if record["comparison"]:
            yield comparison_words(record["comparison"])
            yield ""
        yield from _iter_curve(record)
        yield ""
        yield from _iter_suspects(record["tag"], record["suspected_label_errors"])


def _iter_judged(how: str, judged: Record) -> Iterator[str]:
    yield f"{how}: {judged['n_tag']} images with the tag and {judged['n_other']} others"
    for name, words in _MEASURES.items():
        yield f"  {words:<18}{_figure(judged[name])}"
    yield ""
    yield "confusion         scored as tag   as other"
    for truth, counts in judged["confusion"].items():
        yield f"  {truth:<14}{counts['scored_as_tag']:>15}{counts['scored_as_other']:>11}"
    yield ""
    yield "scores up to       tag     other   mean score   share with the tag"
    others, reliability = judged["histograms"]["other"], judged["reliability"]
    for name, count in judged["histograms"]["tag"].items():
        line = f"  {name:<12}{count:>8}{others[name]:>10}"
        one = reliability[name]
        yield f"{line}{one['mean_score']:>13.3f}{one['tag_share']:>21.3f}" if one else line


def _iter_thresholds(record: Record) -> Iterator[str]:
    for cells in iter_threshold_rows(record):
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
        yield "".join(padded).rstrip()
    sure = f"{CERTAINTY:.0%} certainty"
    yield f"Surely: the precision is at least that with {sure}. The first three promise theirs"
    yield "so, on images like these; the recommended one has the best F1 and promises none."
    yield f"In brackets: 95% of {N_SAMPLES} bootstrap samples; reached: in so many of them."


def comparison_words(comparison: Record) -> str:
    """Say which classifier is the better, and how sure that is."""
    low, high = comparison["interval"]
    how = "surely better" if comparison["is_sure"] else "better, perhaps by chance"
    return (
        f"{comparison['better']} is {how}: average precision {comparison['difference']:.3f} above "
        f"the other's ({low:.3f} to {high:.3f})"
    )


def _iter_curve(record: Record) -> Iterator[str]:
    yield "learning curve: images with the tag   average precision"
    for point in record["learning_curve"]:
        yield f"  {point['n_tag']:>35}{point['average_precision']:>20.3f}"
    more = "would help" if record["more_images_would_help"] else "would change little"
    yield f"More images of this kind {more}."


def _iter_suspects(tag: str, suspects: list[Record]) -> Iterator[str]:
    yield f"suspected label errors: {len(suspects)}"
    for one in suspects[:N_SUSPECTS_SHOWN]:
        where = one["file_path"] or f"{one['hash_id'][:16]}…"
        yield f"  {one['score']:.3f} {printable(labelled(tag, one))}: {printable(where)}"
    if len(suspects) > N_SUSPECTS_SHOWN:
        yield "  … the others are in the JSON"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
