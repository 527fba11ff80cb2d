import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from shared.database.labels import Label, load_words
from shared.errors import RunError
from shared.hashing import pixel_hash_of_strips
from shared.progress import Silence
from shared.records import Limits
from shared.results.answers import Answered, Shown, shown_content
from shared.training.corrections import Corrections, corrected, kept_labels, load_corrections
from tests.shared.training.world import STARTED

TAGS = ["cat", "a/b", "other-training"]


class Notes(Silence):
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


def load(
    folder: Path,
    tags: Iterable[str] = TAGS,
    notes: Notes | None = None,
    known: Iterable[Label] = (),
) -> Corrections:
    return load_corrections(folder, list(tags), known, STARTED, notes or Notes())


def left_out(found: Corrections) -> list[str]:
    """Fates of what was left out; nothing else was found."""
    assert found.labels == ()
    return [one.fate for one in found.left_out]


def read(folder: Path, tags: Iterable[str] = TAGS) -> list[Label]:
    found = load(folder, tags)
    assert found.left_out == ()
    return list(found.labels)


def said(labels: list[Label]) -> set[tuple[str, str, bool | None]]:
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
    assert left_out(load(tmp_path, [*TAGS, "x/y", "x\\y"], notes)) == ["bad_answer"] * 2
    assert [one.endswith("left out") for one in notes.said] == [True, True]


def test_a_folder_without_answers_is_told(tmp_path: Path) -> None:
    notes = Notes()
    moved(tmp_path / "svm/cat/1.0/1.png")
    assert left_out(load(tmp_path, notes=notes)) == []
    assert len(notes.said) == 1


def test_a_picture_with_both_answers_has_none(tmp_path: Path) -> None:
    notes = Notes()
    for place in ("svm/cat/_yes/1.png", "line/cat/_no/1.png", "third/cat/_yes/1.png"):
        moved(tmp_path / place)
    assert left_out(load(tmp_path, notes=notes)) == ["bad_answer"]
    assert len(notes.said) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_told_and_counted(tmp_path: Path, content: bytes) -> None:
    notes = Notes()
    moved(tmp_path / "cat/_yes/1.png")
    (tmp_path / "cat/_yes/2.png").write_bytes(content)
    found = load(tmp_path, notes=notes)
    assert (len(found.labels), len(found.left_out)) == (1, 1)
    assert notes.said[0].startswith(str(tmp_path / "cat/_yes/2.png"))


def test_what_is_no_plain_file_is_told_and_counted(tmp_path: Path) -> None:
    notes = Notes()
    moved(tmp_path / "cat/_yes/folder/1.png")
    os.mkfifo(tmp_path / "cat/_yes/pipe")
    (tmp_path / "cat/_yes/link").symlink_to("nowhere")
    assert left_out(load(tmp_path, notes=notes)) == [
        "not_regular",
        "unreadable",
        "not_regular",
    ]
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


@pytest.mark.parametrize("name", ["yes", "no", "Yes", "_NO", "no_"])
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_folder_that_is_nearly_called_as_an_answer_is_told_and_counted(
    tmp_path: Path, name: str, is_empty: bool
) -> None:
    notes = Notes()
    (tmp_path / "svm" / "cat" / name).mkdir(parents=True)
    if not is_empty:
        moved(tmp_path / "svm/cat" / name / "1.png")
    (one,) = load(tmp_path, notes=notes).left_out
    assert (one.address, one.fate) == (str(tmp_path / "svm/cat" / name), "bad_answer")
    assert one.reason.endswith(("call it _yes", "call it _no"))
    assert len(notes.said) == 1


@pytest.mark.parametrize("tag", ["yes", "_no"])
def test_a_tag_that_is_called_as_an_answer_is_a_tag(tmp_path: Path, tag: str) -> None:
    for answer in ("_yes", "_no"):
        (tmp_path / "svm" / tag / answer).mkdir(parents=True)
    found = moved(tmp_path / "svm" / tag / "_yes" / "1.png")
    moved(tmp_path / "svm" / tag / "0.5" / "2.png", 2)
    assert said(read(tmp_path, ["cat", tag])) == {(found, tag, True)}


