import subprocess
import sys

import pytest

from tests.cluster.scene import Row, Scene
from tests.cluster.servers import Cluster, free_port
from tests.worlds import ROOT

pytestmark = pytest.mark.server


def test_two_workers_of_a_cluster_give_the_rows_of_one_process(
    scene: Scene, rows_here: list[Row], cluster: Cluster
) -> None:
    run = scene.run("dask", f"--dask_scheduler={cluster.address}")
    assert (run.exit_code, run.stderr) == (3, "")
    assert scene.rows("dask") == rows_here
    assert scene.fates("dask") == scene.fates("here")


def test_two_processes_of_this_machine_give_the_rows_of_one(
    scene: Scene, rows_here: list[Row]
) -> None:
    scene.run("processes", "--workers=2")
    assert scene.rows("processes") == rows_here
    assert scene.fates("processes") == scene.fates("here")


def test_a_worker_that_is_killed_meanwhile_changes_nothing(
    scene: Scene, rows_here: list[Row], cluster: Cluster
) -> None:
    with scene.start("killed", f"--dask_scheduler={cluster.address}") as run:
        cluster.kill_worker()
        assert run.poll() is None
        _, stderr = run.communicate(timeout=60)
    assert (run.returncode, stderr) == (3, "")
    assert scene.rows("killed") == rows_here


def test_the_reference_data_gets_the_same_rows_from_a_cluster(
    reference: Scene, cluster: Cluster
) -> None:
    reference.run("dask", f"--dask_scheduler={cluster.address}")
    assert reference.rows("here")
    assert reference.rows("dask") == reference.rows("here")


def test_where_there_is_nothing_new_no_scheduler_is_asked(scene: Scene) -> None:
    run = scene.run("here", f"--dask_scheduler=tcp://127.0.0.1:{free_port()}")
    assert (run.exit_code, run.stderr) == (3, "")


def test_a_scheduler_that_does_not_answer_is_told_in_one_line(
    scene: Scene, cluster: Cluster
) -> None:
    assert cluster  # which is to say: Dask is installed
    nobody = f"tcp://127.0.0.1:{free_port()}"
    command = [sys.executable, str(ROOT / "stage4/classify_zip.py")]
    done = subprocess.run(
        [*command, *scene.arguments("nobody", f"--dask_scheduler={nobody}")],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 1
    started, ended = done.stderr.splitlines()  # a log is told how much lies ahead
    assert started.startswith("scoring ")
    assert ended.startswith(f"error: {nobody}: no Dask scheduler answers there. ")
