"""The schema of a database: made where there is none, migrated where it is older, or refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert, inspect, select

from shared.database.tables import (
    Base,
    ContainerRow,
    DatasetCache,
    ScoreCache,
    SurveyRow,
    ZipScoreCache,
)
from shared.database.views import create_views, view_names
from shared.errors import RunError

MIGRATIONS = Path(__file__).parent / "migrations"
_CONTRACT_TABLES = (DatasetCache, ScoreCache, ZipScoreCache)
_OTHER_DATABASE = "Use another database, or move that table away."
_VERSIONS = Table("alembic_version", MetaData(), Column("version_num", Text, primary_key=True))


class OlderSchemaError(RunError):
    """A database that is to be read has the tables of an earlier version."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of database. Its steps are in ``migrations/<steps>``, the last of them ``version``.

    By ``own_columns`` of ``own_table``, in every version, it is told from a stranger's.
    """

    steps: str
    version: str
    own_table: str
    own_columns: frozenset[str]

    def prepare(self, connection: Connection, tables: Iterable[Table], where: str) -> None:
        """Make sure that the database has today's tables.

        Raises
        ------
        RunError
            Where a newer version made it, or it holds tables of another program. Nothing is
            written then.
        """
        names = set(inspect(connection).get_table_names())
        if self.own_table not in names:
            _create(connection, names, list(tables), where)
            connection.execute(insert(_VERSIONS).values(version_num=self.version))
            return
        columns = {str(one["name"]) for one in inspect(connection).get_columns(self.own_table)}
        if not columns >= self.own_columns:
            raise _strangers(where, self.own_table)
        found = _version(connection, names, where)
        if found != self.version:
            self._migrate(connection, found, where)

    def _migrate(self, connection: Connection, version: str, where: str) -> None:
        from alembic import command  # noqa: PLC0415 - slow to import, and hardly ever needed
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config()
        for option, place in (
            ("script_location", MIGRATIONS),
            ("version_locations", MIGRATIONS / self.steps),
        ):
            config.set_main_option(option, str(place).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise _newer(where, version, self.version) from error


SCORES = Schema(
    "scores",
    "0007",
    ContainerRow.__tablename__,
    frozenset({"address", "stamp", "read_under", "revision"}),
)


def prepare(connection: Connection, table: type[Base], where: str) -> None:
    """Make sure that the database has today's tables, those of one contract table among them.

    Raises
    ------
    RunError
        As of `Schema.prepare`, and where it holds another contract table, beside which the tables
        would be mixed up.
    """
    names = set(inspect(connection).get_table_names())
    others = {t.__tablename__ for t in _CONTRACT_TABLES if t is not table}
    if found := sorted(names & others):
        raise RunError(where, f"holds {found[0]} already", "Use a database of its own for each.")
    left_out = others | (
        {SurveyRow.__tablename__} if connection.dialect.name == "sqlite" else set()
    )
    tables = [t for t in Base.metadata.sorted_tables if t.name not in left_out]
    is_new = SCORES.own_table not in names
    if is_new and (taken := names & {*view_names(table.__tablename__)}):
        raise _strangers(where, min(taken))
    SCORES.prepare(connection, tables, where)
    if is_new:
        create_views(connection, table.__tablename__)


def check(connection: Connection, table: type[Base], where: str) -> None:
    """Make sure that a database that is only read has today's tables, this contract table too.

    Raises
    ------
    OlderSchemaError
        Where it has those of an earlier version.
    RunError
        Where it has others.
    """
    names = set(inspect(connection).get_table_names())
    if not names >= {SCORES.own_table, table.__tablename__}:
        found = f"holds no table {table.__tablename__}"
        raise RunError(where, found, "Name the output folder of a run of this stage.")
    found = _version(connection, names, where)
    if found > SCORES.version:
        raise _newer(where, found, SCORES.version)
    if found < SCORES.version:
        version = f"schema version {found}" if found else "a schema of before there were versions"
        remedy = "Run the stage that wrote it once more, which brings it up to date."
        raise OlderSchemaError(where, f"has {version}, {SCORES.version} is needed", remedy)


def _create(connection: Connection, names: set[str], tables: list[Table], where: str) -> None:
    if taken := sorted(names & {_VERSIONS.name, *(t.name for t in tables)}):
        raise _strangers(where, taken[0])
    for table in tables:
        table.create(connection)
    _VERSIONS.create(connection)


def _strangers(where: str, table: str) -> RunError:
    return RunError(where, f"holds another program's table {table}", _OTHER_DATABASE)


def _newer(where: str, found: str, known: str) -> RunError:
    return RunError(
        where,
        f"has schema version {found}, this program knows versions up to {known}",
        "Use the newer program that made it, or another database.",
    )


def _version(connection: Connection, names: set[str], where: str) -> str:
    """Version of the tables; empty for those of before there were versions."""
    if _VERSIONS.name not in names:
        return ""
    versions = connection.scalars(select(_VERSIONS.c.version_num)).all()
    if not all(versions):
        found = f"has an empty schema version in {_VERSIONS.name}"
        raise RunError(where, found, "Put a copy in its place, or use another database.")
    return versions[0] if versions else ""
