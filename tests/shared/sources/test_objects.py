import errno
import importlib
import io
import sys
import time
import types
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RunError
from shared.sources import objects
from shared.sources.objects import (
    FIRST_RETRY_SECONDS,
    MOST_BYTES,
    RETRY_SECONDS,
    RemoteFile,
    _Storage,
    directory_url,
    iter_object_urls,
    open_object,
)
from tests.cluster.servers import need

CONTENT = bytes(range(256)) * 1000


@dataclass
class Served:
    """A server that raises what it is told to, one error per request, before it answers."""

    content: bytes = CONTENT
    knows_ranges: bool = True
    errors: list[Exception] = field(default_factory=list)
    facts: dict[str, dict[str, object] | Exception] = field(default_factory=dict)
    unlisted: Exception | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def cat_file(self, _: str, start: int, end: int) -> bytes:
        self.asked.append((start, end))
        if self.errors:
            raise self.errors.pop()
        return self.content[start:end] if self.knows_ranges else self.content

    def info(self, path: str) -> dict[str, object]:
        found = self.facts.get(path, self.errors[0] if self.errors else FileNotFoundError(path))
        if isinstance(found, Exception):
            raise found
        return found

    def find(self, _: str) -> dict[str, object]:
        if self.unlisted:
            raise self.unlisted
        return {}

    def invalidate_cache(self) -> None:
        """Keep none."""

    def _strip_protocol(self, url: str) -> str:
        return url.removeprefix("s3://")

    def unstrip_protocol(self, path: str) -> str:
        return f"s3://{path}"


def opened(served: Served, n_bytes: int = len(CONTENT)) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(_Storage("s3", served), "b/a.zip", n_bytes, "1"))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(objects, "_GIVEN_UP", {})
    return slept


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) + 9), st.integers(0, 80_000)), max_size=8))
def test_bytes_are_the_same_in_whatever_order_they_are_read(reads: list[tuple[int, int]]) -> None:
    file = opened(Served())
    for offset, n_bytes in reads:
        file.seek(offset)
        assert file.read(n_bytes) == CONTENT[offset : offset + n_bytes]


def test_reading_in_a_row_asks_for_more_and_more_but_not_too_much() -> None:
    served = Served(bytes(40 * MOST_BYTES))
    file = opened(served, len(served.content))
    while file.read(10_000):
        pass
    sizes = [end - start for start, end in served.asked]
    assert max(sizes) == MOST_BYTES
    assert len(sizes) < 50


def test_a_look_at_the_first_bytes_asks_for_few() -> None:
    served = Served(bytes(MOST_BYTES))
    opened(served, MOST_BYTES).read(4)
    [(start, end)] = served.asked
    assert end - start < 2**16


def test_a_server_that_comes_back_has_been_waited_for(pauses: list[float]) -> None:
    served = Served(errors=[ConnectionResetError(), TimeoutError()])
    assert opened(served).read(3) == CONTENT[:3]
    assert pauses == list(RETRY_SECONDS[:2])


def test_a_server_that_stays_away_ends_the_run(pauses: list[float]) -> None:
    served = Served(errors=[ConnectionResetError("gone")] * 99)
    with pytest.raises(RunError, match=r"^s3://b/a\.zip: its server does not answer \(gone\)"):
        opened(served).read(3)
    assert pauses == list(RETRY_SECONDS)


@pytest.mark.parametrize("around", [{"type": "directory"}, FileNotFoundError(), PermissionError()])
def test_an_object_that_alone_is_not_answered_for_costs_itself(
    around: dict[str, object] | OSError, pauses: list[float]
) -> None:
    served = Served(errors=[OSError(errno.EBUSY, "Slow down")] * 99, facts={"b": around})
    with pytest.raises(OSError, match=r"its server does not answer \(.*Slow down"):
        opened(served).read(3)
    assert pauses == list(RETRY_SECONDS)


def test_what_else_is_wanted_of_such_an_object_is_not_waited_for_too(pauses: list[float]) -> None:
    served = Served(errors=[OSError(errno.EBUSY, "Slow down")] * 99, facts={"b": {}})
    for _ in range(3):
        with pytest.raises(OSError, match="Slow down"):
            opened(served).read(3)
    assert pauses == list(RETRY_SECONDS)


