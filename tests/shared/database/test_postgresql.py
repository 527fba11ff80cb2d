"""What a server's words mean: some are said by one that will be up soon, others are final."""

import pytest
from sqlalchemy.exc import OperationalError

from shared.database.postgresql import is_gone, is_refusal, remedy

FAILED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
REFUSALS = [
    'FATAL:  password authentication failed for user "me"',
    'FATAL:  database "none" does not exist',
    'FATAL:  role "me" does not exist',
    'FATAL:  no pg_hba.conf entry for host "127.0.0.1"',
    "fe_sendauth: no password supplied",
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
