import gc
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import orjson
import pytest

from shared.errors import RunError
from shared.metadata.arrays import Arrays, read_array
from shared.metadata.index import (
    COARSE_TICK_NS,
    FINE_TICK_NS,
    KINDS,
    index_paths,
    is_racy,
    stamp,
    trusted_index,
)
from shared.metadata.loading import Metadata

ENTRIES = {"a": {"embeddings_vector": [1.0, 2.0]}, "b": {"embeddings_vector": []}}

pytestmark = pytest.mark.usefixtures("no_ticks")


@pytest.fixture
def made(load: Callable[..., Metadata], json_path: Path) -> Path:
    load(ENTRIES)
    return json_path.with_name(".input-metadata.json.vectors")


@pytest.fixture
def json_stamp(made: Path, json_path: Path) -> str:
    assert made.exists()
    return stamp(json_path.stat())


def forge(path: Path, arrays: Arrays, facts: dict[str, object]) -> None:
    """Change what an index says and make its checksum right again."""
    with path.open("rb") as file:
        found = {name: read_array(file) for name in ("vectors", *KINDS)} | arrays
        told = orjson.loads(read_array(file).tobytes()) | facts
    with path.open("w+b") as file:
        for array in (*found.values(), np.frombuffer(orjson.dumps(told), "u1")):
            np.lib.format.write_array(file, array)
        file.seek(0)
        file.write(crc32(file.read()).to_bytes(4, "little"))


def test_an_index_is_trusted_for_the_file_it_was_made_of(made: Path, json_stamp: str) -> None:
    index = trusted_index(made, json_stamp)
    assert index is not None
    assert index.vectors.take(np.array([0])).tolist() == [[1.0, 2.0]]


def test_one_that_is_written_anew_with_nothing_changed_is_trusted(
    made: Path, json_stamp: str
) -> None:
    before = made.read_bytes()
    forge(made, {}, {})
    assert made.read_bytes() == before
    assert trusted_index(made, json_stamp)


def test_numpy_reads_the_vectors(made: Path) -> None:
    with made.open("rb") as file:
        assert np.load(file).tolist() == [1.0, 2.0]


def test_it_is_not_trusted_for_any_other(made: Path, json_stamp: str) -> None:
    assert trusted_index(made, json_stamp + "0") is None


def test_none_is_none(tmp_path: Path) -> None:
    assert trusted_index(tmp_path / "missing", "") is None


def test_a_folder_or_a_pipe_in_its_place_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert trusted_index(tmp_path, "") is None
    assert trusted_index(tmp_path / "pipe", "") is None


