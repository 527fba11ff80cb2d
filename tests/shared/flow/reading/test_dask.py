"""A scheduler that cannot be had is told in one sentence, soon; what is known is not told twice."""

import asyncio
import logging
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RunError
from shared.flow.reading import dask
from shared.flow.reading.dask import DaskPool, _connected, _report
from shared.flow.reading.slices import ReadingContext
from shared.records import Limits
from shared.sources.source import ArchiveSource
from tests.cluster.servers import need


@pytest.fixture(autouse=True)
def _dask_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    need("distributed")
    monkeypatch.setattr(dask, "CONNECT_SECONDS", 0.2)


def refusal(scheduler: str, **settings: Any) -> RunError:
    """What is said of a scheduler under settings of Dask: ``tls__ca_file`` is tls.ca-file."""
    import dask

    spelled = {
        f"distributed.comm.{name}".replace("__", ".").replace("_", "-"): value
        for name, value in settings.items()
    }
    with dask.config.set(spelled), pytest.raises(RunError) as caught:
        _connected(scheduler)
    assert caught.value.where == scheduler
    return caught.value


def test_one_that_takes_a_connection_and_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = refusal(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert error.found == "no Dask scheduler answers there"


def test_a_web_server_is_no_scheduler() -> None:
    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as web:
        thread = threading.Thread(target=answer, args=(web,))
        thread.start()
        error = refusal(f"tcp://127.0.0.1:{web.getsockname()[1]}")
        thread.join()
    assert error.found == "no Dask scheduler answers there"


def test_a_protocol_whose_package_is_missing_is_told() -> None:
    assert refusal("ucx://127.0.0.1:1").found == "no Dask scheduler answers there"


class LosingClient:
    """Stands in for the client of a cluster whose worker dies of getting the code."""

    is_closed = False

    def wait_for_workers(self, *_: object, **__: object) -> None:
        pass

    def register_plugin(self, *_: object, **__: object) -> None:
        from distributed.comm import CommClosedError

        raise CommClosedError("Stream is closed")

    def close(self) -> None:
        self.is_closed = True


def test_a_worker_that_dies_as_the_run_begins_is_told_of_the_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = LosingClient()
    monkeypatch.setattr(dask, "_connected", lambda _: client)
    source = ArchiveSource(tmp_path, tmp_path / "none")
    context = ReadingContext(source, Limits(), tmp_path / "database", tmp_path, None, None)
    with pytest.raises(RunError, match="was lost as the run began") as caught:
        DaskPool(context, "tcp://host:8786").__enter__()
    assert (caught.value.where, client.is_closed) == ("tcp://host:8786", True)


def test_where_tls_is_wanted_and_not_configured_the_settings_are_named() -> None:
    error = refusal("tls://127.0.0.1:1")
    assert error.found == "Dask is not configured for TLS here"
    assert "distributed.comm.tls.ca-file" in error.remedy


def test_certificates_that_are_not_there_are_told(tmp_path: Path) -> None:
    none = str(tmp_path / "none.pem")
    error = refusal("tls://127.0.0.1:1", tls__ca_file=none, tls__client__cert=none)
    assert error.found.startswith("the certificates that Dask's settings name cannot be used")


def test_an_address_without_the_encryption_that_is_required_is_told() -> None:
    error = refusal("tcp://127.0.0.1:1", require_encryption=True)
    assert (error.found, error.remedy[-6:]) == ("Dask's settings require encryption", "tls://")


@pytest.mark.parametrize(("name", "n_reports"), [("AllExit", 0), ("ClosedClientError", 1)])
def test_only_that_a_unit_failed_is_not_reported_behind_the_scenes(
    caplog: pytest.LogCaptureFixture, name: str, n_reports: int
) -> None:
    from distributed import client

    loop = asyncio.new_event_loop()
    with caplog.at_level(logging.ERROR, "asyncio"):
        _report(loop, {"message": "never retrieved", "exception": getattr(client, name)()})
    loop.close()
    assert len(caplog.records) == n_reports
