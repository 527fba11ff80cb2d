"""The databases under which nothing may be lost: how a run is told of them, what it left there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from sqlalchemy import Connection, NullPool, create_engine, text

from tests.postgres import Server

Rows = list[tuple[object, ...]]

QUERIES = {
    "containers": """
        SELECT address, stamp, read_under, state, fate, reason, is_decided FROM containers""",
    "members": """
        SELECT c.address, m.entry, m.file_path, m.parent, m.file_name, m.fate, m.reason,
               p.content_sha256
        FROM members m JOIN containers c ON c.id = m.container_id
        LEFT JOIN pictures p ON p.id = m.picture_id""",
    "pictures": "SELECT content_sha256, hash_id, mode, width, height, format FROM pictures",
    "scorings": """
        SELECT c.address, k.model_name, s.version, s.complete, s.n_rows
        FROM scorings s JOIN containers c ON c.id = s.container_id
        JOIN classifiers k ON k.id = s.classifier_id""",
    "scores": """
        SELECT s.file_name, s.file_path, s.archive_path, s.type, s.hash_id, s.model_name,
               s.model_type, s.model_train_date, s.tag, s.tag_score, m.file_path, k.model_name
        FROM zip_score_cache s JOIN members m ON m.id = s.member_id
        JOIN classifiers k ON k.id = s.classifier_id""",
    "thresholds": """
        SELECT t.tag, k.model_name, t.version, t.threshold, t.chosen_by
        FROM thresholds t JOIN classifiers k ON k.id = t.classifier_id""",
    "decided": """
        SELECT m.file_path, d.tag, c.address
        FROM decided d JOIN members m ON m.id = d.member_id
        JOIN containers c ON c.id = d.container_id""",
    "changes": """
        SELECT m.file_path, d.tag, d.is_gained
        FROM changes d JOIN members m ON m.id = d.member_id""",
    "results": "SELECT directory, decisions FROM results",
}
"""Everything that a run leaves in the database, without ids, revisions and times."""


class DatabaseUnderTest(Protocol):
    """One kind of database."""

    @property
    def name(self) -> str:
        """What it is called."""

    def options(self, output: Path, /) -> tuple[str, ...]:
        """What a command line says of it."""

    def url(self, output: Path) -> str:
        """Where SQLAlchemy finds what the runs of an output folder have left."""

    def exists(self, output: Path) -> bool:
        """Tell whether a run has got so far as to make it."""

    def copy(self, output: Path, target: Path) -> None:
        """Give another folder the same database; the folder's files are copied already."""

    def move(self, output: Path, target: Path) -> None:
        """Give another folder the database itself; the folder's files are moved already."""

    def damage(self, connection: Connection) -> Rows:
        """What the database's own check finds wrong; nothing where all is well."""


class Sqlite:
    """The default: a file in the output folder."""

    name = "sqlite"

    def options(self, _: Path) -> tuple[str, ...]:
        return ()

    def url(self, output: Path) -> str:
        return f"sqlite:///{output / 'zip_score_cache.sqlite'}"

    def exists(self, output: Path) -> bool:
        return (output / "zip_score_cache.sqlite").exists()

    def copy(self, output: Path, target: Path) -> None:
        """The file is copied with its folder."""

    def move(self, output: Path, target: Path) -> None:
        """The file is moved with its folder."""

    def damage(self, connection: Connection) -> Rows:
        checks = ("PRAGMA integrity_check", "PRAGMA foreign_key_check")
        found = [tuple(row) for check in checks for row in connection.execute(text(check))]
        return [row for row in found if row != ("ok",)]


@dataclass(frozen=True)
class Postgresql:
    """A server that goes on when a run is killed; each output folder has a database there."""

    server: Server
    urls: dict[Path, str] = field(default_factory=dict)

    name: ClassVar[str] = "postgresql"

    def options(self, output: Path) -> tuple[str, ...]:
        return (f"--database_url={self.url(output)}",)

    def url(self, output: Path) -> str:
        if output not in self.urls:
            self.urls[output] = self.server.fresh_database()
        return self.urls[output]

    def exists(self, output: Path) -> bool:
        return output in self.urls

    def copy(self, output: Path, target: Path) -> None:
        self.urls[target] = self.server.copied_database(self.url(output))

    def move(self, output: Path, target: Path) -> None:
        self.urls[target] = self.urls.pop(output)

    def damage(self, _: Connection) -> Rows:
        """The server answers for its own pages: it was not killed."""
        return []


@contextmanager
def connected(database: DatabaseUnderTest, output: Path) -> Iterator[Connection]:
    """Open the database of an output folder, and leave nothing open behind."""
    engine = create_engine(database.url(output), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def rows(connection: Connection) -> dict[str, Rows]:
    """Everything that runs have left, comparable between databases and runs."""
    return {
        name: sorted((tuple(row) for row in connection.execute(text(query))), key=repr)
        for name, query in QUERIES.items()
    }