def test_a_link_in_its_place_is_none(made: Path, json_stamp: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(made)
    assert trusted_index(tmp_path / "link", json_stamp) is None


def test_one_of_an_earlier_release_is_none(made: Path, json_stamp: str) -> None:
    made.write_bytes(b"image vectors 1\n" + bytes(8000))
    assert trusted_index(made, json_stamp) is None


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
    for at in {*range(0, len(content), 3), *range(len(content) - 40, len(content))}:
        changed = bytearray(content)
        changed[at] ^= 1
        made.write_bytes(changed)
        if trusted_index(made, json_stamp) is not None:
            trusted.append(at)
    assert trusted == []


@pytest.mark.parametrize(
    "facts",
    [
        {"n_features": 0},
        {"n_features": -1},
        {"n_features": 1},
        {"n_features": 2.0},
        {"n_features": "2"},
        {"n_features": 2**62},
        {"digest": "no hex"},
        {"digest": None},
        {"embedder": {"model": "x"}},
        {"embedder": {"embeddings_type": 1, "model": "x", "pretrained": "y"}},
        {"embedder": 5},
    ],
)
def test_forged_facts_are_none_even_with_the_right_checksum(
    made: Path, json_stamp: str, facts: dict[str, object]
) -> None:
    forge(made, {}, facts)
    assert trusted_index(made, json_stamp) is None


FORGED: dict[str, Any] = {
    "no vectors": {"vectors": np.empty(0, "<f4"), "sizes": np.empty((0, 2), "<i4")},
    "vectors of another type": {"vectors": np.zeros(2, "<f8")},
    "vectors of another shape": {"vectors": np.zeros((1, 2), "<f4")},
    "more vectors": {"vectors": np.zeros(4, "<f4")},
    "more sizes": {"sizes": np.zeros((2, 2), "<i4")},
    "fewer keys": {"keys": np.zeros((2, 1), "<u8")},
    "one word for a key": {"keys": np.zeros((1, 2), "<u8")},
    "fewer flaws": {"flaws": np.zeros(1, "u1")},
    "unknown flaws": {"flaws": np.full(2, 200, "u1")},
    "rows of another type": {"rows": np.zeros(2, "<i4")},
    "rows beyond the end": {"rows": np.array([1, -2], "<i8")},
    "rows before the start": {"rows": np.array([0, -3], "<i8")},
    "one number": {"rows": np.array(0, "<i8")},
    "more contents": {"contents": np.zeros((4, 1), "<u8")},
    "pictures of another type": {"pictures": np.empty(0, "<f4")},
}


@pytest.mark.parametrize("arrays", FORGED.values(), ids=FORGED)
def test_forged_arrays_are_none_even_with_the_right_checksum(
    made: Path, json_stamp: str, arrays: Arrays
) -> None:
    forge(made, arrays, {})
    assert trusted_index(made, json_stamp) is None


def n_open_indexes() -> int:
    """How many files of vectors this process has open."""
    links = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own is closed by now
            links.append(str(path.readlink()))
    return sum(".vectors" in link for link in links)


class TestVectors:
    @pytest.fixture
    def metadata(self, load: Callable[..., Metadata]) -> Metadata:
        return load({f"k{n}": {"embeddings_vector": [n, -n]} for n in range(50)})

    @pytest.mark.parametrize(
        "rows", [[], [0], [49], [3, 4, 5, 0, 1], [7, 7, 6], list(range(50)), [49, 0, 48]]
    )
    def test_rows_come_in_the_order_in_which_they_were_asked_for(
        self, metadata: Metadata, rows: list[int]
    ) -> None:
        found = metadata.vectors_of(np.array(rows, np.int64))
        assert found.dtype == np.float32
        assert found.tolist() == [[n, -n] for n in rows]
        assert found.shape == (len(rows), 2)

    def test_what_is_changed_of_them_changes_nothing(self, metadata: Metadata) -> None:
        metadata.vectors[:] = 7
        assert metadata.vectors[1].tolist() == [1, -1]

    @pytest.mark.parametrize("n_bytes", [0, 128, 300])
    def test_a_file_that_is_cut_short_ends_the_run_and_not_the_process(
        self, metadata: Metadata, json_path: Path, n_bytes: int
    ) -> None:
        beside = json_path.with_name(f".{json_path.name}.vectors")
        os.truncate(beside, n_bytes)
        with pytest.raises(RunError, match="was cut short while it was used") as caught:
            metadata.vectors_of(np.array([0, 49]))
        assert caught.value.where == str(beside)
        assert metadata.rows(["k49", "none"]).tolist() == [49, -1]

    def test_a_disk_that_fails_ends_the_run(
        self, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> int:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("os.preadv", fail)
        with pytest.raises(RunError, match="cannot be read: Input/output error"):
            metadata.vectors_of(np.array([0]))

    def test_a_file_that_is_replaced_or_removed_stays_what_it_was(
        self, metadata: Metadata, json_path: Path
    ) -> None:
        json_path.with_name(f".{json_path.name}.vectors").unlink()
        assert metadata.vectors_of(np.array([2])).tolist() == [[2, -2]]

    def test_what_nobody_looks_at_any_more_is_closed(self, load: Callable[..., Metadata]) -> None:
        load(ENTRIES)
        gc.collect()
        before = n_open_indexes()
        for _ in range(3):
            load()
        gc.collect()
        assert n_open_indexes() == before


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
