"""`index.html`: all classifiers by quality, and each tag's figures and most confident mistakes.

One static page: no script, nothing loaded from elsewhere. All that strangers named is escaped.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from shared.progress import Progress
from shared.records import Limits
from shared.results.files import replaced_file
from shared.results.pages.templating import template
from shared.training.page.figures import judgement, tag_figures, thumbnail
from shared.training.thresholds import Record, iter_threshold_rows

_TEMPLATES = Path(__file__).parent / "templates"
_COLUMNS = (
    "tag",
    "type",
    "images",
    "average precision",
    "calibration error",
    "recommended threshold",
    "recall at 95% precision",
    "more images",
    "suspects",
)


@dataclass(frozen=True, slots=True)
class TagReports:
    """The report records of one tag's classifiers, by model type; at least one."""

    tag: str
    records: Mapping[str, Record]

    @property
    def anchor(self) -> str:
        """A name for the tag's place on the page that any tag may have."""
        return "t" + hashlib.blake2b(self.tag.encode(), digest_size=8).hexdigest()


def write_page(
    path: Path, tags: Sequence[TagReports], sections: Iterable[str], progress: Progress
) -> None:
    """Write the page from the `section` of each tag; RunError where it cannot be written."""
    progress.start(len(tags), "drawing")

    def iter_sections() -> Iterator[Markup]:
        for one in sections:
            yield Markup(one)  # noqa: S704 - escaped where it was made
            progress.advance(1)

    page = template("report.html", _TEMPLATES).generate(
        columns=_COLUMNS, rows=_rows(tags), sections=iter_sections()
    )
    with replaced_file(path) as file:
        file.writelines(page)


def section(tag: TagReports) -> str:
    """Draw a tag's part of the page, with its figures: that is what takes the time."""
    notes = {f"{kind}: {one['calibration']}" for kind, one in tag.records.items()}
    best = max(tag.records.values(), key=_quality)
    suspects = {one["hash_id"] for one in best["suspected_label_errors"]}
    return template("section.html", _TEMPLATES).render(
        tag=tag,
        notes="; ".join(sorted(notes)),
        figures=Markup(tag_figures(tag.records, tag.anchor)),  # noqa: S704 - matplotlib escapes
        thresholds=[
            (kind, list(iter_threshold_rows(one["thresholds"])))
            for kind, one in tag.records.items()
            if one["cross_validated"]
        ],
        mistakes=[_mistake(tag.tag, one, suspects) for one in best["most_confident_mistakes"]],
    )


def _rows(tags: Sequence[TagReports]) -> list[Record]:
    rows = [(tag, kind, one) for tag in tags for kind, one in tag.records.items()]
    ranked = sorted(rows, key=lambda row: _quality(row[2]), reverse=True)
    return [{"tag": tag, "kind": kind, "cells": _figures(one)} for tag, kind, one in ranked]


def _quality(record: Record) -> tuple[bool, float]:
    judged = judgement(record)
    is_sure = record["cross_validated"] is not None
    return is_sure, judged["average_precision"] if judged else -1.0


def _figures(record: Record) -> list[str | Markup]:
    judged = judgement(record) or {}
    thresholds = record["thresholds"]
    cut, strict = thresholds["recommended"] or {}, thresholds["precision_95"] or {}
    unreached = "not reachable" if cut else ""
    few = Markup(" <small>few images</small>")
    return [
        str(record["n_positive"]),
        _number(judged.get("average_precision")) + ("" if record["cross_validated"] else few),
        _number(judged.get("calibration_error")),
        _number(cut.get("threshold")),
        _number(strict.get("recall")) or unreached,
        {True: "would help", False: "would change little", None: ""}[
            record["more_images_would_help"]
        ],
        str(len(record["suspected_label_errors"])),
    ]


def _mistake(tag: str, one: Record, suspects: set[str]) -> Record:
    where = one["file_path"] or f"{one['hash_id'][:16]}…"
    return {
        "picture": thumbnail(one["file_path"], one["hash_id"], Limits()),
        "where": where,
        "short": "/".join(where.split("/")[-2:]),
        "labelled": tag if one["labelled"] == "tag" else f"not {tag}",
        "score": f"{one['score']:.3f}",
        "is_suspect": one["hash_id"] in suspects,
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
