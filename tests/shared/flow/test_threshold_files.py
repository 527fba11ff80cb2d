"""A file of thresholds comes back as it was written, and what is none is refused in one line."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.decisions import InForce
from shared.errors import RunError
from shared.flow.threshold_files import check_free, check_tags, load_wishes, write_thresholds
from shared.names import storable_label

TAGS = st.text(min_size=1).map(storable_label)
NUMBERS = st.floats(0, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "my.toml"


@given(st.dictionaries(TAGS, NUMBERS))
def test_what_is_written_is_read(tmp_path: Path, numbers: dict[str, float]) -> None:
    path = tmp_path / "my.toml"
    rows = [InForce(tag, 1, b"", number, "recommended") for tag, number in numbers.items()]
    write_thresholds(path, rows, {1: "a\nb"})
    assert load_wishes(path) == numbers


def test_what_is_out_of_reach_stays_what_it_was_asked_for(path: Path) -> None:
    write_thresholds(path, [InForce("cat", 1, b"", None, "precision_95")], {1: "svm"})
    assert load_wishes(path) == {"cat": "precision_95"}


def test_a_person_reads_what_it_was_chosen_by(path: Path) -> None:
    write_thresholds(path, [InForce("cat", 1, b"", 0.25, "recommended")], {1: "model-svm"})
    assert path.read_text().splitlines()[-1] == '"cat" = 0.25  # recommended, model-svm'


@pytest.mark.parametrize(
    ("entry", "wish"), [("0", 0.0), ("1", 1.0), ('"precision_80"', "precision_80")]
)
def test_an_entry_is_a_number_or_a_name(path: Path, entry: str, wish: object) -> None:
    path.write_text(f"cat = {entry}")
    assert load_wishes(path) == {"cat": wish}


def test_an_editor_may_have_marked_the_file_as_utf_8(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfcat = 0.5\r\n")
    assert load_wishes(path) == {"cat": 0.5}


def test_a_long_entry_is_told_shortly(path: Path) -> None:
    path.write_text(f"cat = '{'x' * 10_000}'")
    with pytest.raises(RunError) as caught:
        load_wishes(path)
    assert len(caught.value.found) < 200


@pytest.mark.parametrize(
    "entry",
    [
        "1.01",
        "-0.1",
        "nan",
        "inf",
        "true",
        '"0.5"',
        '"precision_96"',
        "[0.5]",
        "{ a = 1 }",
        "2020-01-01",
    ],
)
def test_another_entry_is_refused_by_its_tag(path: Path, entry: str) -> None:
    path.write_text(f"cat = {entry}")
    with pytest.raises(RunError, match=r"'cat' is .*, allowed is a number from 0 to 1, or one of"):
        load_wishes(path)


@pytest.mark.parametrize(
    "content",
    [
        b"cat 0.5",
        b"cat = 0.5\ncat = 0.6",
        b"\xff\xfe",
        b"\x00",
        b"a = " + b"[" * 100_000,
        b"a." * 9999,
        b"a = " + b"9" * 5000,
        b"a = 0x" + b"f" * 5000,
    ],
)
def test_what_is_no_toml_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RunError, match="no TOML"):
        load_wishes(path)


def test_what_cannot_be_read_is_refused(path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read: No such file"):
        load_wishes(path)
    os.mkfifo(path)
    with pytest.raises(RunError, match="cannot be read: not a regular file"):
        load_wishes(path)


def test_a_tag_without_a_classifier_is_named_with_those_that_have_one(path: Path) -> None:
    check_tags(path, {"cat": 0.5}, ["dog", "cat"])
    with pytest.raises(RunError, match="'cow' has no classifier; there are cat, dog"):
        check_tags(path, {"cow": 0.5, "cat": 0.5}, ["dog", "cat", "cat"])


def test_what_is_there_is_not_written_over(path: Path) -> None:
    check_free(path)
    path.symlink_to("nowhere")
    with pytest.raises(RunError, match="exists already"):
        check_free(path)


def test_a_folder_that_is_not_there_is_told_before_a_run(path: Path) -> None:
    with pytest.raises(RunError, match="there is no such folder"):
        check_free(path / "below.toml")
