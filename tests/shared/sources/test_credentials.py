"""What is wrong with who asks ends the run; what is wrong with one object costs that one."""

import errno
import importlib
from collections.abc import Callable
from typing import Any

import pytest

from shared.sources.credentials import is_of_credentials, refusal
from tests.cluster.servers import need


def botocore_exceptions() -> Any:  # noqa: ANN401 - it ships no types
    """The errors of the library below S3's file system."""
    need("botocore")
    return importlib.import_module("botocore.exceptions")


def answered(code: str, translated: Callable[[str], OSError] = PermissionError) -> OSError:
    """An answer of S3 as its file system raises it: the words alone, the code behind them."""
    response = {"Error": {"Code": code, "Message": "words"}}
    error = translated("words")
    error.__cause__ = botocore_exceptions().ClientError(response, "GetObject")
    return error


def invalid(words: str) -> OSError:
    return OSError(errno.EINVAL, words)


@pytest.mark.parametrize(
    ("code", "translated"),
    [
        ("ExpiredToken", PermissionError),
        ("InvalidToken", invalid),
        ("InvalidAccessKeyId", PermissionError),
        ("SignatureDoesNotMatch", PermissionError),
        ("RequestTimeTooSkewed", PermissionError),
        ("AuthorizationHeaderMalformed", invalid),
    ],
)
def test_an_answer_about_who_asks_concerns_all_objects(
    code: str, translated: Callable[[str], OSError]
) -> None:
    error = answered(code, translated)
    assert is_of_credentials(error)
    assert code in refusal("s3://b", error).found


@pytest.mark.parametrize("code", ["AccessDenied", "403", "NoSuchKey", "InvalidObjectState"])
def test_an_answer_about_an_object_concerns_that_alone(code: str) -> None:
    assert not is_of_credentials(answered(code))


def test_credentials_that_are_not_there_concern_all_objects() -> None:
    exceptions = botocore_exceptions()
    missing = [
        exceptions.NoCredentialsError(),
        exceptions.ProfileNotFound(profile="none"),
        exceptions.UnauthorizedSSOTokenError(),
    ]
    assert all(is_of_credentials(error) for error in missing)


@pytest.mark.parametrize("error", [ConnectionResetError(), PermissionError(), ValueError()])
def test_other_errors_are_not_of_credentials(error: Exception) -> None:
    assert not is_of_credentials(error)
