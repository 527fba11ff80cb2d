"""`index.html`, all tags by the quality of their classifiers, and a page with the figures of each.

Static pages: no script, nothing loaded from elsewhere. All that strangers named is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from shared.progress import Progress
from shared.records import Limits
from shared.results.files import write_file
from shared.results.pages.templating import template
from shared.training.page.charts import judgement, tag_charts
from shared.training.page.thumbnails import thumbnail
from shared.training.reports import comparison_words, labelled
from shared.training.thresholds import CERTAINTY, Record, unreached

_TEMPLATES = Path(__file__).parent / "templates"
_WANTED = {
    "recommended": "recommended",
    "precision_95": "95% right",
    "precision_90": "90% right",
    "precision_80": "80% right",
}
_MORE = {True: "would help", False: "would change little", None: ""}


@dataclass(frozen=True, slots=True)
class TagReports:
    """The report records of one tag's classifiers, by model type; at least one.

    ``page`` is the file of its page.
    """

    tag: str
    records: Mapping[str, Record]
    page: str

    @property
    def best(self) -> Record:
        """The record of the better classifier."""
        return max(self.records.values(), key=_quality)


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """A tag in the overview, by its better classifier; figures are empty where not known."""

    tag: str
    kind: str
    href: str
    is_sure: bool
    cells: Sequence[tuple[str, str]]


def write_pages(
    folder: Path,
    tags: Sequence[TagReports],
    pages: Iterable[str],
    kept: Sequence[TagReports],
    progress: Progress,
) -> None:
    """Write the `tag_page` of each tag, then the overview; RunError where that fails.

    Tags that are ``kept`` have pages there already, and are in the overview too.
    """
    progress.start(len(tags), "drawing")
    for tag, page in zip(tags, pages, strict=True):
        write_file(folder / tag.page, page.encode())
        progress.advance(1)
    in_order = sorted([*tags, *kept], key=lambda tag: tag.tag)
    ranked = sorted(in_order, key=lambda tag: _quality(tag.best), reverse=True)
    overview = template("report.html", _TEMPLATES).render(rows=[_row(tag) for tag in ranked])
    write_file(folder / "index.html", overview.encode())


def tag_page(tag: TagReports, folder: Path) -> str:
    """Draw a tag's page, which is to lie in a folder."""
    best = tag.best
    suspects = {one["hash_id"] for one in best["suspected_label_errors"]}
    return template("tag_report.html", _TEMPLATES).render(
        tag=tag,
        best=best,
        is_sure=best["cross_validated"] is not None,
        taken=best["thresholds"]["recommended"],
        more=_MORE[best["more_images_would_help"]],
        kinds=[
            (kind, dict(_comparison(one)), one["calibration"]) for kind, one in tag.records.items()
        ],
        charts=tag_charts(tag.tag, tag.records),
        thresholds=[
            (
                kind,
                [
                    (words, one["thresholds"][name], unreached(one, name))
                    for name, words in _WANTED.items()
                ],
            )
            for kind, one in tag.records.items()
            if one["cross_validated"]
        ],
        certainty=CERTAINTY,
        comparison=comparison_words(best["comparison"]) if best["comparison"] else "",
        mistakes=[
            {"number": number, **_mistake(tag.tag, one, suspects, folder)}
            for number, one in enumerate(best["most_confident_mistakes"], 1)
        ],
    )


def _row(tag: TagReports) -> OverviewRow:
    best = tag.best
    is_sure = best["cross_validated"] is not None
    return OverviewRow(tag.tag, best["model_type"], quote(tag.page), is_sure, list(_overview(best)))


def _overview(best: Record) -> Iterable[tuple[str, str]]:
    cut, strict = best["thresholds"]["recommended"] or {}, best["thresholds"]["precision_95"] or {}
    yield "quality", _number((judgement(best) or {}).get("average_precision"))
    yield "from", _number(cut.get("threshold"))
    yield "right", _percent(cut.get("precision"))
    yield "found", _percent(cut.get("recall"))
    yield "found at 95% right", _percent(strict.get("recall")) or ("not sure" if cut else "")
    yield "learnt from", f"{best['n_positive']:,}"
    yield "more pictures", _MORE[best["more_images_would_help"]].replace("would change", "change")
    yield "doubtful labels", str(len(best["suspected_label_errors"]))


def _comparison(one: Record) -> Iterable[tuple[str, str]]:
    judged = judgement(one) or {}
    yield "quality", _number(judged.get("average_precision"))
    yield "scores off by", _number(judged.get("calibration_error"))
    yield "from", _number((one["thresholds"]["recommended"] or {}).get("threshold"))
    yield "doubtful labels", str(len(one["suspected_label_errors"]))


def _quality(record: Record) -> tuple[bool, float]:
    judged = judgement(record)
    is_sure = record["cross_validated"] is not None
    return is_sure, judged["average_precision"] if judged else -1.0


def _mistake(tag: str, one: Record, suspects: set[str], folder: Path) -> Record:
    where = one["file_path"] or f"{one['hash_id'][:16]}…"
    return {
        "picture": thumbnail(one["file_path"], one["hash_id"], folder, Limits()),
        "where": where,
        "short": "/".join(where.split("/")[-2:]),
        "labelled": labelled(tag, one),
        "score": f"{one['score']:.3f}",
        "is_suspect": one["hash_id"] in suspects,
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
