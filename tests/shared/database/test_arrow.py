"""Batches of columns hold the rows that a statement chooses, whatever is in the first of them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from adbc_driver_sqlite import dbapi

from shared.database.arrow import _version, opened_batches
from shared.database.engine import open_given
from shared.database.exports import Chosen, row_columns, select_parts, select_rows
from shared.database.tables import ZipScoreCache
from shared.errors import RunError
from tests.shared.exporting.scene import CAT, DOG, Scene, archives


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return archives(tmp_path, {"a.zip": {f"{i}.png": (CAT, DOG)[i % 2] for i in range(10)}})


def table(scene: Scene, chosen: Chosen) -> pa.Table:
    with open_given(scene.database) as database:
        parts = database.run(select_parts, ZipScoreCache, chosen)
    with opened_batches(scene.database, parts) as batches:
        return pa.Table.from_batches(list(batches))


def test_they_hold_all_rows(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.arrow.BATCH_ROWS", 3)
    found = table(scene, Chosen("scores"))
    assert found.column_names == [*row_columns(ZipScoreCache, "scores")]
    assert found.num_rows == 20
    assert sorted(set(found["tag_score"].to_pylist())) == [0.1, 0.2, 0.8, 0.9]
    assert set(found["file_name"].to_pylist()) == {f"{i}.png" for i in range(10)}


def test_halves_come_by_turns_and_in_the_same_order_each_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.arrow.BATCH_ROWS", 3)
    names = table(scene, Chosen("scores"))["file_name"].to_pylist()
    # The row by which columns are typed stands in the first batch of each half.
    assert names[:6] == ["0.png", "0.png", "5.png", "5.png", "1.png", "1.png"]
    assert all(table(scene, Chosen("scores"))["file_name"].to_pylist() == names for _ in range(5))


def test_where_somebody_writes_as_it_is_opened_it_is_read_in_a_row(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = iter((1, 2))
    monkeypatch.setattr("shared.database.arrow._version", lambda _: next(versions))
    monkeypatch.setattr("shared.database.arrow.BATCH_ROWS", 3)
    found = table(scene, Chosen("scores"))["file_name"].to_pylist()
    assert found == [f"{i}.png" for i in range(10) for _ in range(2)]


def test_a_write_is_noticed(scene: Scene) -> None:
    with dbapi.connect(str(scene.database), autocommit=True) as watching:
        before = _version(watching)
        assert _version(watching) == before
        scene.sql_elsewhere("UPDATE zip_score_cache SET tag = 'cow'")
        assert _version(watching) != before


def test_what_is_read_is_of_one_moment(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.arrow.BATCH_ROWS", 3)
    with open_given(scene.database) as database:
        parts = database.run(select_parts, ZipScoreCache, Chosen("scores"))
    with opened_batches(scene.database, parts) as batches:
        first = next(batches)
        scene.sql_elsewhere("DELETE FROM zip_score_cache")
        assert first.num_rows + sum(batch.num_rows for batch in batches) == 20


def test_a_column_that_begins_with_nothing_has_its_type(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.arrow.BATCH_ROWS", 5)
    scene.sql("UPDATE zip_score_cache SET model_train_date = NULL WHERE member_id < 10")
    found = table(scene, Chosen("scores"))["model_train_date"]
    assert found.type == pa.string()
    assert found.null_count == 19


def test_values_of_a_choice_are_values_and_no_sql(scene: Scene) -> None:
    odd = Chosen("scores", tags=("cat' OR '1' = '1", "x"), archives=("%",), min_score=0.5)
    assert table(scene, odd).num_rows == 0
    assert table(scene, Chosen("scores", tags=("cat",), min_score=0.5)).num_rows == 5


def test_no_rows_are_no_error(scene: Scene) -> None:
    assert table(scene, Chosen(min_score=1.0)).num_rows == 0


def test_what_cannot_be_read_ends_the_run(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.database)) as database:
        [(size,)] = database.execute("PRAGMA page_size")
        [(page,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name LIKE '%_cache'")
    with scene.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    damaged = pytest.raises(RunError, match=r"zip_score_cache\.sqlite: cannot be read \(")
    with damaged, opened_batches(scene.database, [select_rows(ZipScoreCache, Chosen())]) as batches:
        list(batches)


def test_a_column_of_another_type_later_on_ends_it_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.arrow.BATCH_ROWS", 3)
    scene.sql("UPDATE zip_score_cache SET tag_score = 'high' WHERE member_id = 10")
    with pytest.raises(RunError, match="cannot be read"):
        table(scene, Chosen("scores"))
