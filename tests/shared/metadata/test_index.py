import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from shared.metadata.arrays import HEADER_BYTES, Counts, checksum
from shared.metadata.index import (
    COARSE_TICK_NS,
    FINE_TICK_NS,
    MAGIC,
    Header,
    index_paths,
    is_racy,
    stamp,
    trusted_index,
)
from shared.metadata.loading import Metadata
from shared.records import EmbedderName

ENTRIES = {"a": {"embeddings_vector": [1.0, 2.0]}, "b": {"embeddings_vector": []}}
BODY_AT = len(MAGIC) + 32

pytestmark = pytest.mark.usefixtures("no_ticks")


@pytest.fixture
def made(load: Callable[..., Metadata], json_path: Path) -> Path:
    load(ENTRIES)
    return json_path.with_name(".input-metadata.json.vectors")


@pytest.fixture
def json_stamp(made: Path, json_path: Path) -> str:
    assert made.exists()
    return stamp(json_path.stat())


def forge(path: Path, **changes: object) -> None:
    """Change what the header says and make its digest right again."""
    content = path.read_bytes()
    fields = orjson.loads(content[BODY_AT:HEADER_BYTES])
    fields["counts"] |= changes.pop("counts", {})
    body = orjson.dumps(fields | changes).ljust(HEADER_BYTES - BODY_AT)
    path.write_bytes(MAGIC + sha256(body).digest() + body + content[HEADER_BYTES:])


def test_a_sidecar_is_trusted_for_the_file_it_was_made_of(made: Path, json_stamp: str) -> None:
    index = trusted_index(made, json_stamp)
    assert index is not None
    assert index.arrays["vectors"].tolist() == [[1.0, 2.0]]


def test_it_is_not_trusted_for_any_other(made: Path, json_stamp: str) -> None:
    assert trusted_index(made, json_stamp + "0") is None


def test_none_is_none(tmp_path: Path) -> None:
    assert trusted_index(tmp_path / "missing", "") is None


def test_a_folder_or_a_pipe_in_its_place_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert trusted_index(tmp_path, "") is None
    assert trusted_index(tmp_path / "pipe", "") is None


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.9999])
def test_a_truncated_one_is_none(made: Path, json_stamp: str, part: float) -> None:
    content = made.read_bytes()
    made.write_bytes(content[: int(part * len(content))])
    assert trusted_index(made, json_stamp) is None


def test_a_longer_one_is_none(made: Path, json_stamp: str) -> None:
    made.write_bytes(made.read_bytes() + bytes(64))
    assert trusted_index(made, json_stamp) is None


def test_one_changed_bit_anywhere_makes_it_none(made: Path, json_stamp: str) -> None:
    content = made.read_bytes()
    trusted = []
    for at in [*range(0, 600, 7), *range(600, len(content), 61), *range(HEADER_BYTES, 4400)]:
        changed = bytearray(content)
        changed[at] ^= 1
        made.write_bytes(changed)
        if trusted_index(made, json_stamp) is not None:
            trusted.append(at)
    assert trusted == []


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": {"n_images": 0}},
        {"counts": {"n_images": -1}},
        {"counts": {"n_images": 100}},
        {"counts": {"n_features": 2**62}},
        {"counts": {"n_keys": "2"}},
        {"counts": {"n_pictures": None}},
        {"counts": {"more": 1}},
        {"digest": "no hex"},
        {"digest": None},
        {"checksum": "?"},
        {"checksum": 0},
        {"embedder": {"model": "x"}},
        {"embedder": 5},
    ],
)
def test_a_forged_header_is_none(
    made: Path, json_stamp: str, changes: dict[str, dict[str, object]]
) -> None:
    forge(made, **changes)
    assert trusted_index(made, json_stamp) is None


def test_rows_that_point_outside_are_none_even_with_the_right_checksum(
    made: Path, json_stamp: str
) -> None:
    index = trusted_index(made, json_stamp)
    assert index is not None
    arrays = index.arrays
    rows_at = HEADER_BYTES + arrays["rows"].ctypes.data - arrays["vectors"].ctypes.data
    with made.open("r+b") as file:
        file.seek(rows_at)
        file.write((1000).to_bytes(8, "little"))
        total = checksum(file)
    forge(made, checksum=total)
    assert trusted_index(made, json_stamp) is None


def test_a_header_with_the_longest_names_fits() -> None:
    embedder = EmbedderName(*["\\udc80" * 100] * 3)
    longest = 2**64 - 1
    header = Header(" ".join([str(longest)] * 5), bytes(32), embedder, Counts(*[longest] * 4), 0)
    assert len(header.encoded()) == HEADER_BYTES


def test_paths_are_hidden_and_those_in_the_cache_folder_differ_by_the_jsons_folder(
    tmp_path: Path,
) -> None:
    beside, here = index_paths(tmp_path / "a" / "x.json", tmp_path)
    _, there = index_paths(tmp_path / "b" / "x.json", tmp_path)
    assert beside == tmp_path / "a" / ".x.json.vectors"
    assert here != there
    assert here.parent == tmp_path


@pytest.mark.parametrize("change", ["time", "inode", "size"])
def test_the_stamp_changes_with_the_file(tmp_path: Path, change: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12")
    before = stamp(path.stat())
    if change == "inode":
        (tmp_path / "other").write_bytes(b"12")
        (tmp_path / "other").replace(path)
    elif change == "size":
        path.write_bytes(b"123")
    else:
        os.utime(path, ns=(1, 1))
    assert stamp(path.stat()) != before


def test_the_stamp_changes_with_the_content_though_size_and_time_are_set_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12")
    before = path.stat()
    time.sleep(0.02)
    path.write_bytes(b"21")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert stamp(path.stat()) != stamp(before)


@pytest.mark.parametrize(
    ("changed_ns", "tick_ns"), [(5_000_000_001, FINE_TICK_NS), (5_000_000_000, COARSE_TICK_NS)]
)
@pytest.mark.parametrize("later", ["st_mtime_ns", "st_ctime_ns"])
def test_a_file_changed_within_the_last_tick_is_racy(
    monkeypatch: pytest.MonkeyPatch, changed_ns: int, tick_ns: int, later: str
) -> None:
    monkeypatch.undo()
    times = {"st_mtime_ns": 0, "st_ctime_ns": changed_ns % 10**9} | {later: changed_ns}
    status = os.stat_result([0] * 10, times)
    answers = [is_racy(status, changed_ns + passed) for passed in (0, tick_ns - 1, tick_ns)]
    assert answers == [True, True, False]


@pytest.mark.parametrize(("times", "answer"), [((20**9, 3), False), ((3, 20**9), True)])
def test_a_modification_time_to_come_says_nothing_but_a_change_to_come_does(
    monkeypatch: pytest.MonkeyPatch, times: tuple[int, int], answer: bool
) -> None:
    monkeypatch.undo()
    status = os.stat_result([0] * 10, dict(zip(("st_mtime_ns", "st_ctime_ns"), times, strict=True)))
    assert is_racy(status, 10**10) == answer
