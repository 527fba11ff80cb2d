"""Whether a storage's error is about who asks, and so about all objects, or about one of them."""

from collections.abc import Iterator

from shared.errors import RunError

_CODES = frozenset(
    {
        "AccountProblem",
        "AuthorizationHeaderMalformed",
        "CredentialsNotSupported",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "MissingSecurityElement",
        "MissingSecurityHeader",
        "NotSignedUp",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""What S3 and its like answer to who is not known to them. `AccessDenied` is about what was asked
for: that may be one object of many."""
_TYPES = frozenset(
    {
        "ConfigNotFound",
        "ConfigParseError",
        "CredentialRetrievalError",
        "InvalidConfigError",
        "LoginError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "SSOError",
        "TokenRetrievalError",
        "UnknownCredentialError",
    }
)
"""What botocore raises where it has nothing to say who asks; by name, it is an extra."""
_REMEDY = (
    "Look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or at AWS_PROFILE and "
    "~/.aws, and at the clock; then run the same command again: what is done is kept."
)


def is_of_credentials(error: BaseException) -> bool:
    """Tell whether all that is asked for from here on will fail in the same way."""
    return any(
        _code(one) in _CODES or any(base.__name__ in _TYPES for base in type(one).__mro__)
        for one in _iter_behind(error)
    )


def refusal(where: str, error: BaseException) -> RunError:
    """Say what ends the run: the storage's own words, with its name for them where there is one."""
    code = next((code for one in _iter_behind(error) if (code := _code(one)) in _CODES), "")
    words = f"{code}: {error}" if code and code not in str(error) else str(error)
    return RunError(where, f"no access with these credentials ({words})", _REMEDY)


def _iter_behind(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    """Name of a server's answer, as botocore keeps it."""
    response = getattr(error, "response", None)
    facts = response.get("Error") if isinstance(response, dict) else None
    return str(facts.get("Code", "")) if isinstance(facts, dict) else ""
