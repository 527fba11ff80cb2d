"""What a user asks for of a world, which each test file makes for itself."""

import pytest

from shared.flow.request import ClassifyRequest
from shared.sources.source import ArchiveSource
from tests.shared.flow.requests import request_of
from tests.shared.flow.scenes import CountingSource
from tests.worlds import World


@pytest.fixture
def source(world: World) -> CountingSource:
    return CountingSource(ArchiveSource(world.zips, world.output))


@pytest.fixture
def asked(world: World, source: CountingSource) -> ClassifyRequest:
    """What a user asks for who leaves all options as they are."""
    return request_of(world, source)
