"""The servers, each started once for all tests that need it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.scene import Row, Scene, reference_scene, write_collection
from tests.cluster.servers import (
    S3,
    S3_ENVIRONMENT,
    Cluster,
    dask_cluster,
    free_port,
    need,
)
from tests.worlds import REFERENCE


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """Where S3 is found, told to all processes that are started from here on."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        for name, value in S3_ENVIRONMENT.items():
            patch.setenv(name, value)
        yield port


@pytest.fixture(scope="session")
def cluster(s3_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Dask cluster, which can reach the S3 server."""
    assert s3_port
    need("distributed")
    with dask_cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A collection of some 2,000 members, scored here once."""
    scene = write_collection(tmp_path_factory.mktemp("collection") / "world")
    assert scene.run("here", "--workers=1").exit_code == 3
    return scene


@pytest.fixture
def rows_here(scene: Scene) -> list[Row]:
    """What one process on this machine makes of the collection."""
    rows = scene.rows("here")
    assert len(rows) == 6 * 305 * 2
    return rows


@pytest.fixture
def s3(scene: Scene, s3_port: int, tmp_path: Path) -> S3:
    """A server that has the collection, not started yet."""
    need("s3fs")
    need("moto")
    return S3(scene.archives, tmp_path / "requests", s3_port)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The reference data, scored here once."""
    if not REFERENCE.exists():
        pytest.skip("the reference data is not here")
    scene = reference_scene(tmp_path_factory.mktemp("reference"))
    scene.run("here", "--workers=1")
    return scene
