"""The server as a process: its address, its limits towards raw sockets, and its end."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from shared.errors import RunError
from shared.review.serving import ServingRequest, allowed_hosts, bound
from tests.shared.review.desk import make_world
from tests.shared.review.served import Serving, inputs, read_all, serving, started
from tests.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("served") / "world")


def start(world: World, *options: str) -> Serving:
    return started(world.output, *inputs(world), *options)


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Serving]:
    with serving(world.output, *inputs(world), "--port=18765") as found:
        yield found


@pytest.mark.server
@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/..\\app.py",
        "/static/%c0%ae%c0%ae/app.py",
        "//static/../../app.py",
        "/static/" + "a/" * 5000,
        "/static/" + "x" * 300,
    ],
)
def test_no_path_leads_out_of_the_static_files(served: Serving, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"
    answer = served.ask(head.encode())
    assert answer.split(b" ", 2)[1] in (b"400", b"401", b"404")
    assert b"import" not in answer
    assert b"root:" not in answer


@pytest.mark.server
@pytest.mark.parametrize(
    "size", [b"Content-Length: 1073741824", b"Transfer-Encoding: chunked"], ids=["told", "untold"]
)
@pytest.mark.parametrize(("path", "status"), [(b"/session", b"413"), (b"/api/undo", b"401")])
def test_a_body_of_a_gigabyte_is_refused_without_being_read(
    served: Serving, size: bytes, path: bytes, status: bytes
) -> None:
    head = (
        b"POST " + path + b" HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\n"
        b"Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n" + size + b"\r\n\r\n"
    ).replace(b"HOST", f"127.0.0.1:{served.port}".encode())
    piece = b" " * 2**20
    sent = 0
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as link:
        link.sendall(head)
        try:
            while sent < 2**30:
                link.sendall(b"100000\r\n" + piece + b"\r\n" if b"chunked" in size else piece)
                sent += len(piece)
        except OSError:
            pass
        answer = read_all(link)
    assert sent < 2**26
    assert answer == b"" or answer.startswith(b"HTTP/1.1 " + status)


@pytest.mark.server
def test_an_old_protocol_without_a_host_is_refused(served: Serving) -> None:
    assert b" 421 " in served.ask(b"GET / HTTP/1.0\r\n\r\n")
    two = b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: evil\r\nConnection: close\r\n\r\n"
    assert served.ask(two).split(b" ", 2)[1] in (b"400", b"421")


@pytest.mark.server
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_a_signal_ends_it_with_all_answers_saved(world: World, number: int) -> None:
    serving = start(world, "--port=18865")
    with closing(http.client.HTTPConnection("127.0.0.1", serving.port)) as link:
        name = answered(link, serving, f"saved before {number}")
    code, said = serving.end(number)
    assert code == (0 if number == signal.SIGINT else 128 + number)
    last = "ended; all answers are saved" if number == signal.SIGINT else "terminated; "
    assert said.splitlines()[-1].startswith(last)
    assert "Traceback" not in said
    again = start(world, "--port=18865")
    assert again.end(signal.SIGTERM)[0] == 128 + signal.SIGTERM
    assert name.encode() in (world.output / "labels.sqlite").read_bytes() + _log(world)


@pytest.mark.server
@pytest.mark.slow
def test_an_answer_that_waits_for_a_lock_is_told_as_not_saved_at_the_end(world: World) -> None:
    serving = start(world, "--port=18865")
    with closing(http.client.HTTPConnection("127.0.0.1", serving.port)) as link:
        answered(link, serving, "held")
        with closing(sqlite3.connect(world.output / "labels.sqlite")) as other:
            other.execute("BEGIN IMMEDIATE")
            with ThreadPoolExecutor() as threads:
                waiting = threads.submit(answer, link, serving)
                time.sleep(1)
                start_of_end = time.monotonic()
                code, said = serving.end(signal.SIGINT)
                assert time.monotonic() - start_of_end < 10
            assert waiting.result().status == 500
    assert code == 0
    assert said.splitlines()[-1].startswith("ended; 1 answer is not saved, as another program")


def post(
    link: http.client.HTTPConnection, serving: Serving, path: str, body: object
) -> http.client.HTTPResponse:
    headers = {
        "Origin": f"http://127.0.0.1:{serving.port}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
        "Cookie": serving.cookie,
    }
    link.request("POST", path, json.dumps(body), headers)
    answer = link.getresponse()
    answer.read()
    return answer


def answered(link: http.client.HTTPConnection, serving: Serving, name: str) -> str:
    """Name a tag and answer for it, as the page does."""
    entered = post(link, serving, "/session", {"token": serving.token})
    serving.cookie = str(entered.headers["Set-Cookie"])
    assert post(link, serving, "/api/tags", {"name": name}).status == 200
    link.request("GET", "/api/board", headers={"Cookie": serving.cookie})
    tags = json.loads(link.getresponse().read())["tags"]
    serving.tag = next(one["id"] for one in tags if one["name"] == name)
    assert answer(link, serving).status == 200
    return name


def answer(link: http.client.HTTPConnection, serving: Serving) -> http.client.HTTPResponse:
    answers = {"answers": [{"picture": "z1", "answer": "yes"}]}
    return post(link, serving, f"/api/tags/{serving.tag}/answers", answers)


def _log(world: World) -> bytes:
    path = world.output / "labels.sqlite-wal"
    return path.read_bytes() if path.exists() else b""


def test_a_port_in_use_gives_way_to_the_next() -> None:
    with bound(ServingRequest("127.0.0.1", 28765)) as first:
        port = first.getsockname()[1]
        with bound(ServingRequest("127.0.0.1", port)) as second:
            assert second.getsockname()[1] > port


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(RunError, match="Give --host an address of this machine"):
        bound(ServingRequest("192.0.2.1", 8765))


def test_hosts_are_spelled_as_browsers_do() -> None:
    assert set(allowed_hosts("::1", 8765)) == {
        "127.0.0.1:8765",
        "localhost:8765",
        "[::1]:8765",
    }
    assert "localhost" in allowed_hosts("127.0.0.1", 80)
    assert os.uname().nodename + ":1" in allowed_hosts("0.0.0.0", 1)
