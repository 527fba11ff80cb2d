"""One tag's figures as SVG text, ready to stand in an HTML page. The door to matplotlib.

Texts stay texts, so that the page's own font shows them. The same reports give the same bytes.
"""

import base64
import io
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import SkipError
from shared.pictures.opening import Opened, open_picture
from shared.records import Limits
from shared.regular_files import read_small
from shared.training.thresholds import Record

if TYPE_CHECKING:
    # Slow to import, and only a run that has trained something draws.
    from matplotlib.axes import Axes
COLORS = ("#1764ab", "#d9720b")
MARKER_AREA = 6
SIZE_INCHES = (12, 2.9)
_MARGINS = {"left": 0.05, "right": 0.99, "bottom": 0.18, "top": 0.88, "wspace": 0.36}
_EDGES = [at / 10 for at in range(11)]
_NO_DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}
SIDE_PIXELS = 96
# What a picture that could be decoded may still cost when it is converted; all is in memory.
_PILLOW_ERRORS = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)


def tag_figures(records: Mapping[str, Record], salt: str) -> str:
    """Draw a tag's precision-recall curves, reliability, histograms and learning curve.

    Parameters
    ----------
    records : mapping of str to dict
        Report records by model type; a type that has not been judged is left out.
    salt : str
        Sets the identifiers in the SVG apart from those of other figures on the page.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of fonts and folders
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    judged = {kind: found for kind, one in records.items() if (found := judgement(one))}
    figure = Figure(figsize=SIZE_INCHES)
    figure.subplots_adjust(**_MARGINS)
    axes = figure.subplots(1, 3 + len(judged))
    _draw_curves(axes[0], judged)
    _draw_reliability(axes[1], judged)
    for at, (kind, one) in enumerate(judged.items()):
        _draw_histogram(axes[2 + at], kind, one)
    _draw_learning(axes[-1], next(iter(records.values()))["learning_curve"])
    text = io.StringIO()
    fonts = ["DejaVu Sans"]  # each text would name all that there might be
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.sans-serif": fonts}):
        figure.savefig(text, format="svg", metadata=_NO_DATE)
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def judgement(record: Record) -> Record | None:
    """Tell how good a classifier is: by cross-validation, else by the pictures held out."""
    found: Record | None = record["cross_validated"] or record["held_out"]
    return found


def _draw_curves(axes: "Axes", judged: Mapping[str, Record]) -> None:
    for color, (kind, one) in zip(COLORS, judged.items(), strict=False):
        recall, precision = zip(*one["precision_recall"], strict=True)
        axes.step(recall, precision, where="post", color=color, label=_short(kind))
    _finish(axes, "precision and recall", ("recall", "precision"))
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    if judged:
        axes.legend(loc="lower left", fontsize=7)


def _draw_reliability(axes: "Axes", judged: Mapping[str, Record]) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
    for color, one in zip(COLORS, judged.values(), strict=False):
        bins = [found for found in one["reliability"].values() if found]
        scores = [found["mean_score"] for found in bins]
        shares = [found["tag_share"] for found in bins]
        axes.plot(scores, shares, color=color, linewidth=0.8, alpha=0.5)
        areas = [MARKER_AREA * math.log2(1 + found["n_images"]) for found in bins]
        axes.scatter(scores, shares, areas, color=color, alpha=0.8, linewidths=0)
    _finish(axes, "reliability", ("mean score (larger: more images)", "share with the tag"))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def _draw_histogram(axes: "Axes", kind: str, one: Record) -> None:
    histograms = one["histograms"]
    for color, name in (("#2a7f3f", "tag"), ("#888888", "other")):
        counts = list(histograms[name].values())
        axes.stairs(counts, _EDGES, color=color, fill=True, alpha=0.5, label=name)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    _finish(axes, f"scores, {_short(kind)}", ("score", "images"))
    axes.legend(loc="upper center", fontsize=7)


def _draw_learning(axes: "Axes", points: Sequence[Record]) -> None:
    numbers = [point["n_tag"] for point in points]
    quality = [point["average_precision"] for point in points]
    axes.plot(numbers, quality, "o-", color=COLORS[0], clip_on=False)
    if points:
        axes.set_ylim(math.floor(10 * max(0, min(quality) - 0.01)) / 10, 1)
    else:
        axes.text(0.5, 0.5, "too few images", ha="center", transform=axes.transAxes)
    _finish(axes, "learning curve", ("images with the tag", "average precision"))


def _finish(axes: "Axes", title: str, labels: tuple[str, str]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(labels[0], fontsize=8)
    axes.set_ylabel(labels[1], fontsize=8)
    axes.tick_params(labelsize=7)


def _short(kind: str) -> str:
    return kind.removeprefix("ovr-")


def thumbnail(path: str, image_hash: str, limits: Limits) -> str | None:
    """Make a picture's thumbnail as a ``data:`` address.

    Returns
    -------
    str or None
        None where the path is no plain file, cannot be read, is no picture within the limits, or
        is now another picture than the one of that hash.
    """
    content = _content(path, limits.max_member_bytes)
    if content is None:
        return None
    try:
        opened = open_picture(content, limits)
        if opened.picture.hash_id != image_hash:
            return None
        packed = _packed(opened)
    except (SkipError, *_PILLOW_ERRORS):
        return None
    return "data:image/png;base64," + base64.b64encode(packed).decode("ascii")


def _packed(opened: Opened) -> bytes:
    """Make a small PNG; a palette may hold transparency too, and only RGBA keeps it."""
    image, packed = opened.image, io.BytesIO()
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    small.save(packed, "PNG")
    return packed.getvalue()


def _content(path: str, max_bytes: int) -> bytes | None:
    try:
        file = Path(path)
        # A name without a folder would be looked for wherever the command happens to run.
        return read_small(file, max_bytes) if file.is_absolute() else None
    except (OSError, ValueError):
        return None
