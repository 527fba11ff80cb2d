"""Folders in the results folder are never in each other's way."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.results.folder import unique_folders


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
