"""A connection to the database, its schema, and its failures in plain words. No queries."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection as Connection  # noqa: PLC0414 - for those who may not import it
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from shared.database import postgresql, schema, sqlite
from shared.database.tables import Base
from shared.errors import RunError

Place: TypeAlias = Path | str
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

RETRY_SECONDS = (0.5, 1, 2, 4, 8, 16)
"""Pauses before a server that has gone away is tried again."""


class Database:
    """One connection to one database, open for the length of a run."""

    def __init__(self, engine: Engine) -> None:
        self.where = _where(engine)
        self._dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
        self._engine = engine
        self._connection: Connection | None = None
        self._was_open = False

    def run(
        self,
        statement: Callable[Concatenate[Connection, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Run a function of statements in a transaction of its own: all or nothing is done.

        Where a server goes away meanwhile, the function is run again from its beginning, and it
        may be that its first transaction was committed: its statements must allow that.

        Raises
        ------
        RunError
            Where the database cannot be read or written: a full disk, no permission, damage, a
            server that stays away.
        """
        for pause in RETRY_SECONDS:
            try:
                with self._transaction() as connection:
                    return statement(connection, *args, **kwargs)
            except DBAPIError as error:
                if not self._may_pass(error):
                    raise self._failed(error) from error
                self.close()
                time.sleep(pause)
        with self.transaction() as connection:
            return statement(connection, *args, **kwargs)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit all or nothing of what the block does; it is not run again.

        Raises
        ------
        RunError
            Where the database cannot be read or written.
        """
        try:
            with self._transaction() as connection:
                yield connection
        except DBAPIError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def settle(self) -> None:
        """Have all that was committed written where it stays. On closing, failures are not told.

        Raises
        ------
        RunError
            Where that fails: a full disk, an I/O error.
        """
        if self._connection is None:
            return
        try:
            self._dialect.settle(self._connection)
        except DBAPIError as error:
            raise self._failed(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._was_open = True
        with self._connection.begin():
            yield self._connection

    def _may_pass(self, error: DBAPIError) -> bool:
        # A server that has let one in and does so no more is most likely on its way up.
        is_refused = not self._was_open and postgresql.is_refusal(error)
        return self._dialect.is_gone(error) and not is_refused

    def _failed(self, error: DBAPIError) -> RunError:
        return RunError(
            self.where, f"the database failed ({error.orig})", self._dialect.remedy(error)
        )


@contextmanager
def open_database(place: Place, table: type[Base]) -> Iterator[Database]:
    """Open, and where needed create, the database that holds a contract table.

    Parameters
    ----------
    place : Path or str
        An SQLite file, or a URL as SQLAlchemy spells it.
    table : type
        `ZipScoreCache`, `ScoreCache` or `DatasetCache`; the others of these are not created.

    Raises
    ------
    RunError
        Where it cannot be opened, or another run holds it.
    """
    with _opened(place, lambda engine: _prepare_to_write(engine, table)) as database:
        database.run(schema.prepare, table, database.where)
        yield database
        database.settle()


@contextmanager
def open_for_reading(place: Place) -> Iterator[Database]:
    """Open a database that another connection, perhaps of another process, writes meanwhile."""
    with _opened(place, _prepare_to_read) as database:
        yield database


@contextmanager
def _opened(place: Place, prepare: Callable[[Engine], None]) -> Iterator[Database]:
    try:
        engine = create_engine(_url(place))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise RunError("--database_url", f"{error}", postgresql.INSTALL) from error
    prepare(engine)
    database = Database(engine)
    try:
        yield database
    finally:
        database.close()
        engine.dispose()


def _url(place: Place) -> URL:
    return make_url(place) if isinstance(place, str) else URL.create("sqlite", database=str(place))


def _prepare_to_write(engine: Engine, table: type[Base]) -> None:
    if engine.dialect.name == "postgresql":
        postgresql.hold(engine, table.__tablename__, RETRY_SECONDS)
    else:
        sqlite.prepare(engine, "BEGIN IMMEDIATE")


def _prepare_to_read(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        sqlite.prepare(engine, "BEGIN")


def _where(engine: Engine) -> str:
    url = engine.url
    return url.database or "" if url.drivername == "sqlite" else url.render_as_string()
