"""Whole exports: a user's story, and what they take however much there is."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.shared.exporting.scene import CAT, DOG, Scene, archives
from tests.worlds import ROOT, command, zipped


def test_all_archives_that_are_mostly_cats_and_their_cats_with_captions(tmp_path: Path) -> None:
    mostly = {"1.png": CAT, "2.png": DOG, "in.zip": zipped({"3.png": CAT})}
    contents = {"cats.zip": mostly, "dogs.zip": {"4.png": DOG, "5.png": DOG, "6.png": CAT}}
    scene = archives(tmp_path, contents)
    with closing(sqlite3.connect(scene.database)) as database:
        question = "SELECT archive_path FROM archive_tags WHERE tag = 'cat' AND share > 0.5"
        found = sorted(row[0] for row in database.execute(question))
    assert found == [f"{scene.pictures}/cats.zip", f"{scene.pictures}/cats.zip!/in.zip"]
    target = tmp_path / "cats"
    chosen = [f"--archive={address}" for address in found]
    done = command(
        "stage4/export.py",
        *(f"--output={scene.output}", f"--target={target}", "--to=txt", "--tag=cat"),
        *chosen,
    )
    assert (done.exit_code, done.stdout) == (0, f"pictures 2 = copied 2 in {target}\n")
    assert {path.name: path.read_bytes() for path in target.iterdir() if path.stem in "13"} == {
        "1.png": CAT,
        "1.txt": b"cat",
        "3.png": CAT,
        "3.txt": b"cat",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("to", "n_rows"), [("csv", 20_000), ("jsonl", 20_000), ("parquet", 200_000)]
)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, to: str, n_rows: int) -> None:
    scene = archives(tmp_path, {"a.zip": {"1.png": CAT}})
    few = _peak_memory(scene, to, n_rows)
    assert _peak_memory(scene, to, 4 * n_rows) <= 1.2 * few


def _peak_memory(scene: Scene, to: str, n_rows: int) -> int:
    """What an export takes of so many rows of other pictures."""
    with closing(sqlite3.connect(scene.database)) as database, database:
        database.execute("DELETE FROM zip_score_cache WHERE member_id > 1")
        database.execute(
            "INSERT INTO zip_score_cache WITH RECURSIVE n (i) AS"
            f" (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {n_rows})"
            " SELECT i, classifier_id, file_name || i, file_path || i, type,"
            " hash_id, model_name, model_type, model_train_date, tag, tag_score, archive_path"
            " FROM zip_score_cache, n WHERE tag = 'cat'"
        )
    process = subprocess.Popen(
        [
            *(sys.executable, ROOT / "stage4" / "export.py", "--what=scores", "--overwrite"),
            *(f"--output={scene.output}", f"--target={scene.folder / f'new.{to}'}"),
        ],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss
