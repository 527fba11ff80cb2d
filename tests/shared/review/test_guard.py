"""Who may ask: each way around the guard is refused before anything of the program is reached."""

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from shared.review.guard import BODY, MAX_BODY_BYTES, Admission, Guard
from shared.review.serving import allowed_hosts
from tests.shared.review.desk import ORIGIN, WRITING

REACHED: list[str] = []


def _reached(request: Request) -> Response:
    REACHED.append(request.url.path)
    return JSONResponse(request.scope.get(BODY))


@pytest.fixture
def admission() -> Admission:
    return Admission()


@pytest.fixture
def guarded(admission: Admission) -> ASGIApp:
    REACHED.clear()
    app = Starlette(
        routes=[Route("/{path:path}", _reached, methods=["GET", "POST", "PUT", "OPTIONS"])]
    )
    return Guard(app, allowed_hosts("127.0.0.1", 8765), admission)


@pytest.fixture
def stranger(guarded: ASGIApp) -> Iterator[TestClient]:
    with TestClient(guarded, base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def friend(guarded: ASGIApp, admission: Admission) -> Iterator[TestClient]:
    with TestClient(guarded, base_url=ORIGIN) as client:
        body = json.dumps({"token": admission.token})
        assert client.post("/session", content=body, headers=WRITING).status_code == 200
        yield client


def posted(client: TestClient, **changed: str | None) -> int:
    headers = {**WRITING, **{name.replace("_", "-"): value for name, value in changed.items()}}
    given = {name: value for name, value in headers.items() if value is not None}
    return client.post("/api/undo", content=b"{}", headers=given).status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"], ids=["IPv4", "name", "IPv6"]
)
def test_the_names_of_loopback_are_answered_with_the_port(friend: TestClient, host: str) -> None:
    assert friend.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8765",
        "127.0.0.1",
        "127.0.0.1:8766",
        "127.0.0.1:08765",
        "::1:8765",
        "localhost:8765.evil.example",
        "LOCALHOST:8765",
        "localhost.:8765",
        "[::ffff:127.0.0.1]:8765",
        "",
    ],
)
def test_any_other_host_is_refused_before_anything_else(friend: TestClient, host: str) -> None:
    assert friend.get("/", headers={"host": host}).status_code == 421
    assert posted(friend, host=host) == 421
    assert REACHED == []


def test_a_token_opens_one_session(stranger: TestClient, admission: Admission) -> None:
    body = json.dumps({"token": admission.token})
    first, second = (stranger.post("/session", content=body, headers=WRITING) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 403)
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("token", ["", "x", None, 1, ["x"], {"x": 1}, "\ud800", "\u00e9" * 43])
def test_another_token_opens_none_and_uses_up_nothing(
    stranger: TestClient, admission: Admission, token: object
) -> None:
    body = json.dumps({"token": token})
    assert stranger.post("/session", content=body, headers=WRITING).status_code == 403
    body = json.dumps({"token": admission.token})
    assert stranger.post("/session", content=body, headers=WRITING).status_code == 200


def test_no_get_opens_a_session_or_tells_a_secret(
    stranger: TestClient, admission: Admission
) -> None:
    for path in (f"/?token={admission.token}", f"/session?token={admission.token}"):
        found = stranger.get(path)
        assert "set-cookie" not in found.headers
        assert admission.token not in found.text
    assert stranger.get("/api/board").status_code == 401


@pytest.mark.parametrize("path", ["/api/board", "/thumbnails/z1/256", "/staticx", "/x/static/a.js"])
def test_without_the_cookie_nothing_but_the_page_is_told(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401
    assert REACHED == []
    assert stranger.get("/").status_code == 200
    assert stranger.get("/static/review.js").status_code == 200


def test_a_cookie_that_was_made_up_is_none(stranger: TestClient) -> None:
    for cookie in ("review-8765=x", "review-8765=", 'review-8765="', "=;;=", "review-8765=\xe9"):
        headers = {"cookie": cookie.encode("latin-1")}
        assert stranger.get("/api/board", headers=headers).status_code == 401  # type: ignore[arg-type]


def test_a_write_without_the_cookie_is_refused(stranger: TestClient) -> None:
    assert posted(stranger) == 401
    assert REACHED == []


def test_a_body_without_the_cookie_is_not_read(stranger: TestClient) -> None:
    for body in (b"{", b"1" * (MAX_BODY_BYTES + 1)):
        assert stranger.post("/api/undo", content=body, headers=WRITING).status_code == 401


def test_a_write_from_the_own_page_gets_through(friend: TestClient) -> None:
    assert posted(friend) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": None},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8766"},
        {"origin": "https://127.0.0.1:8765"},
        {"origin": "http://localhost:8765"},
        {"origin": f"{ORIGIN}/"},
        {"sec_fetch_site": None},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_a_write_from_elsewhere_is_refused(
    friend: TestClient, changed: dict[str, str | None]
) -> None:
    assert posted(friend, **changed) == 403
    assert REACHED == []


@pytest.mark.parametrize(
    ("site", "status"), [(None, 200), ("same-origin", 200), ("cross-site", 403), ("none", 403)]
)
def test_another_machine_is_told_no_site_and_goes_by_the_origin(
    admission: Admission, site: str | None, status: int
) -> None:
    app = Starlette(routes=[Route("/{path:path}", _reached, methods=["POST"])])
    origin = "http://192.0.2.7:8765"
    guarded = Guard(app, allowed_hosts("192.0.2.7", 8765), admission)
    with TestClient(guarded, base_url=origin) as client:
        headers = {**WRITING, "origin": origin, "sec-fetch-site": site or ""}
        if site is None:
            del headers["sec-fetch-site"]
        body = json.dumps({"token": admission.token})
        assert client.post("/session", content=body, headers=headers).status_code == status
        evil = {**headers, "origin": "http://evil.example"}
        assert client.post("/session", content=body, headers=evil).status_code == 403


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_a_form_can_send_is_refused(friend: TestClient, kind: str | None) -> None:
    assert posted(friend, content_type=kind) == 415


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000])
def test_a_body_that_is_no_json_is_refused(friend: TestClient, body: bytes) -> None:
    assert friend.post("/api/undo", content=body, headers=WRITING).status_code == 400
    assert REACHED == []


def test_pages_of_others_are_told_nothing(friend: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        for path in ("/api/board", "/thumbnails/z1/256", "/static/review.js"):
            headers = {"sec-fetch-site": site}
            assert friend.get(path, headers=headers).status_code == 403
    found = friend.options("/api/undo", headers={"origin": "http://evil.example"})
    assert found.status_code == 403
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_a_link_from_elsewhere_leads_to_the_page(stranger: TestClient) -> None:
    assert stranger.get("/?token=x", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_every_answer_forbids_what_is_not_its_own(friend: TestClient, stranger: TestClient) -> None:
    for found in (
        friend.get("/"),
        friend.get("/api/board"),
        stranger.get("/", headers={"host": ""}),
    ):
        policy = found.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("declared", [str(MAX_BODY_BYTES + 1), str(2**30), "9" * 400])
def test_a_body_that_says_it_is_large_is_refused_unread(friend: TestClient, declared: str) -> None:
    headers = {**WRITING, "content-length": declared}
    found = friend.post("/api/undo", content=b"{}", headers=headers)
    assert found.status_code == 413
    assert REACHED == []


def test_a_body_that_does_not_say_its_size_is_read_up_to_the_limit(friend: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield b" " * MAX_BODY_BYTES
        yield b"{}"

    found = friend.post("/api/undo", content=chunks(), headers=WRITING)
    assert found.status_code == 413
    assert REACHED == []
