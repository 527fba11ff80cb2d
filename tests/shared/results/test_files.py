"""Files beside the results folder are replaced whole, and what stopped runs left is swept."""

import csv
import errno
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest

from shared.errors import Fate, RunError
from shared.results.files import (
    clear_unfinished,
    make_folder,
    replaced_file,
    swept_folder,
    write_file,
    write_problems,
)
from shared.results.folder import ResultsFolder


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

    def test_the_remedy_names_no_option_that_some_stages_lack(self, tmp_path: Path) -> None:
        (tmp_path / "output").touch()
        with pytest.raises(RunError) as caught:
            make_folder(tmp_path / "output")
        assert caught.value.remedy.endswith("choose another output folder.")


class TestWriteFile:
    def test_the_new_bytes_take_the_place_of_the_old_ones(self, tmp_path: Path) -> None:
        for content in (b"old", b"\r\n\xff"):
            write_file(tmp_path / "1.pkl", content)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
            "1.pkl": b"\r\n\xff"
        }

    def test_a_folder_in_its_place_ends_the_run_and_leaves_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "1.pkl").mkdir()
        with pytest.raises(RunError) as caught:
            write_file(tmp_path / "1.pkl", b"new")
        assert caught.value.where == str(tmp_path / "1.pkl")
        assert [path.name for path in tmp_path.iterdir()] == ["1.pkl"]


class TestSweptFolder:
    def test_what_a_stopped_run_has_left_is_cleared(self, tmp_path: Path) -> None:
        left = tmp_path / ".unfinished_tagging_output_2023_1_21_0_55"
        (left / "svm").mkdir(parents=True)
        with swept_folder(tmp_path):
            assert not left.exists()

    def test_what_a_run_leaves_that_fails_is_cleared(self, tmp_path: Path) -> None:
        folder = ResultsFolder(tmp_path, datetime(2023, 1, 21), links=True)  # noqa: DTZ001

        def run() -> None:
            with swept_folder(tmp_path):
                folder.__enter__()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run()
        folder.__exit__(None, None, None)
        assert list(tmp_path.iterdir()) == []

    def test_what_cannot_be_cleared_ends_the_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        left = tmp_path / ".unfinished_tagging_output_2023_1_21_0_55"
        left.mkdir()

        def refuse(path: Path) -> NoReturn:
            raise OSError(errno.EIO, "Input/output error", path.name)

        monkeypatch.setattr("shutil.rmtree", refuse)
        with pytest.raises(RunError) as caught, swept_folder(tmp_path):
            pass
        assert caught.value.where == str(tmp_path)

    def test_clearing_follows_no_link(self, tmp_path: Path) -> None:
        (tmp_path / "precious").mkdir()
        (tmp_path / ".unfinished_link").symlink_to(tmp_path / "precious")
        clear_unfinished(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["precious"]

    def test_a_file_that_a_stopped_run_has_left_is_cleared_too(self, tmp_path: Path) -> None:
        left = tmp_path / ".unfinished_input-problems.csv"
        left.touch()
        clear_unfinished(tmp_path)
        assert not left.exists()

    def test_what_is_finished_or_not_ours_is_not_cleared(self, tmp_path: Path) -> None:
        kept = {"tagging_output_2023_1_21_0_56", ".hidden", "models", "input-metadata.json"}
        for name in kept:
            (tmp_path / name).mkdir()
        clear_unfinished(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == kept


class TestWriteProblems:
    def test_problems_csv_steers_no_terminal(self, tmp_path: Path) -> None:
        write_problems(tmp_path / "p.csv", [("a\n\x1b[2J\u202e.png", Fate.CRC, "line\r\nline")])
        with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
            _, row = csv.reader(file)
        assert row == [r"a\n\x1b[2J\u202e.png", "crc", r"line\r\nline"]

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff20"])
    def test_no_cell_is_a_formula_to_a_spreadsheet(self, tmp_path: Path, start: str) -> None:
        cell = f"{start}HYPERLINK(1).png"
        write_problems(tmp_path / "p.csv", [(cell, Fate.CRC, cell)])
        with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
            _, row = csv.reader(file)
        assert {text[0] for text in row} <= {"'", "\\", "c"}
        assert all(text.endswith("HYPERLINK(1).png") for text in row[::2])
