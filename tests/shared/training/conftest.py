"""The world in which training is tried."""

from pathlib import Path

import pytest

from tests.shared.training.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)
