"""Who may ask: the one browser that was given the launch token, from this server's own page.

The checks stand in the order of what they cost, before anything of the program is reached. The
address in `Host` comes first, so that no name that a stranger has rebound to this machine gets in.
"""

import hmac
import json
import secrets
import threading
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.review.refusals import RefusedRequest, bad

MAX_BODY_BYTES = 2**20
"""A thousand answers take 60 kB."""
SESSION_PATH = "/session"
BODY = "review.body"
"""Where in a request's scope its JSON is."""
_OPEN_PATHS = ("/", SESSION_PATH, "/favicon.ico")
_OPEN_FOLDER = "/static/"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_READS = frozenset({"GET", "HEAD"})
_SESSION_SECONDS = 30 * 24 * 3600
_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Admission:
    """The launch token, which opens one session, and the session's own secret."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self._secret = secrets.token_urlsafe(32)
        self._is_given = False
        self._lock = threading.Lock()

    def exchange(self, token: object) -> str:
        """Take the token for the session's secret, once.

        Raises
        ------
        RefusedRequest
            Where it is another one, or was taken already.
        """
        given = token if isinstance(token, str) else ""
        is_right = hmac.compare_digest(_bytes(given), _bytes(self.token))
        with self._lock:
            if not is_right or self._is_given:
                words = "This link was used already" if is_right else "This link is not valid"
                raise RefusedRequest(403, f"{words}: start the review again for a new one.")
            self._is_given = True
        return self._secret

    def admits(self, secret: str) -> bool:
        """Tell whether a cookie is this session's."""
        return hmac.compare_digest(_bytes(secret), _bytes(self._secret))


class Guard:
    """Lets only those requests through to ``app`` that come from its own page.

    ``hosts`` are what `Host` may say, with the port; ``admission`` knows the session.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], admission: Admission) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._admission = admission
        # A cookie is sent to all ports of an address: another review's must not get in the way.
        self._cookie = f"review-{min(self._hosts).rpartition(':')[2]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        guarded = _with_headers(send, scope["path"])
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            self._check_place(scope, headers)
            is_write = scope["method"] not in _READS
            is_entry = scope["method"] == "POST" and scope["path"] == SESSION_PATH
            if is_write:
                _check_origin(headers, scope)
            if not is_entry:
                self._check_session(scope, headers)
            if is_write:
                scope[BODY] = await _json_body(headers, receive)
            if is_entry:
                await self._open_session(scope)(scope, receive, guarded)
                return
        except RefusedRequest as refused:
            await refusal(refused, closes=True)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _check_host(self, headers: Headers) -> None:
        named = headers.getlist("host")
        if len(named) != 1 or named[0] not in self._hosts:
            raise RefusedRequest(421, "This is not the address of this server.")

    def _check_place(self, scope: Scope, headers: Headers) -> None:
        if scope["path"] == "/":
            return  # the link in a terminal or a message is followed from elsewhere
        site = headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none"):
            raise RefusedRequest(403, "Only this server's own page may ask for this.")

    def _check_session(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        if scope["method"] in _READS and (path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER)):
            return
        if not self._admission.admits(_cookies(headers).get(self._cookie, "")):
            raise RefusedRequest(401, "Open the link that the terminal shows.")

    def _open_session(self, scope: Scope) -> Response:
        given = scope[BODY]
        secret = self._admission.exchange(given.get("token") if isinstance(given, dict) else None)
        response = JSONResponse({})
        response.set_cookie(
            self._cookie, secret, max_age=_SESSION_SECONDS, httponly=True, samesite="strict"
        )
        return response


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # JSON may hold half of a character


def refusal(refused: RefusedRequest, *, closes: bool = False) -> Response:
    """Answer with why there is no answer; where it ``closes``, what else was sent is not read."""
    close = {"connection": "close"} if closes else None
    return JSONResponse({"error": refused.sentence}, refused.status, headers=close)


def _check_origin(headers: Headers, scope: Scope) -> None:
    origins = headers.getlist("origin")
    expected = f"{scope.get('scheme', 'http')}://{headers['host']}"
    site = headers.get("sec-fetch-site")
    # Browsers tell it to this machine, or encrypted, and not to another one as it is reached here.
    is_told = site is not None or headers["host"].rpartition(":")[0] in _LOOPBACK
    if origins != [expected] or (is_told and site != "same-origin"):
        raise RefusedRequest(403, "Only this server's own page may change something.")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedRequest(415, "A JSON body is needed.")


async def _json_body(headers: Headers, receive: Receive) -> Any:  # noqa: ANN401 - any JSON
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    pieces, n_bytes = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise bad("The request ended too early.")
        pieces.append(message.get("body", b""))
        n_bytes += len(pieces[-1])
        if n_bytes > MAX_BODY_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            break
    try:
        return json.loads(b"".join(pieces))
    except (ValueError, RecursionError):
        raise bad("The body is no JSON.") from None


def _too_large() -> RefusedRequest:
    return RefusedRequest(413, f"The body is too large: {MAX_BODY_BYTES:,} bytes are allowed.")


def _cookies(headers: Headers) -> Mapping[str, str]:
    try:
        found = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}


def _with_headers(send: Send, path: str) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if path.startswith("/api/") or path in ("/", SESSION_PATH):
                headers["cache-control"] = "no-store"
        await send(message)

    return guarded
