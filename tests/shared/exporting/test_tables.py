"""A table is what the database says, to whichever reader."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from shared.database.arrow import opened_batches
from shared.database.exports import PAGE_ROWS
from shared.errors import RunError
from shared.exporting.formats import Format
from shared.exporting.request import ExportRequest
from shared.exporting.run import export
from shared.exporting.tables import check_file
from shared.hashing import pixel_hash
from shared.progress import Silence
from tests.shared.exporting.scene import BOTH, CAT, DOG, Scene, archives, loose

Rows = list[dict[str, Any]]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = archives(tmp_path, {"a.zip": {"x/both.png": BOTH, "cat.png": CAT}})
    scene.answer(CAT, "cat", has_tag=True)
    told = "(tag, n_pictures, decided_share, mean_score, precision)"
    scene.sql(f"INSERT INTO estimates {told} VALUES ('dog', 2, 0.5, 0.5, 0.75)")
    scene.sql(
        "INSERT INTO novelties SELECT id, x'00', 0.25 FROM pictures"
        f" WHERE hash_id = '{pixel_hash(BOTH)}'"
    )
    return scene


def written(scene: Scene, to: Format, **changes: object) -> Path:
    request: ExportRequest = scene.request(to, f"table.{to}", **changes)
    assert export(request, Silence()).n_rows > 0
    return request.target


def expected(scene: Scene) -> Rows:
    def row(name: str, content: bytes, tag: str, score: float, **rest: object) -> dict[str, Any]:
        return {
            "file_name": name.rpartition("/")[2],
            "file_path": f"{scene.pictures}/a.zip!/{name}",
            "archive_path": f"{scene.pictures}/a.zip",
            "type": ".png",
            "hash_id": pixel_hash(content),
            "model_name": f"model-svm-tag-{tag}",
            "model_type": "svm",
            "model_train_date": {"dog": "2026-11-22, 18:50:00"}.get(tag),
            "tag": tag,
            "tag_score": score,
            "threshold": 0.5,
            "by_person": False,
            "precision": None,
            "novelty": None,
        } | rest

    return [
        row("cat.png", CAT, "cat", 0.9, by_person=True),
        row("x/both.png", BOTH, "cat", 0.6, novelty=0.25),
        row("x/both.png", BOTH, "dog", 0.7, novelty=0.25, precision=0.75),
    ]


def in_order(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row["file_path"], row["tag"]))


def by_pandas(frame: pd.DataFrame) -> Rows:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return in_order(rows)


def by_duckdb(source: str) -> Rows:
    answer = duckdb.connect().execute(f"SELECT * FROM {source}")
    names = [column[0] for column in answer.description or ()]
    return in_order([dict(zip(names, row, strict=True)) for row in answer.fetchall()])


def test_json_lines(scene: Scene) -> None:
    path = written(scene, "jsonl")
    assert in_order([json.loads(line) for line in path.read_text().splitlines()]) == expected(scene)


def test_pandas_reads_parquet(scene: Scene) -> None:
    assert by_pandas(pd.read_parquet(written(scene, "parquet"))) == expected(scene)


def test_pandas_reads_csv(scene: Scene) -> None:
    assert by_pandas(pd.read_csv(written(scene, "csv"))) == expected(scene)


def test_pandas_reads_json_lines(scene: Scene) -> None:
    frame = pd.read_json(written(scene, "jsonl"), lines=True, dtype=False, precise_float=True)
    assert by_pandas(frame) == expected(scene)


def test_duckdb_reads_parquet(scene: Scene) -> None:
    assert by_duckdb(f"'{written(scene, 'parquet')}'") == expected(scene)


@pytest.mark.parametrize("to", ["csv", "jsonl"])
def test_duckdb_reads_texts(scene: Scene, to: Format) -> None:
    source = f"'{written(scene, to)}'"
    rows = by_duckdb(f"(SELECT * REPLACE (CAST(tag_score AS DOUBLE) AS tag_score) FROM {source})")
    for one in rows:
        one["model_train_date"] = one["model_train_date"] or None
    assert rows == expected(scene)


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
def test_scores_of_loose_images_have_no_archive_and_no_threshold(
    tmp_path: Path, to: Format
) -> None:
    path = written(loose(tmp_path, {"1.png": CAT, "2.png": DOG}), to, what="scores")
    [*rows] = by_duckdb(f"'{path}'")
    assert [row["tag_score"] for row in rows] == [0.9, 0.2, 0.1, 0.8]
    assert list(rows[0])[-2:] == ["tag", "tag_score"]
    assert "archive_path" not in rows[0]


def test_a_score_keeps_every_digit(scene: Scene) -> None:
    scene.sql("UPDATE zip_score_cache SET tag_score = 0.1 + 0.2 WHERE tag = 'dog'")
    scene.sql("UPDATE thresholds SET threshold = 0")
    for to in ("csv", "jsonl", "parquet"):
        rows = by_duckdb(f"'{written(scene, to, tags=('dog',))}'")
        assert {float(row["tag_score"]) for row in rows} == {0.1 + 0.2}


def test_no_cell_of_csv_is_a_formula(tmp_path: Path) -> None:
    scene = archives(tmp_path, {"a.zip": {"=1+1.png": CAT, "x\ny.png": CAT}})
    with written(scene, "csv").open(newline="") as file:
        assert {row["file_name"] for row in csv.DictReader(file)} == {"'=1+1.png", r"x\ny.png"}


def test_json_and_parquet_keep_names_as_they_are(tmp_path: Path) -> None:
    scene = archives(tmp_path, {"a.zip": {"=1\n,\t\u202e\U0001f431.png": CAT}})
    for to in ("jsonl", "parquet"):
        [row] = by_duckdb(f"'{written(scene, to)}'")
        assert row["file_name"] == "=1\n,\t\u202e\U0001f431.png"


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
def test_a_table_may_be_empty(scene: Scene, to: Format) -> None:
    request = scene.request(to, min_score=0.99)
    assert export(request, Silence()).n_rows == 0
    if to != "jsonl":
        assert by_duckdb(f"read_{to}('{request.target}')") == []


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
def test_all_pages_are_written(tmp_path: Path, to: Format) -> None:
    scene = archives(tmp_path, {"a.zip": {"1.png": CAT}})
    more = (
        f"WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {PAGE_ROWS})"
    )
    members = "(id, container_id, entry, file_path, parent, file_name, fate, reason, picture_id)"
    copied = "container_id, i, file_path || i, parent, file_name, fate, reason, picture_id"
    scene.sql(f"INSERT INTO members {members} {more} SELECT i, {copied} FROM members, n")
    rows = "classifier_id, file_name, file_path || i, type, hash_id, model_name, model_type"
    rest = "model_train_date, tag, tag_score, archive_path"
    scene.sql(
        f"INSERT INTO zip_score_cache {more} SELECT i, {rows}, {rest} FROM zip_score_cache, n"
    )
    found = by_duckdb(f"'{written(scene, to, what='scores')}'")
    assert len(found) == 2 * (PAGE_ROWS + 1)
    assert len({(row["file_path"], row["tag"]) for row in found}) == len(found)


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for target in ("pipe", "link", "/dev/null"):
        with pytest.raises(RunError, match="a device or a pipe, a file is needed"):
            check_file(tmp_path / target, overwrite=True)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's list of open files")
def test_two_libraries_of_sqlite_never_have_the_database_open_together(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On closing it, one would take away the other's locks.
    open_then: list[list[Path]] = []

    def spying(*arguments: Any) -> Any:  # noqa: ANN401
        links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        ours = str(scene.database.resolve())  # other tests may have left theirs open
        open_then.append([link for link in links if str(link.readlink()).startswith(ours)])
        return opened_batches(*arguments)

    monkeypatch.setattr("shared.exporting.tables.opened_batches", spying)
    written(scene, "parquet")
    assert open_then == [[]]
