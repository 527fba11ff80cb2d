"""An insert may be run twice; only a clash with another key is an error."""

import pytest

from shared.database import bulk
from shared.database.bulk import ids_of, insert_new
from shared.database.engine import Database
from shared.database.scores import classifier_ids
from shared.database.tables import ClassifierRow, ContainerRow
from shared.errors import RunError
from tests.shared.database.world import column

ROWS = [{"model_name": "b"}, {"model_name": "a"}]


def test_rows_are_added_in_their_order(database: Database) -> None:
    database.run(insert_new, ClassifierRow, ROWS, ClassifierRow.model_name)
    assert column(database, ClassifierRow, "model_name") == ["b", "a"]


def test_rows_that_stand_already_stay_as_they_are(database: Database) -> None:
    for _ in range(2):
        database.run(insert_new, ClassifierRow, ROWS, ClassifierRow.model_name)
    assert column(database, ClassifierRow, "id") == [1, 2]


def test_new_ones_are_added_beside_those_that_stand(database: Database) -> None:
    database.run(insert_new, ClassifierRow, ROWS[:1], ClassifierRow.model_name)
    database.run(insert_new, ClassifierRow, ROWS, ClassifierRow.model_name)
    assert column(database, ClassifierRow, "model_name") == ["b", "a"]


def test_no_rows_add_nothing(database: Database) -> None:
    database.run(insert_new, ClassifierRow, [], ClassifierRow.model_name)
    assert column(database, ClassifierRow, "id") == []


def test_a_clash_with_another_key_is_an_error(database: Database) -> None:
    database.run(
        insert_new, ClassifierRow, [{"id": 1, "model_name": "a"}], ClassifierRow.model_name
    )
    with pytest.raises(RunError, match="UNIQUE"):
        database.run(
            insert_new, ClassifierRow, [{"id": 1, "model_name": "b"}], ClassifierRow.model_name
        )


def test_without_a_key_no_clash_is_one(database: Database) -> None:
    rows = [
        {"id": 1, "model_name": "a"},
        {"id": 1, "model_name": "b"},
        {"id": 2, "model_name": "c"},
    ]
    database.run(insert_new, ClassifierRow, rows)
    assert column(database, ClassifierRow, "model_name") == ["a", "c"]


def test_a_value_that_is_missing_is_an_error(database: Database) -> None:
    with pytest.raises(RunError, match="NOT NULL"):
        database.run(insert_new, ContainerRow, [{"address": "a.zip"}], ContainerRow.address)


@pytest.mark.parametrize("page", [1, 2, 500])
def test_ids_are_found_over_as_many_pages_as_it_takes(
    database: Database, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    names = ["model-a", "model-b", "model-c"]
    added = database.run(classifier_ids, names)
    monkeypatch.setattr(bulk, "PAGE", page)
    found = database.run(ids_of, ClassifierRow.model_name, ClassifierRow.id, [*names, "model-d"])
    assert found == added
