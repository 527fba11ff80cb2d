"""`index.html`: all classifiers by quality, and each tag's figures and most confident mistakes.

One static page: no script, nothing loaded from elsewhere. All that strangers named is escaped.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from shared.names import printable
from shared.outputs import replaced_file
from shared.records import Limits
from shared.reporting.figures import judgement, tag_figures
from shared.reporting.thumbnails import thumbnail

Record = dict[str, Any]

N_MISTAKES = 8
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2em auto;max-width:1200px;padding:0 1em}"
    "table{border-collapse:collapse}td,th{padding:.25em .8em;border-bottom:1px solid #ddd}"
    "td{text-align:right}td:first-child,td:nth-child(2),th{text-align:left}"
    "td:nth-child(2){white-space:nowrap}"
    "svg{max-width:100%;height:auto}.m{display:flex;flex-wrap:wrap;gap:1em}"
    "figure{margin:0;width:8em;font-size:12px;overflow-wrap:anywhere}"
    "figure img{min-width:48px;image-rendering:pixelated}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
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


def write_page(path: Path, tags: Sequence[TagReports]) -> None:
    """Write the page; RunError where it cannot be written."""
    with replaced_file(path) as file:
        file.writelines(_iter_html(tags))


def _iter_html(tags: Sequence[TagReports]) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield f'<link rel="icon" href="data:,">\n<title>Classifiers</title>\n<style>{_STYLE}</style>\n'
    yield "</head>\n<body>\n<h1>Classifiers</h1>\n"
    yield "<p>From the best to the least; measured on pictures that were not learnt from.</p>\n"
    yield from _iter_table(tags)
    for one in tags:
        yield from _iter_section(one)
    yield "</body>\n</html>\n"


def _iter_table(tags: Sequence[TagReports]) -> Iterator[str]:
    yield "<table>\n<tr>" + "".join(f"<th>{name}</th>" for name in _COLUMNS) + "</tr>\n"
    rows = [(tag, kind, one) for tag in tags for kind, one in tag.records.items()]
    for tag, kind, record in sorted(rows, key=lambda row: -_quality(row[2])):
        link = f'<a href="#{tag.anchor}">{_text(tag.tag)}</a>'
        cells = [link, _text(kind), *_figures(record)]
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
    yield "</table>\n"


def _quality(record: Record) -> float:
    judged = judgement(record)
    return judged["average_precision"] if judged else -1.0


def _figures(record: Record) -> list[str]:
    judged = judgement(record) or {}
    thresholds = record["thresholds"]
    cut, strict = thresholds["recommended"] or {}, thresholds["precision_95"] or {}
    unreached = "not reachable" if cut else ""
    return [
        str(record["n_positive"]),
        _number(judged.get("average_precision")),
        _number(judged.get("calibration_error")),
        _number(cut.get("threshold")),
        _number(strict.get("recall")) or unreached,
        {True: "would help", False: "would help little", None: ""}[
            record["more_images_would_help"]
        ],
        str(len(record["suspected_label_errors"])),
    ]


def _iter_section(tag: TagReports) -> Iterator[str]:
    yield f'<section id="{tag.anchor}">\n<h2>{_text(tag.tag)}</h2>\n'
    notes = {f"{kind}: {one['calibration']}" for kind, one in tag.records.items()}
    yield f"<p>Calibration of {_text('; '.join(sorted(notes)))}.</p>\n"
    yield tag_figures(tag.records, tag.anchor)
    best = max(tag.records.values(), key=_quality)
    mistakes = best["suspected_label_errors"][:N_MISTAKES]
    if mistakes:
        yield '<h3>Most confident mistakes, or wrong labels</h3>\n<div class="m">\n'
        yield from map(_mistake, mistakes)
        yield "</div>\n"
    yield "</section>\n"


def _mistake(one: Record) -> str:
    where = one["file_path"] or f"{one['hash_id'][:16]}…"
    source = thumbnail(one["file_path"], one["hash_id"], Limits())
    image = f'<img src="{source}" alt="">' if source else ""
    words = f"labelled {one['labelled']}, scored {one['score']:.3f}"
    return f"<figure>{image}<figcaption>{words}<br>{_text(where)}</figcaption></figure>\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _text(text: str) -> str:
    return escape(printable(text))
