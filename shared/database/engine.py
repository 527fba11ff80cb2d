"""A connection to the database, its schema, and its failures in plain words. No queries."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection as Connection  # noqa: PLC0414 - for those who may not import it
from sqlalchemy import Engine, Transaction, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from shared.database import postgresql, schema, sqlite
from shared.database.column_types import OddValue
from shared.database.tables import Base
from shared.errors import RunError

DatabasePlace: TypeAlias = Path | str
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

RETRY_SECONDS = (0.5, 1, 2, 4, 8, 16)
"""Pauses before a server that has gone away is tried again."""

STATEMENTS_KEPT = 16
"""By each of many connections: lists of all lengths make many statements, some kilobytes each."""

_POSTGRESQL = "postgresql+psycopg"
_SPELLINGS = (_POSTGRESQL, "postgresql", "postgres")
_OPTION = "--database_url"
_ALLOWED = (
    f"Give {_POSTGRESQL}://user@host/name, or leave it out: then SQLite keeps them in the output "
    "folder."
)


class BusyDatabaseError(RunError):
    """Another program has held an SQLite file for longer than was waited for."""


class Database:
    """One connection to one database, open for the length of a run.

    One that ``is_given`` is the user's to choose; others are where this program puts them.
    """

    def __init__(
        self,
        engine: Engine,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        *,
        is_given: bool = False,
        where: str = "",
    ) -> None:
        self.where = where or _where(engine)
        self._dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
        self._retry_seconds = retry_seconds
        self._is_given = is_given
        self._engine = engine
        self._connection: Connection | None = None
        self._was_open = False
        self._group: _RunGroup | None = None
        self._check: Callable[[Connection], None] | None = None
        self._is_checked = False

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
            server that stays away. Where it holds what no run has written.
        """
        for pause in self._retry_seconds:
            try:
                with self._transaction() as connection:
                    return statement(connection, *args, **kwargs)
            except OddValue as error:
                raise self._touched(error) from error
            except DBAPIError as error:
                if self._group or not self._may_pass(error):
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
        except OddValue as error:
            raise self._touched(error) from error
        except DBAPIError as error:
            raise self._failed(error) from error

    @contextmanager
    def grouped(self, n_runs: int) -> Iterator[None]:
        """Commit what is run in the block after each so many runs: those together, or none.

        Nothing is run again where a server goes away: some of the group would be lacking.

        Raises
        ------
        RunError
            Where the database cannot be written.
        """
        self._group = _RunGroup(n_runs)
        try:
            with self._group.all_or_nothing():
                yield
        except DBAPIError as error:
            raise self._failed(error) from error
        finally:
            self._group = None

    def check_anew(self, check: Callable[[Connection], None]) -> None:
        """Have a check made on each later connection: another run may have come between."""
        self._check = check

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
            self._was_open, self._is_checked = True, False
        with self._group.run(self._connection) if self._group else self._connection.begin():
            if self._check and not self._is_checked:
                self._check(self._connection)
            self._is_checked = True
            yield self._connection

    def _may_pass(self, error: DBAPIError) -> bool:
        # A server that has let one in and does so no more is most likely on its way up.
        is_refused = not self._was_open and postgresql.is_refusal(error)
        return self._dialect.is_gone(error) and not is_refused

    def _touched(self, error: OddValue) -> RunError:
        return RunError(self.where, error.found, error.remedy)

    def _failed(self, error: DBAPIError) -> RunError:
        words = " ".join(str(error.orig).split())  # a server's run over several lines
        remedy = sqlite.remedy_given if self._is_given else self._dialect.remedy
        kind = BusyDatabaseError if sqlite.is_busy(error) else RunError
        return kind(self.where, f"the database failed ({words})", remedy(error))


