import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.metadata import json_stream
from shared.metadata.json_stream import BrokenJsonError, Window, iter_entries, value_end

texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(['}"', "\\", "{[", ","])
integers = st.integers(-(2**63), 2**63)
leaves = st.none() | st.booleans() | integers | st.floats(allow_nan=False) | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)


def entries_of(text: bytes, block_bytes: int = 2**20) -> list[tuple[str, object]]:
    file = io.BytesIO(text)
    return list(iter_entries(Window(lambda n: file.read(min(n, block_bytes)))))


def breakage(text: bytes) -> BrokenJsonError:
    with pytest.raises(BrokenJsonError) as caught:
        entries_of(text)
    return caught.value


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(texts, values, max_size=5),
    st.sampled_from([None, 0, 4]),
    st.booleans(),
    st.integers(1, 40),
)
def test_entries_are_those_of_the_json_module_for_any_document_and_block_size(
    document: dict[str, Any], indent: int | None, ascii_only: bool, block_bytes: int
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    assert entries_of(text, block_bytes) == list(json.loads(text).items())


@settings(max_examples=40, deadline=None)
@given(values.filter(lambda value: isinstance(value, list | dict | str)))
def test_a_value_ends_where_it_is_complete_and_not_before(value: object) -> None:
    text = json.dumps(value).encode()
    ends = {value_end(text[:length], 0) for length in range(1, len(text))}
    assert (ends, value_end(text + b', "x"', 0)) == ({-1}, len(text))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(texts, values, min_size=1, max_size=3), st.data())
def test_every_cut_off_document_is_called_cut_off(
    document: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(document).encode()
    length = data.draw(st.integers(1, len(text) - 1))
    assert "cut off" in breakage(text[:length]).found


def test_equal_keys_are_all_yielded() -> None:
    assert entries_of(b'{"a": 1, "a": {"b": 2}}') == [("a", 1), ("a", {"b": 2})]


def test_white_space_of_any_length_is_stepped_over() -> None:
    space = b" \t\r\n" * 1000
    text = space + b"{" + space + b'"a"' + space + b":" + space + b"{}" + space + b"}" + space
    assert entries_of(text, block_bytes=64) == [("a", {})]


def test_numbers_that_only_the_json_module_reads_are_read() -> None:
    [(_, entry)] = entries_of(b'{"a": {"v": [1e999, -Infinity, 12345678901234567890123]}}')
    assert entry == {"v": [float("inf"), float("-inf"), 12345678901234567890123]}


def test_lone_surrogates_are_read_as_the_json_module_reads_them() -> None:
    assert entries_of(rb'{"\udc80": {"path": "\udcff"}}') == [("\udc80", {"path": "\udcff"})]


@pytest.mark.parametrize(
    ("text", "offset", "found"),
    [
        (b"nothing", 0, "{ is needed, found 'n'"),
        (b'{"a" 1}', 5, "a colon after the key is needed, found '1'"),
        (b'{"a": {}, }', 10, "a key in double quotes is needed, found '}'"),
        (b"{'a': 1}", 1, "a key in double quotes or } is needed"),
        (b'{"a": {} "b": {}}', 9, "a comma or } after the entry is needed"),
        (b'{"a": ,}', 6, "Expecting value"),
        (b'{"a": {"b": [1 2]}}', 15, "Expecting ',' delimiter"),
        (b'{"a": {"b": "\xff"}}', 13, "is not UTF-8"),
        (b'{"a": {"b": "c}\n, "d": 1}}', 15, "Invalid control character"),
        (b'{"a": {}} {', 10, "the object has ended, but the file goes on"),
        (b"{}}", 2, "the object has ended, but the file goes on"),
        (b'{"a": {"b": ' + b"1" * 5000 + b"}}", 6, "more digits than can be read"),
        (b'{"a":' * 200_000, 5005, "nests deeper than 1000 levels"),
        (b'{"a": ' + b"[" * 200_000, 1006, "nests deeper than 1000 levels"),
        (b"", 0, "cut off"),
        (b"{", 1, "cut off"),
    ],
)
def test_what_is_broken_is_told_with_its_place(text: bytes, offset: int, found: str) -> None:
    error = breakage(text)
    assert error.offset == offset
    assert found in error.found


def test_an_entry_without_an_end_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(json_stream, "MAX_ENTRY_BYTES", 10_000)
    served = [0]

    def read(n_bytes: int) -> bytes:
        served.append(n_bytes)
        return b"0," * (n_bytes // 2) if len(served) > 2 else b'{"a": {"v": ['

    with pytest.raises(BrokenJsonError, match="longer than"):
        list(iter_entries(Window(read)))
    assert sum(served) < 50_000
