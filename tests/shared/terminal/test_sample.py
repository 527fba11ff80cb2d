"""The sample's command counts what it wrote, and names on stderr what stood in the way."""

from pathlib import Path

from tests.worlds import Run, command


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