@pytest.mark.parametrize("path", ["svm/cat~again", "svm/a_b", "svm/_yes", "svm/yes"])
def test_a_folder_is_that_of_the_tag_that_its_run_has_noted(tmp_path: Path, path: str) -> None:
    (tmp_path / ".answers").write_bytes(shown_content(Shown({path: "a/b"})))
    found = moved(tmp_path / path / "_yes" / "1.png")
    assert said(read(tmp_path, ["a/b", "a_b"])) == {(found, "a/b", True)}


@pytest.mark.parametrize("path", ["svm/cat", "svm/of a later tag"])
def test_a_folder_yes_is_told_whether_or_not_its_run_knew_the_tag(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / ".answers").write_bytes(shown_content(Shown({"svm/cat": "cat"})))
    moved(tmp_path / path / "yes" / "1.png")
    assert left_out(load(tmp_path, ["cat", "of a later tag"])) == ["bad_answer"]


def test_a_folder_of_a_tag_that_is_not_trained_any_more_is_told(tmp_path: Path) -> None:
    (tmp_path / ".answers").write_bytes(shown_content(Shown({"svm/a_b": "a/b"})))
    moved(tmp_path / "svm/a_b/_yes/1.png")
    assert left_out(load(tmp_path, ["a_b"])) == ["bad_answer"]


@pytest.mark.parametrize("answer", ["_yes", "_no"])
def test_a_link_in_the_place_of_an_answers_folder_is_told_and_not_followed(
    tmp_path: Path, answer: str
) -> None:
    moved(tmp_path / "elsewhere/1.png")
    (tmp_path / "results/svm/cat").mkdir(parents=True)
    (tmp_path / "results/svm/cat" / answer).symlink_to(tmp_path / "elsewhere")
    assert left_out(load(tmp_path / "results")) == ["bad_answer"]


def test_an_answers_folder_in_another_is_told(tmp_path: Path) -> None:
    moved(tmp_path / "svm/cat/_yes/_no/1.png")
    assert left_out(load(tmp_path)) == ["not_regular", "bad_answer"]


TAGS_SHOWN = {"line/cat": "cat", "svm/cat": "cat"}


