import errno
import io
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RunError
from shared.sources.objects import (
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
    asked: list[tuple[int, int]] = field(default_factory=list)

    def cat_file(self, _: str, start: int, end: int) -> bytes:
        self.asked.append((start, end))
        if self.errors:
            raise self.errors.pop()
        return self.content[start:end] if self.knows_ranges else self.content

    def unstrip_protocol(self, path: str) -> str:
        return f"s3://{path}"


def opened(served: Served, n_bytes: int = len(CONTENT)) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(_Storage("s3", served), "b/a.zip", n_bytes, "1"))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
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


@pytest.mark.parametrize(
    "error", [FileNotFoundError(), PermissionError(), OSError(errno.EINVAL, "no such range")]
)
def test_an_object_that_cannot_be_had_costs_itself_alone(
    error: OSError, pauses: list[float]
) -> None:
    with pytest.raises(type(error)):
        opened(Served(errors=[error])).read(3)
    assert pauses == []


def test_a_server_that_sends_all_where_a_part_is_wanted_is_told() -> None:
    with pytest.raises(RunError, match="does not serve parts of files"):
        opened(Served(knows_ranges=False)).read(3)


class AnswerError(PermissionError):
    """A refusal with the name that a storage has for it."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code} words")
        self.response = {"Error": {"Code": code}}


@dataclass
class Refusing(Served):
    """A server that refuses: without a word where only facts are asked for."""

    code: str = "AccessDenied"

    def info(self, _: str) -> dict[str, object]:
        raise PermissionError("Forbidden")

    def find(self, _: str) -> dict[str, object]:
        raise AnswerError(self.code)

    def _strip_protocol(self, url: str) -> str:
        return url.removeprefix("s3://")


def refused_by(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all storages refuse with a code."""
    served = Refusing(code=code, errors=[AnswerError(code)])
    monkeypatch.setattr(_Storage, "of", lambda _: _Storage("s3", served))


def test_credentials_that_expire_while_archives_are_opened_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused_by("ExpiredToken", monkeypatch)
    with pytest.raises(RunError, match=r"no access with these credentials .*ExpiredToken"):
        open_object("s3://b/a.zip")


def test_credentials_that_expire_while_an_archive_is_read_end_the_run(
    pauses: list[float],
) -> None:
    with pytest.raises(RunError, match="no access with these credentials"):
        opened(Served(errors=[AnswerError("ExpiredToken")])).read(3)
    assert pauses == []


def test_credentials_that_are_wrong_from_the_start_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused_by("InvalidAccessKeyId", monkeypatch)
    with pytest.raises(RunError, match=r"no access with these credentials .*InvalidAccessKeyId"):
        next(iter_object_urls("s3://b"))


def test_an_object_that_is_forbidden_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    refused_by("AccessDenied", monkeypatch)
    with pytest.raises(PermissionError, match="AccessDenied words"):
        open_object("s3://b/a.zip")


def test_a_protocol_that_nobody_speaks_is_told() -> None:
    need("fsspec")
    with pytest.raises(RunError, match="Protocol not known: nobody"):
        directory_url("nobody://bucket")


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
