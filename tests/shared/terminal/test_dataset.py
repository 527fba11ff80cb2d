"""Stage 1 ends with what was found and written."""

from dataclasses import replace
from pathlib import Path

from shared.database.results import Totals
from shared.errors import Fate
from shared.flow.dataset import DatasetSummary
from shared.terminal.dataset import summary_lines
from tests.worlds import Run, command


def summary(fates: dict[Fate, int]) -> DatasetSummary:
    return DatasetSummary(
        totals=Totals(2, fates, {}, 0),
        n_hashes=4,
        n_tags=2,
        database=Path("output/dataset_cache.sqlite"),
        metadata_files=(Path("output/input-metadata.json"),),
        problems=Path("output/input-problems.csv"),
    )


def test_it_ends_with_what_was_found_and_written() -> None:
    assert summary_lines(summary({Fate.EMBEDDED: 5})) == [
        "folders 2 · members 5 = embedded 5",
        "images 4 in output/input-metadata.json · tags 2",
    ]


def test_where_there_are_problems_it_says_where_they_are_listed() -> None:
    lines = summary_lines(summary({Fate.EMBEDDED: 5, Fate.CORRUPT: 1}))
    assert lines[1] == "problems are listed in output/input-problems.csv"


def test_it_names_all_files_that_hold_the_metadata() -> None:
    files = (Path("output/m.json"), Path("output/m.parquet"))
    lines = summary_lines(replace(summary({Fate.EMBEDDED: 5}), metadata_files=files))
    assert lines[-1] == "images 4 in output/m.json and output/m.parquet · tags 2"


def write(folder: Path, *options: str) -> Run:
    return command("stage1/write_sample.py", f"--output_folder={folder}", *options)


def test_what_is_written_over_is_named_where_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path)
    taken = tmp_path / "archives" / "box-1.zip"
    for option, n_lines in {"--verbose": 1, "--quiet": 0}.items():
        taken.write_bytes(b"mine")
        assert write(tmp_path, option).stderr.count(f"{taken}: held something else") == n_lines


def test_a_folder_whose_name_could_steer_a_terminal_is_told_in_one_line(tmp_path: Path) -> None:
    done = write(tmp_path / "a\n\x1b[2J")
    assert done.stdout.endswith(r"/a\n\x1b[2J" + "\n")
    assert done.stdout.count("\n") == 1
