"""A report as a text for people, made from the record that the JSON holds."""

from collections.abc import Iterator
from typing import Any

from shared.names import printable
from shared.training.page.cells import iter_threshold_rows
from shared.training.thresholds import N_SAMPLES

Record = dict[str, Any]

N_SUSPECTS_SHOWN = 10
_WIDTHS = (22, 24, 23, 23, 7)
_MEASURES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "calibration_error": "calibration error",
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
        yield from _iter_thresholds(record["thresholds"])
        yield ""
        yield from _iter_curve(record)
        yield ""
        yield from _iter_suspects(record["suspected_label_errors"])


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


def _iter_thresholds(thresholds: Record) -> Iterator[str]:
    for cells in iter_threshold_rows(thresholds):
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
        yield "".join(padded).rstrip()
    yield f"In brackets: 95% of {N_SAMPLES} bootstrap samples; reached: in so many of them."


def _iter_curve(record: Record) -> Iterator[str]:
    yield "learning curve: images with the tag   average precision"
    for point in record["learning_curve"]:
        yield f"  {point['n_tag']:>35}{point['average_precision']:>20.3f}"
    more = "would help" if record["more_images_would_help"] else "would help little"
    yield f"More images of this kind {more}."


def _iter_suspects(suspects: list[Record]) -> Iterator[str]:
    yield f"suspected label errors: {len(suspects)}"
    for one in suspects[:N_SUSPECTS_SHOWN]:
        where = one["file_path"] or f"{one['hash_id'][:16]}…"
        yield f"  labelled {one['labelled']:<6} scored {one['score']:.3f}   {printable(where)}"
    if len(suspects) > N_SUSPECTS_SHOWN:
        yield "  … the others are in the JSON"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