class _RunGroup:
    """Runs that are committed together, so many at a time."""

    def __init__(self, n_runs: int) -> None:
        self._n_runs = n_runs
        self._n_done = 0
        self._transaction: Transaction | None = None

    @contextmanager
    def run(self, connection: Connection) -> Iterator[None]:
        """Be one of them."""
        self._transaction = self._transaction or connection.begin()
        yield
        self._n_done += 1
        if self._n_done == self._n_runs:
            self._commit()

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Commit at the end what is left, and take it back where something fails."""
        try:
            yield
            self._commit()
        finally:
            if self._transaction:
                self._transaction.rollback()

    def _commit(self) -> None:
        if self._transaction:
            self._transaction.commit()
        self._transaction, self._n_done = None, 0


@contextmanager
def open_database(
    place: DatabasePlace, table: type[Base], retry_seconds: Sequence[float] = RETRY_SECONDS
) -> Iterator[Database]:
    """Open, and where needed create, the database that holds a contract table.

    Parameters
    ----------
    place : Path or str
        An SQLite file, or the URL of a PostgreSQL database.
    table : type
        `ZipScoreCache`, `ScoreCache` or `DatasetCache`; the others of these are not created.
    retry_seconds : sequence of float
        Pauses before a server that has gone away is tried again, or one that another holds.

    Raises
    ------
    RunError
        Where it cannot be opened, or another run holds it.
    """
    with _opened(place, _prepare_to_write, retry_seconds) as database:
        database.run(schema.prepare, table, database.where)
        yield database
        database.settle()


@contextmanager
def open_for_reading(place: DatabasePlace) -> Iterator[Database]:
    """Open a database that another connection, perhaps of another process, writes meanwhile."""
    with _opened(place, _prepare_to_read) as database:
        yield database


@contextmanager
def open_for_readers(place: DatabasePlace) -> Iterator[Callable[[], Database]]:
    """Open a database for many threads: each call gives a connection, as `open_for_reading`.

    What is known of statements is known to all of them. The connections are closed at the end.
    """
    few = {"cached_statements": STATEMENTS_KEPT} if isinstance(place, Path) else {}
    engine = engine_of(place, pool_size=0, connect_args=few)  # 0 is no limit
    _prepare_to_read(engine, ())
    given: list[Database] = []

    def one_more() -> Database:
        given.append(Database(engine))
        return given[-1]

    try:
        yield one_more
    finally:
        for database in given:
            database.close()
        engine.dispose()


@contextmanager
def open_given(place: DatabasePlace) -> Iterator[Database]:
    """Open a database of stage 3 or 4 that the user names, to read it.

    Raises
    ------
    RunError
        Where there is no such file; what it holds is found out when it is read.
    """
    if isinstance(place, Path) and not place.is_file():
        raise RunError(str(place), "is no file", "Run stage 3 or 4 first.")
    with _opened(place, _prepare_to_read, is_given=isinstance(place, Path)) as database:
        yield database


@contextmanager
def _opened(
    place: DatabasePlace,
    prepare: Callable[[Engine, Sequence[float]], None],
    retry_seconds: Sequence[float] = RETRY_SECONDS,
    *,
    is_given: bool = False,
) -> Iterator[Database]:
    engine = engine_of(place)
    prepare(engine, retry_seconds)
    database = Database(engine, retry_seconds, is_given=is_given)
    try:
        yield database
    finally:
        database.close()
        engine.dispose()


def engine_of(place: DatabasePlace, **options: Any) -> Engine:
    """Give what connects to a database; `RunError` where nothing here can."""
    try:
        return create_engine(_url(place), **options)
    except ModuleNotFoundError as error:
        found = f"PostgreSQL needs the package {error.name}, which is not installed"
        raise RunError(_OPTION, found, postgresql.INSTALL) from error


def spelled_place(place: DatabasePlace) -> str:
    """Spell where a database is, without a password."""
    return str(place) if isinstance(place, Path) else _url(place).render_as_string()


def _url(place: DatabasePlace) -> URL:
    if isinstance(place, Path):
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(place)
    except (ArgumentError, ValueError) as error:  # the latter of a port that is no number
        raise RunError(_OPTION, "not the URL of a database", _ALLOWED) from error
    if url.drivername not in _SPELLINGS:
        found = f"begins with {url.drivername}://, only PostgreSQL is supported"
        raise RunError(_OPTION, found, _ALLOWED)
    url = url.set(drivername=_POSTGRESQL)
    postgresql.check(url)
    return url


def _prepare_to_write(engine: Engine, retry_seconds: Sequence[float]) -> None:
    if engine.dialect.name == "postgresql":
        postgresql.prepare(engine)
        postgresql.hold(engine, retry_seconds)
    else:
        sqlite.prepare(engine, "BEGIN IMMEDIATE")


def _prepare_to_read(engine: Engine, _: Sequence[float]) -> None:
    if engine.dialect.name == "postgresql":
        postgresql.prepare(engine)
    else:
        sqlite.prepare(engine, "BEGIN")


def _where(engine: Engine) -> str:
    url = engine.url
    return url.database or "" if url.drivername == "sqlite" else url.render_as_string()
