import time
from pathlib import Path

import pytest

from tests.cluster.scene import Row, Scene
from tests.cluster.servers import BUSY, S3, Cluster
from tests.worlds import World, png

DIRECTORY_BYTES = 100_000
"""More than a directory of 300 entries and the largest comment take."""


def test_archives_in_a_bucket_get_the_rows_of_local_ones(
    scene: Scene, rows_here: list[Row], s3: S3
) -> None:
    with s3.running():
        run = scene.run("s3", "--workers=2", directory=s3.url)
        first = s3.requests()
        again = scene.run("s3", directory=s3.url)
        second = s3.requests()
    assert (run.exit_code, run.stderr) == (3, "")
    assert scene.rows("s3", s3.url) == rows_here
    assert scene.fates("s3") == scene.fates("here")
    assert again == run
    check_parts_only(first)
    check_looked_at_only(second, s3)


def check_parts_only(requests: list[list[str]]) -> None:
    """Objects are asked for by ranges of bytes."""
    gets = [request for request in requests if request[0] == "GET" and ".zip" in request[1]]
    assert gets
    assert all(request[2].startswith("bytes=") for request in gets)


def check_looked_at_only(requests: list[list[str]], s3: S3) -> None:
    """Nothing is read but the ends of archives, where their directories are."""
    sizes = {
        f"/pictures/{path.relative_to(s3.folder)}": path.stat().st_size
        for path in s3.folder.rglob("*.zip")
    }
    gets = [request for request in requests if request[0] == "GET" and request[1] in sizes]
    starts = [int(wanted.removeprefix("bytes=").partition("-")[0]) for _, _, wanted, _ in gets]
    ends = [sizes[path] - start for start, (_, path, _, _) in zip(starts, gets, strict=True)]
    assert {path for _, path, _, _ in gets} == sizes.keys()
    assert max(ends) < DIRECTORY_BYTES


def test_the_server_may_go_away_and_come_back(scene: Scene, rows_here: list[Row], s3: S3) -> None:
    with s3.running():
        run = scene.start("away", "--workers=1", directory=s3.url)
    with run:
        time.sleep(2)
        assert run.poll() is None
        with s3.running():
            _, stderr = run.communicate(timeout=60)
    assert (run.returncode, stderr) == (3, "")
    assert scene.rows("away", s3.url) == rows_here


def test_a_cluster_reads_a_bucket(
    scene: Scene, rows_here: list[Row], s3: S3, cluster: Cluster
) -> None:
    with s3.running():
        scene.run("both", f"--dask_scheduler={cluster.address}", directory=s3.url)
    assert scene.rows("both", s3.url) == rows_here


def test_the_reference_data_gets_the_same_rows_from_a_bucket(reference: Scene, s3: S3) -> None:
    served = S3(reference.archives, s3.log, s3.port)
    with served.running():
        reference.run("s3", "--workers=1", directory=s3.url)
    assert reference.rows("here")
    assert reference.rows("s3", s3.url) == reference.rows("here")


def test_an_object_that_is_never_answered_for_costs_itself_alone(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.train("cat")
    for name in ("a.zip", BUSY, "z.zip"):
        world.archive(name, {"1.png": png(1)})
    monkeypatch.setattr("shared.sources.objects.RETRY_SECONDS", (0.1,))
    with S3(world.zips, s3.log, s3.port).running():
        run = world.classify("--workers=1", f"--directory={s3.url}")
    assert run.exit_code == 3
    assert [row for (row,) in world.rows("file_path")] == [
        f"{s3.url}/a.zip!/1.png",
        f"{s3.url}/z.zip!/1.png",
    ]
    [results] = world.results()
    _, problem = (results / "problems.csv").read_text("utf-8").splitlines()
    assert problem.startswith(f"{s3.url}/{BUSY},unreadable,")


def test_a_place_with_nothing_in_it_ends_the_run(scene: Scene, s3: S3) -> None:
    url = "s3://pictures/none"
    with s3.running():
        run = scene.run("nothing", directory=url)
    assert run.exit_code == 1
    assert run.stderr == f"error: {url}: no such bucket, folder or object\n"


def test_a_server_that_is_down_at_the_first_look_ends_the_run_in_one_line(
    scene: Scene, s3: S3
) -> None:
    run = scene.run("down", directory=s3.url)
    assert (run.exit_code, run.stderr.count("\n")) == (1, 1)
    assert run.stderr.startswith(f"error: {s3.url}: cannot be listed (")


def test_credentials_that_are_not_there_are_told_in_one_line(
    scene: Scene, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "none")
    run = scene.run("none", directory=s3.url)
    assert (run.exit_code, run.stderr.count("\n")) == (1, 1)
    assert "cannot be listed (The config profile (none)" in run.stderr
