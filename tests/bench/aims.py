"""The aims: what is measured against what, and the ratio aimed at."""

from dataclasses import dataclass

from tests.bench import ratios
from tests.bench.ratios import Ratio, part_as_fast, share_of_time, times_as_fast

FLOOR = "the cheapest byte-identical decode and hash alone, on all cores"


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim, or a part of one; ``bound`` is the least ratio where ``is_least``, else the most."""

    label: str
    work: str
    against: str
    bound: float
    is_least: bool
    ratio: Ratio

    @property
    def number(self) -> int:
        """Number of the aim that this is, or is a part of."""
        return int(self.label.split()[0])

    def is_reached(self, ratio: float) -> bool:
        """Tell whether a ratio is on the right side of the bound."""
        return ratio >= self.bound if self.is_least else ratio <= self.bound


def _least(label: str, work: str, against: str, bound: float, ratio: Ratio) -> Aim:
    return Aim(label, work, against, bound, True, ratio)


def _most(label: str, work: str, against: str, bound: float, ratio: Ratio) -> Aim:
    return Aim(label, work, against, bound, False, ratio)


AIMS = (
    _least(
        "1",
        "first run, 2 classifiers, no results folder: images/s",
        FLOOR,
        0.85,
        times_as_fast("first, 2", "decode and hash"),
    ),
    _least(
        "2",
        "first run, 60 classifiers, linked results: images/s",
        "the same floor",
        0.65,
        times_as_fast("first, 60", "decode and hash"),
    ),
    _least(
        "3",
        "first run, 60 classifiers, linked results: images/s",
        "decode; per image and classifier one `predict_proba`, one `Image.save`, one committed"
        " row; a sample, extrapolated linearly",
        100,
        ratios.times_naive,
    ),
    _least(
        "4",
        "first run with the bytes known, no results folder: images/s",
        "aim 1's run",
        12,
        times_as_fast("first, 2, known", "first, 2"),
    ),
    _most(
        "5",
        "unchanged re-run, 60 classifiers, linked results: time",
        "its first run",
        0.02,
        share_of_time("unchanged, 60, half", "first, 60, half"),
    ),
    _most(
        "6",
        "re-score known images with one new logistic classifier, no results folder: time",
        "`executemany` of the same rows into the same table plus one matrix product",
        2.5,
        share_of_time("re-score", "re-score plainly"),
    ),
    _most(
        "7 first",
        "load of a metadata JSON, first: time",
        "`json.load`",
        0.25,
        share_of_time("load", "json.load"),
    ),
    _most(
        "7 again",
        "load of a metadata JSON, again: time",
        "`json.load`",
        0.02,
        share_of_time("load again", "json.load"),
    ),
    _most(
        "7 memory",
        "load of a metadata JSON, first: peak memory over the start",
        "`json.load`",
        0.25,
        ratios.share_of_memory,
    ),
    _least(
        "8",
        "scoring 60 classifiers, half SVC: images/s",
        "batch `predict_proba` per classifier",
        8,
        part_as_fast("score", "predict_proba"),
    ),
    _least(
        "9",
        "rows into SQLite: rows/s",
        "plain sqlite3 `executemany`, same table and indexes",
        0.7,
        part_as_fast("write", "executemany"),
    ),
    _least(
        "10",
        "first run, 2 classifiers, no results folder, 2 workers: images/s",
        "1 worker",
        1.75,
        times_as_fast("first, 2, half, 2 workers", "first, 2, half, 1 worker"),
    ),
    _most(
        "11",
        "first run, 60 classifiers, linked results: peak memory",
        "a tenth of the images",
        1.2,
        ratios.growth_of_memory,
    ),
    _most(
        "12",
        "first run, 60 classifiers, linked results: time",
        "ten times that of a tenth of the images",
        1.1,
        ratios.growth_of_time,
    ),
    _least(
        "13 auto",
        "first run, pictures unknown, ViT-B-32, 2 classifiers: images/s",
        "decode, hash, shrink and embed alone, bfloat16, on all cores",
        0.85,
        times_as_fast("embed, auto", "embed alone, bfloat16"),
    ),
    _least(
        "13 float32",
        "the same with `--precision=float32`",
        "the same alone, float32",
        0.85,
        times_as_fast("embed, float32", "embed alone, float32"),
    ),
    _most(
        "13 memory",
        "aim 13's run, 4 workers: memory of all processes",
        "1 worker",
        1.5,
        ratios.more_held,
    ),
    _least(
        "14 auto",
        "aim 13's run: images/s",
        "commit 0dc85dd",
        3.5,
        times_as_fast("embed, auto", "embed, before"),
    ),
    _least(
        "14 float32",
        "the same with `--precision=float32`",
        "commit 0dc85dd",
        1.2,
        times_as_fast("embed, float32", "embed, before"),
    ),
)
