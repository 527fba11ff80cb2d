"""Pages take the place of older ones at once: whoever looks finds the old ones or the new ones."""

from pathlib import Path

import pytest

from shared.errors import RunError
from shared.results.folder import unique_folders
from shared.results.pages.folder import PagesFolder


def written(results: Path, word: str) -> None:
    with PagesFolder(results, durable=True) as pages:
        pages.write("1.html", word)
        pages.finish(f"{pages.name}/1.html")


def shown(results: Path) -> str:
    """What the page says to which the index leads."""
    return (results / (results / "index.html").read_text()).read_text()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_newest_pages_are_all_that_is_left(tmp_path: Path, times: int) -> None:
    for word in ("one", "two", "three")[:times]:
        written(tmp_path, word)
        assert shown(tmp_path) == word
    assert len(list(tmp_path.iterdir())) == 2


def test_until_they_are_finished_the_old_ones_are_shown(tmp_path: Path) -> None:
    written(tmp_path, "old")
    with PagesFolder(tmp_path, durable=False) as pages:
        pages.write("1.html", "new")
        assert shown(tmp_path) == "old"
    assert shown(tmp_path) == "old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("step", ["rename", "iterdir"])
def test_a_run_that_is_killed_leaves_the_old_or_the_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    written(tmp_path, "old")

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    pages = PagesFolder(tmp_path, durable=False).__enter__()
    pages.write("1.html", "new")
    with monkeypatch.context() as patch:
        patch.setattr(Path, step, kill)
        with pytest.raises(KeyboardInterrupt):
            pages.finish(f"{pages.name}/1.html")
    assert shown(tmp_path) == {"rename": "old", "iterdir": "new"}[step]
    written(tmp_path, "newest")
    assert shown(tmp_path) == "newest"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_in_the_place_of_the_index_is_replaced(tmp_path: Path) -> None:
    results, other = tmp_path / "results", tmp_path / "other"
    results.mkdir()
    other.write_text("precious")
    (results / "index.html").symlink_to(other)
    written(results, "new")
    assert (shown(results), other.read_text()) == ("new", "precious")


def test_a_link_in_the_place_of_older_pages_is_left_alone(tmp_path: Path) -> None:
    results, other = tmp_path / "results", tmp_path / "other"
    results.mkdir()
    other.mkdir()
    (other / "1.html").write_text("precious")
    (results / "pages").symlink_to(other)
    written(results, "new")
    assert (shown(results), (other / "1.html").read_text()) == ("new", "precious")


def test_no_classifiers_folder_can_be_taken_for_pages(tmp_path: Path) -> None:
    types = ["pages", "pages_2", "PAGES_31", "index.html"]
    for folder in unique_folders([(one, "cat") for one in types], types):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.png").touch()
    for word in ("one", "two"):
        written(tmp_path, word)
    assert len(list(tmp_path.rglob("1.png"))) == len(types)


def test_a_folder_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError), PagesFolder(tmp_path / "none", durable=False):
        pass