class AnswerError(PermissionError):
    """A refusal with the name that a storage has for it."""


class StatusError(Exception):
    """A refusal by its number alone, as HTTP has it."""

    status = 403


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(),
        PermissionError(),
        OSError(errno.EINVAL, "no such range"),
        AnswerError("The provided token has expired"),
        StatusError("Forbidden"),
    ],
)
def test_an_object_that_is_refused_costs_itself_alone(
    error: Exception, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = types.ModuleType("aiohttp")
    monkeypatch.setattr(library, "ClientError", StatusError, raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", library)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - each has words of its own
        opened(Served(errors=[error])).read(3)
    assert str(caught.value) == str(error)
    assert pauses == []


def test_a_server_that_sends_all_where_a_part_is_wanted_is_told() -> None:
    with pytest.raises(RunError, match="does not serve parts of files"):
        opened(Served(knows_ranges=False)).read(3)


def serve(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all URLs lead to one server."""
    monkeypatch.setattr(_Storage, "of", lambda _: _Storage("s3", served))


def test_why_an_object_is_refused_is_asked_for_where_it_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = AnswerError("AccessDenied words")
    refusing = Served(errors=[words], facts={"b/a.zip": PermissionError("Forbidden")})
    serve(refusing, monkeypatch)
    with pytest.raises(PermissionError, match="AccessDenied words"):
        open_object("s3://b/a.zip")


@pytest.mark.parametrize(
    "error", [AnswerError("no such key id"), OSError(errno.EBUSY, "503"), ValueError("all of S3")]
)
def test_whatever_is_wrong_at_the_first_look_ends_the_run(
    error: Exception, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(Served(unlisted=error), monkeypatch)
    with pytest.raises(RunError, match=r"^s3://b: cannot be listed .*AWS_ACCESS_KEY_ID") as caught:
        next(iter_object_urls("s3://b"))
    assert str(error) in caught.value.found
    assert sum(pauses) <= sum(FIRST_RETRY_SECONDS)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("name", ["NoCredentialsError", "UnauthorizedSSOTokenError"])
def test_credentials_that_are_not_there_end_the_run_whenever_that_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("botocore")
    error = getattr(importlib.import_module("botocore.exceptions"), name)()
    served = Served(errors=[error] * 99, facts={"b": error}, unlisted=error)
    serve(served, monkeypatch)
    with pytest.raises(RunError):
        next(iter_object_urls("s3://b"))
    with pytest.raises(RunError):
        opened(served).read(3)


def test_an_empty_folder_is_told_from_one_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve(Served(facts={"b": {"type": "directory"}}), monkeypatch)
    assert list(iter_object_urls("s3://b")) == []
    with pytest.raises(RunError, match="no such bucket, folder or object"):
        next(iter_object_urls("s3://c"))


def test_a_protocol_that_nobody_speaks_is_told() -> None:
    need("fsspec")
    with pytest.raises(RunError, match="Protocol not known: nobody"):
        directory_url("nobody://bucket")


@pytest.mark.parametrize("protocol", ["ftp", "reference", "dir", "zip"])
def test_a_protocol_that_needs_more_than_a_url_is_told(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("fsspec")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=f"{protocol}:// cannot be opened") as caught:
        directory_url(f"{protocol}://place/folder")
    assert "s3://bucket/prefix" in caught.value.remedy


@pytest.mark.parametrize("protocol", ["generic", "data"])
def test_a_protocol_below_which_nothing_can_be_listed_is_told(protocol: str) -> None:
    need("fsspec")
    with pytest.raises(RunError, match=f"^{protocol}://x: .*no storage|can be listed") as caught:
        list(iter_object_urls(directory_url(f"{protocol}://x")))
    assert "s3://bucket/prefix" in caught.value.remedy


def test_an_object_whose_name_looks_like_a_chain_of_urls_is_that_object(
    tmp_path: Path,
) -> None:
    need("fsspec")
    (tmp_path / "x::file:").mkdir()
    (tmp_path / "x::file:" / "a.zip").write_bytes(b"here")
    [url] = iter_object_urls(directory_url(f"file://{tmp_path}"))
    with open_object(url) as file:
        assert file.read() == b"here"


def test_where_fsspec_is_missing_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(RunError, match=r"pip install -r stage4/requirements-s3\.txt"):
        directory_url("s3://bucket")
