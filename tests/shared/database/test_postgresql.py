"""How a server is spoken to, and what its words mean: some say that it will be up soon."""

import time

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from shared.database import engine, postgresql
from shared.database.engine import open_database, open_for_reading
from shared.database.postgresql import is_gone, is_refusal, remedy
from shared.database.tables import ZipScoreCache
from shared.errors import RunError
from tests.postgres import Server

FAILED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
REFUSALS = [
    'FATAL:  password authentication failed for user "me"',
    'FATAL:  database "none" does not exist',
    'FATAL:  role "me" does not exist',
    'FATAL:  no pg_hba.conf entry for host "127.0.0.1"',
    "fe_sendauth: no password supplied",
    "server does not support SSL, but SSL was required",
    'invalid sslmode value: "evil"',
]
NOT_YET = [
    "FATAL:  the database system is starting up",
    "FATAL:  the database system is shutting down",
    "FATAL:  the database system is not yet accepting connections",
    "Connection refused",
    "server closed the connection unexpectedly",
]


def said(words: str) -> OperationalError:
    return OperationalError("", None, ConnectionError(FAILED + words))


@pytest.mark.parametrize("words", REFUSALS)
def test_who_is_not_let_in_is_told_what_to_look_at(words: str) -> None:
    assert is_refusal(said(words))
    assert "--database_url" in remedy(said(words))


@pytest.mark.parametrize("words", NOT_YET)
def test_a_server_that_is_away_or_starts_refuses_nobody(words: str) -> None:
    assert not is_refusal(said(words))
    assert is_gone(said(words))
    assert "server runs" in remedy(said(words))


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("h/d?nonsense=1", 'invalid connection option "nonsense"'),
        ("h/d?row_factory=1", 'invalid connection option "row_factory"'),
        ("h/d?port=1&port=2&host=a", "number of hosts and ports don't match"),
        ("h/%00", "holds a zero byte, %00"),
        ("h/d?options=-c%00", "holds a zero byte, %00"),
    ],
)
def test_a_url_that_the_client_library_does_not_understand_is_told_at_once(
    place: str, found: str
) -> None:
    with pytest.raises(RunError) as caught:
        open_database(f"postgresql+psycopg://u@{place}", ZipScoreCache).__enter__()
    assert (caught.value.found, caught.value.remedy) == (found, postgresql.LOOK)


@pytest.mark.parametrize("place", ["h:99999999/d", "h/d?connect_timeout=abc", "h/d?sslmode=evil"])
def test_values_of_a_url_that_cannot_be_used_are_not_tried_again(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("waited"))
    place = place.replace("h", "127.0.0.1", 1)
    with pytest.raises(RunError) as caught:
        open_database(f"postgresql+psycopg://u@{place}", ZipScoreCache).__enter__()
    assert caught.value.remedy == postgresql.LOOK


def other(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Another program's connection."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def encoded(server: Server, encoding: str) -> str:
    """Make an empty database of an encoding; give its URL."""
    url = server.fresh_database()
    name = f"of_{encoding.lower()}"
    with other(url) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        )
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_all_names_is_refused_as_it_is(
    server: Server, encoding: str
) -> None:
    url = encoded(server, encoding)
    with pytest.raises(RunError, match=f"its encoding is {encoding}") as caught:
        open_database(url, ZipScoreCache).__enter__()
    assert "ENCODING 'UTF8'" in caught.value.remedy
    query = b"SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    with other(url) as connection:
        assert connection.execute(query).fetchall() == [(0,)]


def test_a_client_that_is_set_to_another_encoding_does_not_matter(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with open_database(server.fresh_database(), ZipScoreCache) as database:
        assert database.run(lambda c: c.exec_driver_sql("SELECT '\u65e5'").scalar()) == "\u65e5"


@pytest.mark.parametrize("reads_only", [False, True])
def test_a_lock_of_another_program_is_waited_for_and_then_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, reads_only: bool
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_SECONDS", 0.05)
    url = server.fresh_database()
    with open_database(url, ZipScoreCache):
        pass
    opened = open_for_reading(url) if reads_only else open_database(url, ZipScoreCache)
    with opened as database, other(url) as holder, holder.transaction():
        holder.execute("LOCK TABLE members IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RunError, match="lock timeout") as caught:
            database.run(lambda c: c.exec_driver_sql("SELECT * FROM members"))
    assert "Another program has locked the table" in caught.value.remedy


def test_a_connection_that_was_idle_for_too_long_is_made_again(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def linger(connection: Connection) -> object:
        tries.append(1)
        if len(tries) == 1:
            connection.exec_driver_sql("SET idle_in_transaction_session_timeout = '1ms'")
            time.sleep(0.1)
        return connection.exec_driver_sql("SELECT 7").scalar()

    with open_database(server.fresh_database(), ZipScoreCache, (0, 0)) as database:
        assert database.run(linger) == 7
    assert (len(tries), caplog.records) == (2, [])


def test_a_connection_that_breaks_while_rows_are_inserted_is_told_by_its_error_alone(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.fresh_database()
    tries: list[int] = []

    def insert(connection: Connection) -> None:
        tries.append(1)
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        if len(tries) == 1:
            with other(url) as killer:
                killer.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        statement = "INSERT INTO classifiers (model_name) VALUES (%s)"
        connection.exec_driver_sql(statement, [(f"{i}",) for i in range(2000)])

    with open_database(url, ZipScoreCache, (0, 0)) as database:
        database.run(insert)
    assert (len(tries), caplog.records) == (2, [])


@pytest.mark.parametrize("when", ["first", "after"])
def test_a_server_that_goes_away_while_a_connection_is_set_up_is_told_in_a_line(
    server: Server, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(engine, "create_engine", lambda url: cut_off(create_engine(url), when))
    with pytest.raises(RunError, match="terminating connection") as caught:
        open_database(server.fresh_database(), ZipScoreCache, (0, 0)).__enter__()
    assert "server runs" in caught.value.remedy


def cut_off(created: Engine, when: str) -> Engine:
    """Have the server end each connection as it is set up."""

    @event.listens_for(created, "connect", insert=when == "first")
    def end(connection: psycopg.Connection[tuple[object, ...]], _: object) -> None:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    return created
