"""The stream never reads past its end, and its budgets hold."""

import pickle

import pytest

from shared.classifiers.pickles import stream
from shared.classifiers.pickles.stream import NotDataError, RefusedError, Stream, quoted
from shared.errors import Fate, SkipError


def test_it_reads_on_from_where_it_is() -> None:
    source = Stream(b"\x01\x02\x00abc\xc3\xa9line\nrest")
    assert (source.opcode(), source.unsigned(2), source.take(3)) == (1, 2, b"abc")
    assert (source.text(2), source.line(), source.n_left) == ("é", "line", 4)


@pytest.mark.parametrize("n_bytes", [4, 2**31, 2**64 - 1])
def test_more_than_is_left_is_refused_and_never_allocated(n_bytes: int) -> None:
    with pytest.raises(RefusedError, match=f"{n_bytes} bytes should follow byte 0, 3 do"):
        Stream(b"abc").take(n_bytes)


def test_a_view_is_no_copy() -> None:
    content = b"abc"
    assert Stream(content).view(2).obj is content


def test_lone_surrogates_are_kept_as_pickle_keeps_them() -> None:
    assert Stream("\udc80".encode("utf-8", "surrogatepass")).text(3) == "\udc80"


def test_the_budget_of_operations_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_OPCODES", 2)
    source = Stream(b"NNN")
    source.opcode()
    source.opcode()
    with pytest.raises(RefusedError, match="more than 2 pickle operations"):
        source.opcode()


def test_the_budget_of_text_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_TEXT_BYTES", 5)
    source = Stream(b"abcdef")
    source.text(4)
    with pytest.raises(RefusedError, match="more than 5 bytes of text"):
        source.text(2)


def test_calls_get_no_more_than_the_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FREE_ARGUMENT_BYTES", 2)
    source = Stream(b"abc")
    source.spend(5)
    with pytest.raises(RefusedError, match="makes more out of its texts than it holds"):
        source.spend(1)


def test_a_text_that_is_too_long_for_the_file_is_called_truncated() -> None:
    with pytest.raises(RefusedError, match="truncated or damaged"):
        Stream(b"abc").text(2**63)


@pytest.mark.parametrize("content", [b"no end", b"a" * 300 + b"\n"])
def test_a_line_ends_soon(content: bytes) -> None:
    with pytest.raises(RefusedError, match="no line ends soon after byte 0"):
        Stream(content).line()


def test_a_refusal_costs_one_classifier_only() -> None:
    error = RefusedError("an empty file")
    assert isinstance(error, SkipError)
    assert (error.fate, error.reason) == (Fate.BAD_CLASSIFIER, "an empty file")


def test_a_refusal_survives_the_way_between_processes() -> None:
    assert pickle.loads(pickle.dumps(RefusedError("an empty file"))).reason == "an empty file"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("a\nb\x1b[2J", r"a\nb\x1b[2J"), ("x" * 99, "x" * 80 + "…")],
)
def test_a_quoted_text_stays_short_and_on_one_line(text: str, expected: str) -> None:
    assert quoted(text) == expected


def test_a_pickle_that_is_not_data_stays_one_on_the_way_between_processes() -> None:
    assert isinstance(pickle.loads(pickle.dumps(NotDataError("names x"))), NotDataError)
