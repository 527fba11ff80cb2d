"""Many browsers at a time: no error, and memory that does not grow with what they ask."""

from pathlib import Path

import pytest

from tests.shared.review.desk import make_world
from tests.shared.review.load import N_AT_A_TIME, load
from tests.shared.review.served import inputs, serving

WARM_SECONDS, SECONDS = 3, 5
N_PICTURES = 200
MOST_GROWTH = 1.05
"""Of the memory in these seconds; some kilobytes that each request leaves behind are more."""


@pytest.mark.server
@pytest.mark.slow
def test_fifty_requests_at_a_time_fail_nowhere_and_leave_no_memory_behind(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", N_PICTURES)
    with serving(world.output, "--port=18965", *inputs(world)) as served:
        found = load(served, SECONDS, WARM_SECONDS)
    assert not found.failed
    assert len(found.kinds) == 10
    assert len(found.taken) > 2 * N_AT_A_TIME
    assert found.growth < MOST_GROWTH
