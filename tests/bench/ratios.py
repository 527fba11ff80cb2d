"""From the costs of one round to the ratios that are aimed at. Of two, theirs runs first."""

from collections.abc import Callable
from typing import TypeAlias

from tests.bench.measures import Round
from tests.bench.measuring import Cost

Ratio: TypeAlias = Callable[[Round], float]


def times_as_fast(ours: str, theirs: str) -> Ratio:
    """Speed over speed, of whole processes."""

    def ratio(costs: Round) -> float:
        slower = costs[theirs].seconds
        return slower / costs[ours].seconds

    return ratio


def part_as_fast(ours: str, theirs: str) -> Ratio:
    """Speed over speed, of the part that each process has timed itself."""

    def ratio(costs: Round) -> float:
        slower = said_seconds(costs[theirs])
        return slower / said_seconds(costs[ours])

    return ratio


def share_of_time(ours: str, theirs: str) -> Ratio:
    """Time over time, of whole processes."""
    return lambda costs: 1 / times_as_fast(ours, theirs)(costs)


def share_of_memory(costs: Round) -> float:
    """Peak over peak of the first load and `json.load`, each over what the imports take."""
    start = costs["import"].peak_bytes
    theirs = costs["json.load"].peak_bytes - start
    return (costs["load"].peak_bytes - start) / theirs


def times_naive(costs: Round) -> float:
    """Speed over that of the naive tool, extrapolated linearly from a sample of the pictures."""
    n_images = costs.prepared.scene.n_images("large")
    return said_seconds(costs["naive"]) * n_images / costs["first, 60"].seconds


def growth_of_memory(costs: Round) -> float:
    """Peak of the large corpus over that of the small one."""
    return costs["first, 60"].peak_bytes / costs["first, 60, small"].peak_bytes


def growth_of_time(costs: Round) -> float:
    """Time per picture of the large corpus over that of the small one."""
    scene = costs.prepared.scene
    small = costs["first, 60, small"].seconds / scene.n_images("small")
    return costs["first, 60"].seconds / scene.n_images("large") / small


def more_held(costs: Round) -> float:
    """Memory of all processes of four workers over that of one."""
    return float(costs["held, 4 workers"].stdout) / float(costs["held, 1 worker"].stdout)


def said_seconds(cost: Cost) -> float:
    """Seconds that a process has said."""
    return float(cost.stdout)