class Story:
    """A results folder in which a person moves one picture, and what training makes of it."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.folder, self.output, self.day = folder, output, 0
        for kind in ("line", "svm"):
            self.hash_id = moved(folder / kind / "cat/0.5/1.png")
            for answer in ("_yes", "_no"):
                (folder / kind / "cat" / answer).mkdir()

    def move(self, old: str, new: str, kind: str = "svm") -> None:
        (self.folder / kind / "cat" / new).mkdir(exist_ok=True)
        (self.folder / kind / "cat" / old / "1.png").rename(
            self.folder / kind / "cat" / new / "1.png"
        )

    def place(self, answer: str) -> None:
        """Show an answer as a run does."""
        for kind in ("line", "svm"):
            self.move("0.5", answer, kind)
        placed = Answered(self.hash_id, "cat", answer == "_yes", "1.png")
        (self.folder / ".answers").write_bytes(shown_content(Shown(TAGS_SHOWN, [placed])))

    def read(self) -> list[bool | None]:
        """Read the folder on another day: what counts afterwards."""
        self.day += 1
        known = load_words(self.output / "labels.sqlite")
        day = STARTED + timedelta(days=self.day)
        found = load_corrections(self.folder, ["cat"], known, day, Notes())
        assert found.left_out == ()
        return [one.has_tag for one in kept_labels(self.output, found.labels)]

    def later(self) -> "Story":
        """Make a later results folder of the same output folder."""
        other = Story(self.folder.with_name(self.folder.name + "_2"), self.output)
        other.day = self.day
        return other


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "r", tmp_path)


@pytest.mark.parametrize("bin_name", ["0.5", "1.0", "0.125", "."])
def test_an_answer_is_taken_back_by_moving_the_picture_into_a_bin_or_beside_them(
    story: Story, bin_name: str
) -> None:
    story.move("0.5", "_yes")
    assert story.read() == [True]
    story.move("_yes", bin_name)
    assert story.read() == []
    assert story.read() == []


def test_an_answer_that_was_taken_back_may_be_given_again(story: Story) -> None:
    for old, new in (("0.5", "_yes"), ("_yes", "0.5"), ("0.5", "_yes")):
        story.move(old, new)
        last = story.read()
    assert last == [True]


def test_a_picture_of_another_classifier_that_stays_in_its_bin_takes_nothing_back(
    story: Story,
) -> None:
    story.move("0.5", "_yes")
    assert story.read() == story.read() == [True]


def test_an_answer_is_taken_back_however_the_folder_is_spelled(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.move("0.5", "_yes")
    story.read()
    story.move("_yes", "0.5")
    (story.output / "link").symlink_to(story.folder)
    monkeypatch.chdir(story.output)
    story.folder = Path("link")
    assert story.read() == []


@pytest.mark.parametrize(
    "source", ["", "/", r"\x00", "_yes", "../../1.png", r"/a\x00/b/_yes/c.png"]
)
def test_an_answer_whose_source_was_changed_stays(story: Story, source: str) -> None:
    folder = str(story.folder.resolve())
    changed = Label(story.hash_id, "cat", True, source, "2026-11-22, 09:05:07", folder)
    kept_labels(story.output, [changed])
    assert story.read() == [True]


def test_a_picture_that_was_copied_and_stays_in_its_bin_is_answered(story: Story) -> None:
    moved(story.folder / "svm/cat/_yes/1.png")
    assert story.read() == story.read() == [True]


def test_another_picture_of_that_name_takes_nothing_back(story: Story) -> None:
    story.move("0.5", "_yes")
    story.read()
    (story.folder / "svm/cat/_yes/1.png").unlink()
    moved(story.folder / "svm/cat/0.5/1.png", 99)
    assert story.read() == [True]


def test_a_picture_that_is_gone_from_the_folder_keeps_its_answer_and_is_told(
    story: Story,
) -> None:
    notes = Notes()
    story.move("0.5", "_yes")
    story.read()
    (story.folder / "svm/cat/_yes/1.png").unlink()
    assert story.read() == [True]
    load(story.folder, ["cat"], notes, load_words(story.output / "labels.sqlite"))
    assert "answers kept whose pictures are in it no more: 1" in notes.said[-1]


@pytest.mark.parametrize("answer", ["_yes", "_no"])
def test_what_a_run_has_put_there_is_no_new_answer(story: Story, answer: str) -> None:
    story.move("0.5", "_yes")
    story.read()
    second = story.later()
    second.place(answer)
    assert second.read() == [True]
    assert len(load_words(story.output / "labels.sqlite")) == 1


def test_what_a_run_has_put_there_is_an_answer_where_there_is_none_any_more(story: Story) -> None:
    story.place("_no")
    assert story.read() == [False]


@pytest.mark.parametrize("kinds", [["svm"], ["line"], ["line", "svm"]])
def test_what_a_run_has_put_there_is_taken_back_by_moving_any_of_it(
    story: Story, kinds: list[str]
) -> None:
    story.move("0.5", "_yes")
    story.read()
    second = story.later()
    second.place("_yes")
    for kind in kinds:
        second.move("_yes", "0.9", kind)
    assert second.read() == []
    assert story.read() == second.read() == []


def test_what_a_run_has_put_there_is_answered_otherwise_by_moving_any_of_it(story: Story) -> None:
    story.move("0.5", "_yes")
    story.read()
    second = story.later()
    second.place("_yes")
    second.move("_yes", "_no", "line")
    assert second.read() == [False]
    second.move("_no", "0.5", "line")
    assert second.read() == []
    second.move("0.5", "_yes", "line")
    assert second.read() == [True]


def test_an_older_folder_read_once_more_says_nothing_new(story: Story) -> None:
    story.move("0.5", "_yes")
    story.read()
    second = story.later()
    second.place("_yes")
    second.move("_yes", "_no")
    second.read()
    assert story.read() == [False]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"tags": {"svm/cat": 1}, "answered": []}',
        b'{"tags": {}, "answered": [["a", "b", 1, "c"]]}',
        b'{"tags": {}, "answered": [["a", "b", true]]}',
    ],
)
def test_a_note_of_what_was_answered_that_no_run_wrote_ends_the_run(
    story: Story, content: bytes
) -> None:
    (story.folder / ".answers").write_bytes(content)
    with pytest.raises(RunError, match="Delete it"):
        story.read()


def test_a_link_as_note_of_what_was_answered_is_not_followed(story: Story) -> None:
    (story.folder / ".answers").symlink_to("/dev/zero")
    with pytest.raises(RunError, match="Delete it"):
        story.read()


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
