"""What the figures of a tag show, laid out in the units of a drawing; a template draws them.

Colours are names that the style knows, so that the figures follow the reader's light or dark.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.results.pages.histogram import short
from shared.training.thresholds import Record

LEFT, RIGHT, TOP, BOTTOM = 44, 312, 12, 176
COLORS = ("first", "second")
"""Of the classifiers of a tag, in their order."""
_MAX_RADIUS, _LEAST_RADIUS = 9, 1.5
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A line; ``points`` as SVG spells them, ``dots`` as x, y and radius."""

    color: str
    points: str = ""
    dots: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True, slots=True)
class CountBar:
    """A bar with its count; ``label_at`` is where that stands."""

    color: str
    left: float
    top: float
    width: float
    height: float
    label: str
    label_at: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure, with a sentence on how to read it; ``cut`` is where a threshold stands, if any.

    ``base`` is the height of the horizontal axis, ``legend`` names the colours.
    """

    title: str
    note: str
    x_label: str
    x_ticks: Sequence[Tick]
    y_label: str = ""
    y_ticks: Sequence[Tick] = ()
    curves: Sequence[Curve] = ()
    bars: Sequence[CountBar] = ()
    legend: Sequence[tuple[str, str]] = ()
    cut: Tick | None = None
    base: float = BOTTOM


def tag_charts(tag: str, records: Mapping[str, Record]) -> list[Chart]:
    """Lay out a tag's figures.

    Parameters
    ----------
    records : mapping of str to dict
        Report records by model type; a type that has not been judged is left out.
    """
    judged = {kind: found for kind, one in records.items() if (found := judgement(one))}
    points = next(iter(records.values()))["learning_curve"]
    charts = [_curves(judged), _reliability(judged)] if judged else []
    charts += [_learning(points)] if points else []
    cuts = {kind: records[kind]["thresholds"]["recommended"] for kind in judged}
    return charts + [_scores(tag, kind, one, cuts[kind]) for kind, one in judged.items()]


def judgement(record: Record) -> Record | None:
    """Tell how good a classifier is: by cross-validation, else by the pictures held out."""
    found: Record | None = record["cross_validated"] or record["held_out"]
    return found


def _x(share: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * share, 1)


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * share, 1)


def _points(places: Iterator[tuple[float, float]]) -> str:
    return " ".join(dict.fromkeys(f"{x:g},{y:g}" for x, y in places))


def _shares() -> list[float]:
    return [at / 4 for at in range(5)]


def _across() -> list[Tick]:
    return [Tick(_x(share), f"{share:g}") for share in _shares()]


def _up() -> list[Tick]:
    return [Tick(_y(share), f"{share:g}") for share in _shares()]


def _legend(judged: Mapping[str, Record]) -> list[tuple[str, str]]:
    return list(zip(COLORS, judged, strict=False))


def _curves(judged: Mapping[str, Record]) -> Chart:
    def iter_steps(points: Sequence[Sequence[float]]) -> Iterator[tuple[float, float]]:
        height = 0.0
        for recall, precision in points:
            yield _x(recall), _y(height or precision)
            yield _x(recall), _y(precision)
            height = precision

    curves = [
        Curve(color, _points(iter_steps(one["precision_recall"])))
        for color, one in zip(COLORS, judged.values(), strict=False)
    ]
    note = "The further a line goes into the corner above on the right, the better."
    across, up = "found (recall)", "right (precision)"
    return Chart(
        "Right and found", note, across, _across(), up, _up(), curves, legend=_legend(judged)
    )


def _reliability(judged: Mapping[str, Record]) -> Chart:
    curves = [Curve("guide", f"{_x(0):g},{_y(0):g} {_x(1):g},{_y(1):g}")]
    for color, one in zip(COLORS, judged.values(), strict=False):
        bins = [found for found in one["reliability"].values() if found]
        places = [(_x(found["mean_score"]), _y(found["tag_share"])) for found in bins]
        radii = [_LEAST_RADIUS * math.sqrt(math.log2(1 + found["n_images"])) for found in bins]
        dots = [
            (x, y, round(min(r, _MAX_RADIUS), 1)) for (x, y), r in zip(places, radii, strict=True)
        ]
        curves.append(Curve(color, _points(iter(places)), dots))
    note = "On the diagonal a score is the share of pictures that have the tag. Larger dots: more."
    return Chart(
        "Scores as probabilities",
        note,
        "score",
        _across(),
        "share with the tag",
        _up(),
        curves,
        legend=_legend(judged),
    )


def _learning(points: Sequence[Record]) -> Chart:
    quality = [point["average_precision"] for point in points]
    floor = min(math.floor(_TENTHS * max(0, min(quality) - 0.01)) / _TENTHS, 0.9)
    step = 1 / max(1, len(points) - 1)
    places = [
        (_x(0.04 + 0.92 * at * step), _y((one - floor) / (1 - floor)))
        for at, one in enumerate(quality)
    ]
    return Chart(
        "Does more help?",
        "Quality after learning from so many pictures with the tag, each time twice as many.",
        "pictures with the tag",
        [Tick(x, str(one["n_tag"])) for (x, _), one in zip(places, points, strict=True)],
        "quality",
        [Tick(_y(share), f"{floor + (1 - floor) * share:.3g}") for share in (0, 0.5, 1)],
        [Curve(COLORS[0], _points(iter(places)), [(x, y, 3.5) for x, y in places])],
    )


def _scores(tag: str, kind: str, one: Record, recommended: Record | None) -> Chart:
    """Lay out a histogram: above the axis pictures with the tag, below it the others."""
    counts = {name: list(one["histograms"][name].values()) for name in ("tag", "other")}
    most = math.log1p(max(map(max, counts.values()))) or 1
    middle, room = (TOP + BOTTOM) / 2, (BOTTOM - TOP) / 2 - 14
    bars = []
    for name, color, is_up in (("tag", "first", True), ("other", "rest", False)):
        width = (RIGHT - LEFT) / len(counts[name])
        for at, count in enumerate(counts[name]):
            if count:
                height = round(room * math.log1p(count) / most, 1)
                left = round(LEFT + at * width + 1, 1)
                top, label_at = (
                    (middle - height, middle - height - 3)
                    if is_up
                    else (middle, middle + height + 10)
                )
                bars.append(
                    CountBar(color, left, top, round(width - 2, 1), height, short(count), label_at)
                )
    cut = None
    if recommended:
        cut = Tick(_x(recommended["threshold"]), f"{recommended['threshold']:.3f}")
    return Chart(
        f"Scores of {kind}",
        "Pictures by their score. Bars grow with the logarithm of their number.",
        "score",
        _across(),
        bars=bars,
        legend=[("first", f"labelled {tag}"), ("rest", f"not labelled {tag}")],
        cut=cut,
        base=middle,
    )
