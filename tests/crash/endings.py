"""Brings what a run has left half-done to its end, and tells what is wrong then."""

import subprocess
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from tests.crash.databases import connected
from tests.crash.scene import Scene
from tests.crash.standing import Standing, standing

LONGEST_SECONDS = 120
_MARK = "stood before"


def complaints(scene: Scene, output: Path, reference: Standing) -> list[str]:
    """Run to the end in an output folder where another run stopped; say what is wrong then.

    Rows that stand before are marked in a column that is empty in these collections: a row that
    is scored again loses its mark.
    """
    damage, n_before = _marked(scene, output)
    done = subprocess.run(
        scene.command(output),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    if (done.returncode, done.stderr) != (3, ""):
        return [*damage, f"exit code {done.returncode}: {done.stderr}"]
    n_kept = _unmarked(scene, output)
    lost = [f"{n_before - n_kept} rows were scored again"] if n_before != n_kept else []
    return damage + lost + standing(scene.database, output).differences(reference)


def _marked(scene: Scene, output: Path) -> tuple[list[str], int]:
    """Check the database and mark its score rows, where there is one yet."""
    if not scene.database.exists(output):
        return [], 0
    with connected(scene.database, output) as connection:
        damage = list(map(repr, scene.database.damage(connection)))
        if not inspect(connection).has_table("zip_score_cache"):
            return damage, 0
        return damage, _change(connection, None, _MARK)


def _unmarked(scene: Scene, output: Path) -> int:
    """Take the marks off and count them."""
    with connected(scene.database, output) as connection:
        return _change(connection, _MARK, None)


def _change(connection: Connection, before: str | None, after: str | None) -> int:
    condition = "IS NULL" if before is None else "= :before"
    values = {"after": after} | ({} if before is None else {"before": before})
    statement = (
        f"UPDATE zip_score_cache SET model_train_date = :after WHERE model_train_date {condition}"
    )
    return connection.execute(text(statement), values).rowcount
