import numpy as np
import pytest
from sqlalchemy import insert, select

from shared.database.engine import Database
from shared.database.pictures import stored_embedders, stored_vectors
from shared.database.scores import uncertain_rows
from shared.database.tables import EmbeddingRow, PictureRow

FACTS = {"mode": "L", "width": 1, "height": 1, "format": "PNG", "n_bytes": 1}


def add_vectors(database: Database, *names: str, embedder: str = "test") -> None:
    with database.transaction() as connection:
        for name in names:
            picture = insert(PictureRow).values(hash_id=name, content_sha256=name.encode(), **FACTS)
            connection.execute(picture)
            number = select(PictureRow.id).where(PictureRow.hash_id == name).scalar_subquery()
            vector = np.full(3, float(name), "<f4").tobytes()
            row = {"picture_id": number, "embedder": embedder, "vector": vector}
            connection.execute(insert(EmbeddingRow).values(row))


def test_vectors_are_found_by_the_hash_of_their_picture(database: Database) -> None:
    add_vectors(database, "1", "2")
    found = database.run(stored_vectors, ["2", "3"], "test")
    assert {name: vector.tolist() for name, vector in found.items()} == {"2": [2, 2, 2]}


def test_vectors_of_another_embedder_are_not_taken(database: Database) -> None:
    add_vectors(database, "1", embedder="other")
    assert database.run(stored_vectors, ["1"], "test") == {}


@pytest.mark.parametrize("count", [0, 500, 1201])
def test_any_number_of_pictures_may_be_asked_for(database: Database, count: int) -> None:
    add_vectors(database, "1")
    asked = [str(-number) for number in range(2, count + 2)]
    assert list(database.run(stored_vectors, [*asked, "1"], "test")) == ["1"]


def test_a_tag_without_scores_has_no_rows(database: Database) -> None:
    assert database.run(uncertain_rows, "cat") == []


def test_the_embedders_of_all_vectors_are_told_once(database: Database) -> None:
    assert database.run(stored_embedders) == []
    add_vectors(database, "1", "2", embedder="b")
    add_vectors(database, "3", embedder="a")
    assert database.run(stored_embedders) == ["a", "b"]
