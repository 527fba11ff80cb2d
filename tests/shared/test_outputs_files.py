"""Files beside the results folder are replaced whole; folders in it are never in the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RunError
from shared.outputs import make_folder, replaced_file, unique_folders


class TestReplacedFile:
    def test_the_new_file_takes_the_place_of_the_old_one(self, tmp_path: Path) -> None:
        path = tmp_path / "list.json"
        path.write_text("old")
        with replaced_file(path) as file:
            file.write("new")
        assert path.read_text() == "new"

    def test_the_old_file_stands_until_the_new_one_is_complete(self, tmp_path: Path) -> None:
        path = tmp_path / "list.json"
        path.write_text("old")
        with replaced_file(path) as file:
            file.write("new")
            file.flush()
            assert path.read_text() == "old"

    def test_a_failing_block_keeps_the_old_file_and_leaves_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "list.json"
        path.write_text("old")

        def iter_failing() -> Iterator[str]:
            yield "new"
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), replaced_file(path) as file:
            file.writelines(iter_failing())
        assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"list.json": "old"}

    def test_a_file_that_cannot_be_written_ends_the_run(self, tmp_path: Path) -> None:
        with pytest.raises(RunError), replaced_file(tmp_path / "missing" / "list.json"):
            pass

    def test_what_is_written_is_utf8_with_its_own_line_ends(self, tmp_path: Path) -> None:
        with replaced_file(tmp_path / "list.json") as file:
            file.write("\u732b\n\r\n")
        assert (tmp_path / "list.json").read_bytes() == b"\xe7\x8c\xab\n\r\n"


class TestMakeFolder:
    def test_the_folders_above_are_made_too(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b").is_dir()

    def test_a_folder_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        make_folder(tmp_path)
        assert (tmp_path / "models").is_dir()

    def test_a_file_in_its_place_ends_the_run(self, tmp_path: Path) -> None:
        (tmp_path / "output").touch()
        with pytest.raises(RunError) as caught:
            make_folder(tmp_path / "output")
        assert caught.value.where == str(tmp_path / "output")


class TestUniqueFolders:
    TEXTS = st.text(st.characters(), max_size=8) | st.sampled_from(["cat", "CAT", "a/b", "a_b"])
    PATHS = st.lists(st.tuples(TEXTS, TEXTS), max_size=6)

    def distinctions(self, paths: list[tuple[str, str]]) -> list[str]:
        return [f"model-{i}" for i in range(len(paths))]

    @given(PATHS)
    def test_no_two_are_the_same_on_any_file_system(self, paths: list[tuple[str, str]]) -> None:
        folders = unique_folders(paths, self.distinctions(paths))
        assert len({folder.casefold() for folder in folders}) == len(paths)

    @given(PATHS)
    def test_each_is_two_folders_deep_below_the_root(self, paths: list[tuple[str, str]]) -> None:
        for folder in unique_folders(paths, self.distinctions(paths)):
            above, last = Path(folder).parts
            assert not above.startswith(".")
            assert not last.startswith(".")

    def test_plain_texts_stay_as_they_are(self) -> None:
        (folder,) = unique_folders([("ovr-svm", "cat")], ["x"])
        assert Path(folder) == Path("ovr-svm", "cat")

    @pytest.mark.parametrize("file", ["output.json", "problems.csv", "OUTPUT.JSON"])
    def test_none_takes_the_place_of_the_folders_own_files(self, file: str) -> None:
        (folder,) = unique_folders([(file, "cat")], ["x"])
        assert Path(folder).parts[0].casefold() != file.casefold()

    def test_each_part_fits_a_file_system(self) -> None:
        names = [f"model-{'a' * 200}-{i}" for i in range(4)]
        folders = unique_folders([("svm", "b" * 200)] * 4, names)
        assert max(len(part) for folder in folders for part in Path(folder).parts) <= 255
