"""Scores of one tag, the least certain first, and vectors, out of a database of stage 3 or 4."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, inspect, select

from shared.database.tables import EmbeddingRow, PictureRow, ScoreCache, ZipScoreCache
from shared.errors import RunError

MAX_PICTURES = 10_000
MAX_ASKED = 500


def uncertain_rows(connection: Connection, tag: str) -> list[tuple[str, str, float]]:
    """Hash, one address and mean score of the pictures whose scores are nearest to one half.

    Raises
    ------
    RunError
        Where the database holds no table of scores.
    """
    names = inspect(connection).get_table_names()
    for table in (ZipScoreCache, ScoreCache):
        if table.__tablename__ in names:
            score = func.avg(table.tag_score)
            statement = (
                select(table.hash_id, func.min(table.file_path), score)
                .where(table.tag == tag)
                .group_by(table.hash_id)
                .order_by(func.abs(score - 0.5), table.hash_id)
                .limit(MAX_PICTURES)
            )
            return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
    where = str(connection.engine.url.database)
    raise RunError(where, "holds no table of scores", "Give the database of stage 3 or 4.")


def stored_embedders(connection: Connection) -> list[str]:
    """Names of the embedders whose vectors are there, sorted."""
    if not inspect(connection).has_table(EmbeddingRow.__tablename__):
        return []
    names = select(EmbeddingRow.embedder).distinct().order_by(EmbeddingRow.embedder)
    return list(connection.scalars(names))


def stored_vectors(
    connection: Connection, hashes: Sequence[str], embedder: str
) -> dict[str, NDArray[np.float32]]:
    """Vectors that an embedder made of pictures, by their hashes; those that it has made."""
    found: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(hashes), MAX_ASKED):
        asked = hashes[start : start + MAX_ASKED]
        rows = connection.execute(
            select(PictureRow.hash_id, EmbeddingRow.vector)
            .join(EmbeddingRow, EmbeddingRow.picture_id == PictureRow.id)
            .where(PictureRow.hash_id.in_(asked), EmbeddingRow.embedder == embedder)
        )
        found.update({name: np.frombuffer(vector, "<f4") for name, vector in rows})
    return found
