import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import RunError
from shared.metadata.arrays import BAD, key_digest, positions, words
from shared.metadata.building import CONTENT, ENTRY, Settled, built_index, settled
from shared.metadata.entries import Flaw
from shared.metadata.index import Index
from shared.metadata.opening import MetadataFile


def built(folder: Path, pairs: list[tuple[str, list[float]]]) -> Index:
    """Build from entries whose keys may repeat."""
    entries = [f'{json.dumps(key)}: {{"embeddings_vector": {vector}}}' for key, vector in pairs]
    path = folder / "m.json"
    path.write_text("{" + ",".join(entries) + "}")
    with MetadataFile(path) as opened:
        return built_index(opened, io.BytesIO(), path)


def vector_of(index: Index, key: str) -> list[float] | None:
    arrays = index.arrays
    row = arrays["rows"][positions(arrays["keys"], words([key_digest(key)], 2))[0]]
    return None if row == BAD else index.vectors.take(np.array([row]))[0].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_gaps_of_other_widths_and_superseded_entries_are_closed(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pairs = [
        (f"k{rng.randrange(60)}", [float(n)] * (rng.choice([1, 5, 7]) if n % 4 == 0 else 3))
        for n in range(100)
    ]
    index = built(tmp_path, pairs)
    expected = {key: vector if len(vector) == 3 else None for key, vector in pairs}
    assert {key: vector_of(index, key) for key in expected} == expected
    assert len(index.arrays["sizes"]) == sum(v is not None for v in expected.values())


def test_rows_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    index = built(tmp_path, [("b", [1.0]), ("a", [2.0]), ("c", [3.0]), ("b", [4.0])])
    assert index.vectors.take(np.arange(3)).tolist() == [[2], [3], [4]]


def test_every_vector_is_finite_and_float32(tmp_path: Path) -> None:
    vectors = built(tmp_path, [("a", [1e38, -1e-45])]).vectors.take(np.arange(1))
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_an_error_of_writing_is_not_taken_for_one_of_reading(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"a": {"embeddings_vector": [1]}}')
    (tmp_path / "full").touch()
    with (
        (tmp_path / "full").open("rb") as unwritable,
        MetadataFile(tmp_path / "m.json") as opened,
        pytest.raises(OSError, match="write"),
    ):
        built_index(opened, unwritable, tmp_path)


def test_an_error_of_reading_is_not_taken_for_one_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.json").write_text('{"a": {"embeddings_vector": [1]}}')

    class Failing:
        def __init__(self, path: Path) -> None:
            self._file = path.open("rb")

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def read(self, _: int) -> bytes:
            raise OSError(5, "Input/output error")

    with MetadataFile(tmp_path / "m.json") as opened:
        opened._file.close()
        failing = Failing(tmp_path / "m.json")
        monkeypatch.setattr(opened, "_file", failing)
        with pytest.raises(RunError, match="cannot be read: Input/output error"):
            built_index(opened, io.BytesIO(), tmp_path)


class Told(NamedTuple):
    key: str
    length: int
    flaw: Flaw = Flaw.NONE


told = st.builds(
    Told, st.sampled_from("abcde"), st.integers(1, 3), st.sampled_from([Flaw.NONE, Flaw.NAN])
)


def settle(entries: list[Told], files: list[tuple[int, bytes]] | None = None) -> Settled:
    rows = np.zeros(len(entries), ENTRY)
    rows["key"] = words((key_digest(entry.key) for entry in entries), 2).T
    rows["length"] = [entry.length if entry.flaw == Flaw.NONE else 0 for entry in entries]
    rows["flaw"] = [entry.flaw for entry in entries]
    rows["size"] = [(place + 1, 9) for place in range(len(entries))] or np.zeros((0, 2))
    contents = np.zeros(len(files or []), CONTENT)
    for content, (entry, digest) in zip(contents, files or [], strict=True):
        content["entry"], content["digest"] = entry, words([digest], 4)[:, 0]
        content["picture"]["width"] = entry + 1
    return settled(rows, contents)


def row_of(result: Settled, key: str) -> int:
    place = positions(result.arrays["keys"], words([key_digest(key)], 2))[0]
    return int(result.arrays["rows"][place])


def expected_rows(entries: list[Told]) -> dict[str, int]:
    """Do it slowly: the last entry of each key; the commonest width; rows in the file's order."""
    last = {entry.key: place for place, entry in enumerate(entries)}
    sound = [place for place in sorted(last.values()) if entries[place].flaw == Flaw.NONE]
    lengths = Counter(entries[place].length for place in sound)
    width = min(lengths, key=lambda length: (-lengths[length], length), default=0)
    good = [place for place in sound if entries[place].length == width]
    return {key: good.index(place) if place in good else BAD for key, place in last.items()}


@settings(max_examples=150, deadline=None)
@given(st.lists(told, max_size=8))
def test_rows_are_as_the_slow_way_numbers_them(entries: list[Told]) -> None:
    result = settle(entries)
    assert {key: row_of(result, key) for key in {e.key for e in entries}} == expected_rows(entries)


@settings(max_examples=100, deadline=None)
@given(st.lists(told, max_size=8))
def test_sources_are_where_the_vectors_of_the_rows_were_written(entries: list[Told]) -> None:
    starts, at = [], 0
    for entry in entries:
        starts.append(at)
        at += 4 * entry.length if entry.flaw == Flaw.NONE else 0
    result = settle(entries)
    places = result.arrays["sizes"][:, 0] - 1
    assert result.sources.tolist() == [starts[place] for place in places]


def test_one_odd_entry_at_the_front_does_not_make_the_others_bad() -> None:
    result = settle([Told("hostile", 3), Told("a", 2), Told("b", 2)])
    assert (result.n_features, row_of(result, "hostile")) == (2, BAD)


def test_of_two_equally_frequent_widths_the_smaller_counts_in_any_order() -> None:
    widths = {settle([Told("a", a), Told("b", b)]).n_features for a, b in [(2, 3), (3, 2)]}
    assert widths == {2}


def test_no_entries_settle_to_nothing() -> None:
    assert len(settle([]).sources) == 0


def test_a_file_that_two_entries_tell_differently_is_not_known() -> None:
    files = [(0, b"1" * 32), (1, b"2" * 32), (2, b"1" * 32)]
    result = settle([Told("a", 2), Told("b", 2), Told("c", 2)], files)
    assert result.arrays["pictures"]["width"].tolist() == [2]


def test_a_file_told_by_a_superseded_entry_is_not_known() -> None:
    result = settle([Told("a", 2), Told("a", 2)], [(0, b"1" * 32)])
    assert len(result.arrays["pictures"]) == 0
