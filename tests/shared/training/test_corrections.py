import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image

from shared.database.labels import Label
from shared.errors import RunError
from shared.hashing import pixel_hash_of_strips
from shared.records import Limits
from shared.training.corrections import Corrections, corrected, kept_labels, load_corrections
from tests.shared.training.world import STARTED

TAGS = ["cat", "a/b", "other-training"]


class Notes:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, n_total: int, caption: str) -> None:
        raise AssertionError(n_total, caption)

    def advance(self, n_members: int) -> None:
        raise AssertionError(n_members)

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        raise AssertionError(n_known, n_decoded)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def problem(self, address: str, reason: str) -> None:
        raise AssertionError("told to no one", address, reason)


def moved(path: Path, grey: int = 7) -> str:
    """Put a picture somewhere, and return its hash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", (3, 3), grey)
    image.save(path, "PNG")
    return pixel_hash_of_strips([image.tobytes()])


def load(folder: Path, tags: Iterable[str] = TAGS, notes: Notes | None = None) -> Corrections:
    return load_corrections(folder, tags, STARTED, notes or Notes())


def read(folder: Path, tags: Iterable[str] = TAGS) -> list[Label]:
    found = load(folder, tags)
    assert found.n_left_out == 0
    return list(found.labels)


def said(labels: list[Label]) -> set[tuple[str, str, bool]]:
    return {(one.hash_id, one.tag, one.has_tag) for one in labels}


def label(image_hash: str, tag: str, has_tag: bool) -> Label:
    return Label(image_hash, tag, has_tag, "by hand", "2026-11-22, 09:05:07")


def test_pictures_are_known_by_their_pixels(tmp_path: Path) -> None:
    yes = moved(tmp_path / "ovr-svm/cat/_yes/renamed.bin", 1)
    no = moved(tmp_path / "ovr-svm/cat/_no/2.png", 2)
    assert said(read(tmp_path)) == {(yes, "cat", True), (no, "cat", False)}


def test_a_label_has_its_date_and_its_source(tmp_path: Path) -> None:
    path = tmp_path / "cat/_yes/1.png"
    moved(path)
    (found,) = read(tmp_path)
    assert (found.date, found.source) == ("2026-11-22, 09:05:07", str(path))


def test_a_tag_is_known_by_the_name_that_its_folder_was_given(tmp_path: Path) -> None:
    found = moved(tmp_path / "ovr-svm/a_b/_yes/1.png")
    assert said(read(tmp_path)) == {(found, "a/b", True)}


@pytest.mark.parametrize("folder", ["dog", "other-training", "x_y"])
def test_what_lies_in_a_folder_of_no_tag_or_of_two_is_told_and_counted(
    tmp_path: Path, folder: str
) -> None:
    notes = Notes()
    for name in ("1.png", "2.png"):
        moved(tmp_path / folder / "_yes" / name)
    assert load(tmp_path, [*TAGS, "x/y", "x\\y"], notes) == Corrections((), 2)
    assert [one.endswith("left out") for one in notes.said] == [True, True]


def test_a_folder_without_answers_is_told(tmp_path: Path) -> None:
    notes = Notes()
    moved(tmp_path / "svm/cat/1.0/1.png")
    assert load(tmp_path, notes=notes) == Corrections((), 0)
    assert len(notes.said) == 1


def test_a_picture_with_both_answers_has_none(tmp_path: Path) -> None:
    notes = Notes()
    for place in ("svm/cat/_yes/1.png", "line/cat/_no/1.png", "third/cat/_yes/1.png"):
        moved(tmp_path / place)
    assert load(tmp_path, notes=notes) == Corrections((), 1)
    assert len(notes.said) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_told_and_counted(tmp_path: Path, content: bytes) -> None:
    notes = Notes()
    moved(tmp_path / "cat/_yes/1.png")
    (tmp_path / "cat/_yes/2.png").write_bytes(content)
    found = load(tmp_path, notes=notes)
    assert (len(found.labels), found.n_left_out) == (1, 1)
    assert notes.said[0].startswith(str(tmp_path / "cat/_yes/2.png"))


def test_what_is_no_plain_file_is_told_and_counted(tmp_path: Path) -> None:
    notes = Notes()
    moved(tmp_path / "cat/_yes/folder/1.png")
    os.mkfifo(tmp_path / "cat/_yes/pipe")
    (tmp_path / "cat/_yes/link").symlink_to("nowhere")
    assert load(tmp_path, notes=notes) == Corrections((), 3)
    assert len(notes.said) == 3


def test_a_picture_that_only_generous_limits_let_through_is_a_label(tmp_path: Path) -> None:
    path = tmp_path / "cat/_yes/1.png"
    path.parent.mkdir(parents=True)
    image = Image.new("1", (10_000, 6_000))
    assert image.width * image.height > 1e6 * Limits().max_megapixels
    image.save(path)
    assert len(read(tmp_path)) == 1


def test_hidden_files_and_litter_are_passed_by(tmp_path: Path) -> None:
    moved(tmp_path / "cat/_yes/.thumbs")
    moved(tmp_path / "cat/_yes/Thumbs.db")
    assert read(tmp_path) == []


def test_a_file_that_is_named_as_an_answer_is_no_folder_of_answers(tmp_path: Path) -> None:
    moved(tmp_path / "cat/_yes")
    assert read(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("folder", ["cat", "cat/_yes"])
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, folder: str) -> None:
    moved(tmp_path / "cat/_yes/1.png")
    (tmp_path / folder).chmod(0)
    with pytest.raises(RunError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / folder).chmod(0o700)


def test_a_label_tells_its_results_folder_however_that_was_spelled(tmp_path: Path) -> None:
    moved(tmp_path / "cat/_yes/1.png")
    (found,) = read(tmp_path / "cat" / "..")
    assert found.folder == str(tmp_path.resolve())


def test_pictures_that_stay_in_their_bins_say_nothing(tmp_path: Path) -> None:
    moved(tmp_path / "ovr-svm/cat/0.9/1.png")
    assert read(tmp_path) == []


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="--corrections"):
        read(tmp_path / "none")


def test_labels_win_over_the_lists() -> None:
    lists = {"cat": ["a", "b"], "dog": ["c"]}
    labels = [label("b", "cat", False), label("c", "cat", True)]
    found = corrected(lists, labels)
    assert found.tags == {"cat": ["a", "c"], "dog": ["c"]}
    assert found.denied == {"cat": ["b"]}
    assert lists == {"cat": ["a", "b"], "dog": ["c"]}


def test_labels_of_tags_that_are_not_trained_have_no_effect() -> None:
    found = corrected({"cat": ["a"]}, [label("b", "gone", True), label("a", "gone", False)])
    assert (found.tags, found.denied) == ({"cat": ["a"]}, {})


def test_without_labels_no_database_is_made(tmp_path: Path) -> None:
    assert kept_labels(tmp_path, []) == []
    assert list(tmp_path.iterdir()) == []


def test_labels_are_kept(tmp_path: Path) -> None:
    kept_labels(tmp_path, [label("a", "cat", True)])
    assert said(kept_labels(tmp_path, [])) == {("a", "cat", True)}
