"""The schema of a database: made where there is none, migrated where it is older, or refused."""

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
from shared.errors import RunError

VERSION = "0003"
MIGRATIONS = Path(__file__).parent / "migrations"
_CONTRACT_TABLES = (DatasetCache, ScoreCache, ZipScoreCache)
_OTHER_DATABASE = "Use another database, or move that table away."
_OWN_COLUMNS = {"address", "stamp", "read_under", "revision"}
"""Of `containers`, in every version: by them it is told from a stranger's table of that name."""
_VERSIONS = Table("alembic_version", MetaData(), Column("version_num", Text, primary_key=True))


def prepare(connection: Connection, table: type[Base], where: str) -> None:
    """Make sure that the database has today's tables, those of one contract table among them.

    Raises
    ------
    RunError
        Where a newer version made it, where it holds another contract table, beside which the
        tables would be mixed up, or tables of another program. Nothing is written then.
    """
    names = set(inspect(connection).get_table_names())
    others = {t.__tablename__ for t in _CONTRACT_TABLES if t is not table}
    if found := sorted(names & others):
        raise RunError(where, f"holds {found[0]} already", "Use a database of its own for each.")
    if ContainerRow.__tablename__ not in names:
        _create(connection, names, others, where)
        return
    _check_own(connection, where)
    version = _version(connection, names, where)
    if version != VERSION:
        _migrate(connection, version, where)


def _create(connection: Connection, names: set[str], others: set[str], where: str) -> None:
    left_out = others | (
        {SurveyRow.__tablename__} if connection.dialect.name == "sqlite" else set()
    )
    wanted = [t for t in Base.metadata.sorted_tables if t.name not in left_out]
    if taken := sorted(names & {_VERSIONS.name, *(t.name for t in wanted)}):
        raise RunError(where, f"holds another program's table {taken[0]}", _OTHER_DATABASE)
    Base.metadata.create_all(connection, tables=wanted)
    _VERSIONS.create(connection)
    connection.execute(insert(_VERSIONS).values(version_num=VERSION))


def _check_own(connection: Connection, where: str) -> None:
    name = ContainerRow.__tablename__
    if not {column["name"] for column in inspect(connection).get_columns(name)} >= _OWN_COLUMNS:
        raise RunError(where, f"holds another program's table {name}", _OTHER_DATABASE)


def _version(connection: Connection, names: set[str], where: str) -> str:
    """Version of the tables; empty for those of before there were versions."""
    if _VERSIONS.name not in names:
        return ""
    versions = connection.scalars(select(_VERSIONS.c.version_num)).all()
    if not all(versions):
        found = f"has an empty schema version in {_VERSIONS.name}"
        raise RunError(where, found, "Put a copy in its place, or use another database.")
    return versions[0] if versions else ""


def _migrate(connection: Connection, version: str, where: str) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and hardly ever needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise RunError(
            where,
            f"has schema version {version}, this program knows versions up to {VERSION}",
            "Use the newer program that made it, or another database.",
        ) from error
