"""The addresses of the server, and what each answers. What is asked is read and checked here."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from shared.errors import RunError
from shared.hashing import content_digest
from shared.names import storable_label
from shared.results.pages.templating import template
from shared.review.answers import WORDS, Word
from shared.review.archives import archives_page
from shared.review.gallery import PictureId, picture_id
from shared.review.guard import BODY, Admission, Guard, refusal
from shared.review.pictures import Record, picture_record, picture_records
from shared.review.refusals import RefusedRequest, bad, not_found
from shared.review.requests import (
    limit_of,
    read_filters,
    read_wanted,
    text_of,
    uncoded,
    whole_number,
)
from shared.review.review import Review
from shared.review.tiles import SIZES, reason_tile

Endpoint: TypeAlias = Callable[[Request], Response | Awaitable[Response]]
FOLDER = Path(__file__).parent
MAX_TAG_CHARACTERS = 200
MAX_ANSWERS = 5000
_TILE_SECONDS = 300
"""Afterwards it is asked whether it is the same: a run may have given its id to another."""


@dataclass(frozen=True, slots=True)
class Routes:
    """What each address answers. Those that wait for something else than threads are async."""

    review: Review

    def board(self, _: Request) -> Response:
        """All tags, and what stands of each."""
        return _json(self.review.board())

    def new_tag(self, request: Request) -> Response:
        """Name a tag; of one that is there already, what stands of it."""
        name = _object(request).get("name")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= MAX_TAG_CHARACTERS:
            raise bad(f"A tag needs a name of 1 to {MAX_TAG_CHARACTERS} characters.")
        return _json(self.review.add_tag(storable_label(name.strip())))

    def bins(self, request: Request) -> Response:
        """How many pictures each bin of scores has."""
        grid = self.review.grid(_tag(self.review, request), read_filters(request.query_params))
        bins = [{"low": low, "pictures": count} for low, count in grid.bins()]
        return _json({"bins": bins, "total": sum(one["pictures"] for one in bins)})

    def pictures(self, request: Request) -> Response:
        """Answer with a page of a tag's pictures."""
        tag = _tag(self.review, request)
        wanted = read_wanted(request.query_params)
        grid = self.review.grid(tag, wanted.filters)
        page = self.review.page(tag, grid, wanted)
        told = picture_records(
            self.review.gallery,
            self.review.answers,
            tag,
            grid.threshold,
            page.pictures,
            max_novelty=grid.max_novelty,
        )
        return _json({"pictures": told, "next": page.next, "total": page.total})

    def picture(self, request: Request) -> Response:
        """All that is known of one picture."""
        gallery, tags = self.review.gallery, self.review.tag_numbers()
        spelled = request.path_params["picture"]
        return _json(picture_record(gallery, self.review.answers, tags, spelled))

    def like(self, request: Request) -> Response:
        """Answer with the pictures that are most like one, with a tag's answers to them."""
        key, picture = self.review.gallery.find(request.path_params["picture"])
        found = self.review.likeness.like(key, picture, limit_of(request.query_params))
        shown = [one for one, _ in found]
        tag = _asked_tag(self.review, request)
        told = picture_records(self.review.gallery, self.review.answers, tag, 1, shown)
        near = {one.key: likeness for one, likeness in found}
        by_id = {f"{key[0]}{key[1]}": value for key, value in near.items()}
        return _json({"pictures": [one | {"likeness": by_id[one["id"]]} for one in told]})

    def search(self, request: Request) -> Response:
        """Answer with pictures in whose address a text stands, with a tag's answers to them."""
        if not text_of(request.query_params):
            raise bad("text is empty: give a part of a name, or of an archive's.")
        wanted = read_wanted(request.query_params)
        page = self.review.grid("", wanted.filters).by_place(wanted)
        tag = _asked_tag(self.review, request)
        told = picture_records(self.review.gallery, self.review.answers, tag, 1, page.pictures)
        return _json({"pictures": told, "next": page.next, "total": None})

    def give_answers(self, request: Request) -> Response:
        """Note what was said of pictures; it is on the disk when this is answered."""
        given = _object(request).get("answers")
        if not isinstance(given, list) or not 0 < len(given) <= MAX_ANSWERS:
            raise bad(f"answers is no list of 1 to {MAX_ANSWERS} answers.")
        words: dict[PictureId, Word | None] = {}
        for one in given:
            word = one.get("answer") if isinstance(one, dict) else "?"
            if word not in (*WORDS, None):
                raise bad(f"An answer is none of {', '.join(WORDS)}, null.")
            key = picture_id(one.get("picture"))
            if words.setdefault(key, word) != word:
                raise bad("A picture has two answers here: give one.")
        with self.review.answers.waited_for(len(words)):  # to find tag and pictures may take long
            return _json(self.review.answer(_tag(self.review, request), words))

    def undo(self, _: Request) -> Response:
        """Take the last step back."""
        return _json(self.review.undo())

    def learn(self, request: Request) -> Response:
        """Begin to learn a tag anew."""
        return _json({"learning": self.review.learn(_tag(self.review, request))})

    def learning(self, request: Request) -> Response:
        """How far a learning is."""
        found = self.review.learner.find(request.path_params["learning"])
        if found is None:
            raise not_found("learning")
        return _json(found.record())

    def archives(self, request: Request) -> Response:
        """Answer with a page of archives."""
        query = request.query_params
        number = whole_number(query, "tag")
        is_by_share = query.get("order", "name") == "share" and number is not None
        tag = self.review.tag_of(number) if is_by_share and number is not None else None
        after, limit = uncoded(query.get("after")), limit_of(query, 100)
        tags = self.review.tag_numbers()
        return _json(archives_page(self.review.gallery, tags, tag, after, limit))

    async def thumbnail(self, request: Request) -> Response:
        """Answer with a small picture, or a tile that says why there is none."""
        size = request.path_params["size"]
        if size not in SIZES:
            raise not_found("size")
        found = await run_in_threadpool(self.review.tile, request.path_params["picture"], size)
        if isinstance(found, RefusedRequest):
            return _tile(found.sentence)
        picture, tile = found
        if tile is None:
            made = self.review.tiles.make(picture, size)
            # Others may wait for the same: who goes away does not call it off.
            tile = await asyncio.shield(asyncio.wrap_future(made))
        if tile.reason:
            return _tile(tile.reason)
        tag = f'"{content_digest(tile.content).hex()[:32]}"'
        kept = {"cache-control": f"private, max-age={_TILE_SECONDS}", "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=kept)
        return Response(tile.content, media_type=tile.media_type, headers=kept)


def make_app(review: Review, hosts: list[str], admission: Admission) -> ASGIApp:
    """Put the addresses together, behind the guard."""
    routes = Routes(review)
    reads: list[tuple[str, Endpoint]] = [
        ("/", _shell),
        ("/api/board", routes.board),
        ("/api/tags/{tag:int}/bins", routes.bins),
        ("/api/tags/{tag:int}/pictures", routes.pictures),
        ("/api/pictures/{picture}", routes.picture),
        ("/api/pictures/{picture}/like", routes.like),
        ("/api/search", routes.search),
        ("/api/learnings/{learning:int}", routes.learning),
        ("/api/archives", routes.archives),
        ("/thumbnails/{picture}/{size:int}", routes.thumbnail),
    ]
    writes: list[tuple[str, Endpoint]] = [
        ("/api/tags", routes.new_tag),
        ("/api/tags/{tag:int}/answers", routes.give_answers),
        ("/api/undo", routes.undo),
        ("/api/tags/{tag:int}/learn", routes.learn),
    ]
    app = Starlette(
        routes=[
            *(Route(path, endpoint, methods=["GET"]) for path, endpoint in reads),
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in writes),
            Mount("/static", StaticFiles(directory=FOLDER / "static", check_dir=False)),
        ],
        exception_handlers={
            RefusedRequest: _refused,
            RunError: _failed,
            HTTPException: _no_such_address,
        },
    )
    return Guard(app, hosts, admission)


def _shell(_: Request) -> Response:
    return HTMLResponse(template("shell.html", FOLDER / "templates").render())


def _json(told: Record) -> Response:
    return Response(orjson.dumps(told), media_type="application/json")


def _tile(reason: str) -> Response:
    headers = {"x-tile": "reason", "cache-control": "no-store"}
    return Response(reason_tile(reason), media_type="image/svg+xml", headers=headers)


def _object(request: Request) -> dict[str, Any]:
    found = request.scope[BODY]
    if not isinstance(found, dict):
        raise bad("The body is no JSON object.")
    return found


def _tag(review: Review, request: Request) -> str:
    return review.tag_of(request.path_params["tag"])


def _asked_tag(review: Review, request: Request) -> str | None:
    """Return the tag whose answers are to be told of pictures that are no tag's."""
    number = whole_number(request.query_params, "tag")
    return None if number is None else review.tag_of(number)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedRequest)
    return refusal(error)


async def _failed(_: Request, error: Exception) -> Response:
    return refusal(RefusedRequest(500, str(error)))


async def _no_such_address(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(RefusedRequest(error.status_code, "There is no such address here."))
