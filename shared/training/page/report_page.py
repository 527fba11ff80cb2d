"""`index.html`: all classifiers by quality, and each tag's figures and most confident mistakes.

One static page: no script, nothing loaded from elsewhere. All that strangers named is escaped.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from shared.names import printable
from shared.progress import Progress
from shared.records import Limits
from shared.results.files import replaced_file
from shared.training.page.figures import judgement, tag_figures, thumbnail
from shared.training.thresholds import Record, iter_threshold_rows

_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;color:#222;margin:2em auto;max-width:1200px;"
    "padding:0 1em}h1{margin-bottom:.2em}p{color:#555;margin:.2em 0 1.2em}a{color:#1764ab}"
    "table{border-collapse:collapse;width:100%}tr:hover td{background:#f4f7fa}"
    "td,th{padding:.3em .7em;border-bottom:1px solid #ddd;text-align:right}"
    "th{vertical-align:bottom;font-size:12px;position:sticky;top:0;background:#fff}"
    "td{white-space:nowrap;font-variant-numeric:tabular-nums}"
    "td:first-child,th:first-child,td:nth-child(2),th:nth-child(2){text-align:left}"
    "td:first-child{max-width:22em;overflow:hidden;text-overflow:ellipsis}"
    "section{border-top:1px solid #ddd;margin-top:2em;padding-top:.5em;"
    "content-visibility:auto;contain-intrinsic-size:auto 420px}"
    "h2{overflow-wrap:anywhere;margin:.4em 0 0}h3{font-size:14px;margin:.6em 0}"
    "svg{max-width:100%;height:auto}.m{display:flex;flex-wrap:wrap;gap:1em}"
    "figure{margin:0;width:9em;font-size:12px;overflow-wrap:anywhere}"
    "figure img{width:96px;height:96px;object-fit:contain;background:#eee;"
    "image-rendering:pixelated}"
    "figcaption{color:#555}b{color:#b3261e}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_INTRODUCTION = (
    "From the best to the least; measured on pictures that were not learnt from. Those with too "
    "few images to be cross-validated come last: one picture may make them look perfect."
)
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
    with replaced_file(path) as file:
        file.writelines(_iter_html(tags, sections, progress))


def section(tag: TagReports) -> str:
    """Draw a tag's part of the page, with its figures: that is what takes the time."""
    return "".join(_iter_section(tag))


def _iter_html(
    tags: Sequence[TagReports], sections: Iterable[str], progress: Progress
) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield f'<link rel="icon" href="data:,">\n<title>Classifiers</title>\n<style>{_STYLE}</style>\n'
    yield '</head>\n<body>\n<h1 id="top">Classifiers</h1>\n'
    yield f"<p>{_INTRODUCTION}</p>\n"
    yield from _iter_table(tags)
    for one in sections:
        yield one
        progress.advance(1)
    yield "</body>\n</html>\n"


def _iter_table(tags: Sequence[TagReports]) -> Iterator[str]:
    yield "<table>\n<tr>" + "".join(f"<th>{name}</th>" for name in _COLUMNS) + "</tr>\n"
    rows = [(tag, kind, one) for tag in tags for kind, one in tag.records.items()]
    for tag, kind, record in sorted(rows, key=lambda row: _quality(row[2]), reverse=True):
        name = _text(tag.tag)
        link = f'<a href="#{tag.anchor}" title="{name}">{name}</a>'
        cells = [link, _text(kind), *_figures(record)]
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
    yield "</table>\n"


def _quality(record: Record) -> tuple[bool, float]:
    judged = judgement(record)
    is_sure = record["cross_validated"] is not None
    return is_sure, judged["average_precision"] if judged else -1.0


def _figures(record: Record) -> list[str]:
    judged = judgement(record) or {}
    thresholds = record["thresholds"]
    cut, strict = thresholds["recommended"] or {}, thresholds["precision_95"] or {}
    unreached = "not reachable" if cut else ""
    few = "" if record["cross_validated"] else " <small>few images</small>"
    return [
        str(record["n_positive"]),
        _number(judged.get("average_precision")) + few,
        _number(judged.get("calibration_error")),
        _number(cut.get("threshold")),
        _number(strict.get("recall")) or unreached,
        {True: "would help", False: "help little", None: ""}[record["more_images_would_help"]],
        str(len(record["suspected_label_errors"])),
    ]


def _iter_section(tag: TagReports) -> Iterator[str]:
    yield f'<section id="{tag.anchor}">\n<h2>{_text(tag.tag)}</h2>\n'
    notes = {f"{kind}: {one['calibration']}" for kind, one in tag.records.items()}
    top = '<a href="#top">All classifiers</a>'
    yield f"<p>Calibration of {_text('; '.join(sorted(notes)))}. {top}</p>\n"
    yield tag_figures(tag.records, tag.anchor)
    for kind, one in tag.records.items():
        if one["cross_validated"]:
            yield from _iter_thresholds(kind, one["thresholds"])
    best = max(tag.records.values(), key=_quality)
    mistakes = best["most_confident_mistakes"]
    if mistakes:
        yield '<h3>Most confident mistakes</h3>\n<div class="m">\n'
        suspects = {one["hash_id"] for one in best["suspected_label_errors"]}
        for mistake in mistakes:
            yield _mistake(mistake, is_suspect=mistake["hash_id"] in suspects)
        yield "</div>\n"
    yield "</section>\n"


def _iter_thresholds(kind: str, thresholds: Record) -> Iterator[str]:
    yield f"<h3>Thresholds, {_text(kind)}</h3>\n<table>\n"
    for cells in iter_threshold_rows(thresholds):
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
    yield "</table>\n"


def _mistake(one: Record, *, is_suspect: bool) -> str:
    where = one["file_path"] or f"{one['hash_id'][:16]}…"
    source = thumbnail(one["file_path"], one["hash_id"], Limits())
    image = f'<img src="{source}" alt="">' if source else ""
    doubt = "<b>wrong label?</b><br>" if is_suspect else ""
    words = f"{doubt}labelled {one['labelled']}, scored {one['score']:.3f}"
    short = _text("/".join(where.split("/")[-2:]))
    caption = f'<figcaption title="{_text(where)}">{words}<br>{short}</figcaption>'
    return f"<figure>{image}{caption}</figure>\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _text(text: str) -> str:
    return escape(printable(text))
