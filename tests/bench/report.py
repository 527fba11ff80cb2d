"""What the bench found as tables in Markdown, and their place in RESULTS.md."""

import importlib.metadata
import os
import platform
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from tests.bench.aims import Aim
from tests.bench.measuring import Cost, Spread, spread
from tests.bench.scene import Scene

START, END = "<!-- measured -->", "<!-- end of measured -->"
LIBRARIES = (
    *("Pillow", "simplejpeg", "numpy", "scikit-learn", "joblib", "orjson", "SQLAlchemy"),
    *("onnxruntime", "openvino"),
)
MEBIBYTE = 2**20

Figures = Mapping[Aim, Sequence[float]]


def report(scene: Scene, figures: Figures, rounds: Sequence[Mapping[str, Cost]]) -> str:
    """Tell the day, the machine and the sizes, the ratios, and the costs behind them."""
    return "\n\n".join(
        (
            f"{date.today().isoformat()}. {machine()}",  # noqa: DTZ011 - the reader's own day
            sizes(scene, len(rounds)),
            _table(
                ("aim", "work", "against", "aimed at", "median", "least", "most", ""),
                (_ratio_row(aim, spread(ratios)) for aim, ratios in figures.items()),
            ),
            "Whole processes; the peak is that of the largest one of each:",
            _table(
                ("what ran", "seconds", "least", "most", "CPU seconds", "peak MiB"),
                (_cost_row(name, [costs[name] for costs in rounds]) for name in rounds[0]),
            ),
        )
    )


def sizes(scene: Scene, n_rounds: int) -> str:
    """Tell how much was measured, and how often."""
    photos = [f"{scene.n_images(corpus):,}" for corpus in ("large", "half", "small")]
    return (
        f"{photos[0]} photos ({photos[1]} for aims 5 and 10, and {photos[2]} for the tenth of"
        f" aims 11 and 12), {scene.n_tiny_images:,} tiny pictures with vectors of 512 for aims 6, 7"
        f" and 9, {scene.n_unknown} photos for aims 13 and 14, {scene.n_sampled} for aim 3's other"
        f" side; {n_rounds} rounds."
    )


def machine() -> str:
    """Tell what it was measured on."""
    versions = [f"{n} {importlib.metadata.version(n)}" for n in LIBRARIES if _is_installed(n)]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    parts = [f"{os.cpu_count()} cores of {_processor()}", python, *versions]
    return ", ".join([*parts, f"SQLite {sqlite3.sqlite_version}"]) + "."


def write_results(path: Path, measured: str) -> None:
    """Put the tables in the place of the last ones; what is written around them stays."""
    text = path.read_text("utf-8") if path.exists() else f"# Measured\n\n{START}\n{END}\n"
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{START}\n{measured}\n{END}{after}", "utf-8")


def _ratio_row(aim: Aim, ratio: Spread) -> tuple[str, ...]:
    bound = f"{'at least' if aim.is_least else 'at most'} {aim.bound:g}"
    verdict = "reached" if aim.is_reached(ratio.median) else "**not reached**"
    figures = [f"{figure:.3g}" for figure in (ratio.median, ratio.least, ratio.most)]
    return aim.label, aim.work, aim.against, bound, *figures, verdict


def _cost_row(name: str, costs: Sequence[Cost]) -> tuple[str, ...]:
    seconds = spread([cost.seconds for cost in costs])
    cpu = spread([cost.cpu_seconds for cost in costs])
    peak = spread([cost.peak_bytes / MEBIBYTE for cost in costs])
    times = [f"{figure:.2f}" for figure in (seconds.median, seconds.least, seconds.most)]
    return name, *times, f"{cpu.median:.2f}", f"{peak.median:.0f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _processor() -> str:
    """Name the processor as the kernel does, where it is Linux."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
