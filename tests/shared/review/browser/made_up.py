"""A made-up server: it answers the page from memory, of as many pictures as a test wants.

What the browser asks for is intercepted before it leaves; what nobody knows is noted.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

from tests.worlds import ROOT

ADDRESS = "http://review.test"
FOLDER = ROOT / "shared" / "review"
N_BINS = 20
KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
Json = dict[str, Any]
Words = dict[str, Any]


@dataclass
class MadeUp:
    """The server's side.

    ``refusals`` has the sentences of the next answers that fail; ``least`` is how many yes and no
    a tag needs before it is learnt; a learning stands still after so many ``polls``.
    """

    n_pictures: int = 500
    names: Callable[[int], str] = "IMG_{:06}.jpg".format
    archives: list[str] = field(default_factory=lambda: ["holiday-2019.zip", "box-7.zip/inner.zip"])
    tags: list[Json] = field(default_factory=list)
    answers: dict[tuple[int, str], str] = field(default_factory=dict)
    steps: list[tuple[int, list[Json]]] = field(default_factory=list)
    said: list[Json] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    failure: str | None = None
    least: int = 0
    polls: int = 9
    n_polls: int = 0

    def __post_init__(self) -> None:
        for name in self.tags or [{"name": "cat"}, {"name": "city at night"}]:
            self.add_tag(name["name"])

    def add_tag(self, name: str) -> Json:
        made = {
            "id": len(self.tags) + 1,
            "name": name,
            "classifier": "svm",
            "decided": self.n_pictures // 5,
            "yes": 0,
            "no": 0,
            "skipped": 0,
            "threshold": 0.71,
            "average_precision": {"value": 0.81, "low": 0.72, "high": 0.88},
            "worth": 31,
            "lacks": None,
            "needs": "31 more answers, those near the threshold first.",
        }
        self.tags = [one for one in self.tags if "id" in one] + [made]
        return made

    def serve(self, page: Page) -> None:
        """Answer all that the page asks for."""
        page.route("**/*", self._answer)

    # What is asked

    def _answer(self, route: Route) -> None:
        asked = urlsplit(route.request.url)
        self.asked.append(route.request.url)
        if f"{asked.scheme}://{asked.netloc}" != ADDRESS:
            self.unknown.append(route.request.url)
            route.abort()
        elif asked.path == "/" or asked.path.startswith("/static/"):
            path = FOLDER / ("templates/shell.html" if asked.path == "/" else asked.path[1:])
            self._file(route, path)
        elif asked.path.startswith("/thumbnails/"):
            self._thumbnail(route, asked.path.split("/")[2])
        else:
            self._api(
                route, asked.path, {key: one[0] for key, one in parse_qs(asked.query).items()}
            )

    def _file(self, route: Route, path: Path) -> None:
        headers = {"Content-Security-Policy": POLICY, "Content-Type": KINDS[path.suffix]}
        route.fulfill(body=path.read_text(encoding="utf-8"), headers=headers)

    def _thumbnail(self, route: Route, picture: str) -> None:
        number = int(picture[1:])
        tall = 60 + number * 37 % 60
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 {tall + 30}">'
            f'<rect width="120" height="{tall + 30}" fill="hsl({number * 47 % 360} 45% 62%)"/>'
            f'<text x="60" y="{tall / 2 + 20}" font-size="22" text-anchor="middle">'
            f"{number}</text></svg>"
        )
        route.fulfill(body=svg, headers={"Content-Type": "image/svg+xml"})

    def _api(self, route: Route, path: str, questions: Words) -> None:
        body: Words = route.request.post_data_json or {}
        if body:
            self.said.append({"path": path} | body)
        if self.refusals and path.endswith("/answers"):
            route.fulfill(status=409, json={"error": self.refusals.pop(0)})
            return
        for pattern, answer in ROUTES.items():
            if match := re.fullmatch(pattern, path):
                found = answer(self, *map(int, match.groups()), questions | body)
                route.fulfill(body=json.dumps(found), content_type="application/json")
                return
        self.unknown.append(route.request.url)
        route.fulfill(status=404, json={"error": f"There is no {path}."})

    # What is answered

    def board(self, _asked: Words) -> Json:
        return {
            "reviewer": {"others": self.others},
            "tags": self.tags,
            "archives": len(self.archives),
            "pictures": self.n_pictures,
        }

    def score(self, number: int) -> float:
        return 1 - (number + 0.5) / self.n_pictures

    def picture(self, tag: int | None, number: int) -> Json:
        name = self.archives[number % len(self.archives)]
        score = None if tag is None else self.score(number)
        answer = None if tag is None else self.answers.get((tag, f"z{number}"))
        return {
            "id": f"z{number}",
            "name": self.names(number),
            "archive": {"id": number % len(self.archives) + 1, "name": name},
            "score": score,
            "answer": answer,
            "by": answer and "review",
            "is_decided": score is not None and score >= 0.71,
            "width": 1600,
            "height": 1200,
            "novelty": None,
            "is_unlike": False,
            "copies": 1,
            "alt": f"{self.names(number)} in {name}",
        }

    def bins(self, _tag: int, _asked: Words) -> Json:
        edges = [self.n_pictures * at // N_BINS for at in range(N_BINS + 1)]
        bins = [
            {"low": 1 - (at + 1) / N_BINS, "pictures": edges[at + 1] - edges[at]}
            for at in range(N_BINS)
        ]
        return {"bins": bins, "total": self.n_pictures}

    def pictures(self, tag: int, questions: Words) -> Json:
        most = float(questions.get("max_score", 1))
        first = int(questions.get("after") or round((1 - most) * self.n_pictures))
        last = min(first + int(questions["limit"]), self.n_pictures)
        return {
            "pictures": [self.picture(tag, number) for number in range(first, last)],
            "next": str(last) if last < self.n_pictures else None,
            "total": None,
        }

    def take(self, tag: int, asked: Words) -> Json:
        answers = asked["answers"]
        before = [
            {"picture": one["picture"], "answer": self.answers.get((tag, one["picture"]))}
            for one in answers
        ]
        self.steps.append((tag, before))
        self._set(tag, answers)
        return self._counts(tag) | {"undo": len(self.steps)}

    def _set(self, tag: int, answers: list[Json]) -> None:
        for one in answers:
            if one["answer"] is None:
                self.answers.pop((tag, one["picture"]), None)
            else:
                self.answers[tag, one["picture"]] = one["answer"]

    def _counts(self, tag: int) -> Json:
        given = [answer for (of, _), answer in self.answers.items() if of == tag]
        counts: Json = {
            "lacks": None,
            "yes": given.count("yes"),
            "no": given.count("no"),
            "skipped": given.count("skip"),
        }
        counts["worth"] = max(0, 31 - len(given))
        if self.least:
            short = {word: self.least - counts[word] for word in ("yes", "no")}
            lacks = [f"{n} more {word}" for word, n in short.items() if n > 0]
            counts["lacks"] = " and ".join(lacks) or None
        self.tags[tag - 1] |= counts
        return counts

    def undo(self, _asked: Words) -> Json:
        tag, before = self.steps.pop()
        self._set(tag, before)
        self._counts(tag)
        return {"tag": tag, "answers": before, "undo": len(self.steps)}

    def learn(self, _tag: int, _asked: Words) -> Json:
        self.n_polls = 0
        return {"learning": 7}

    def learning(self, _number: int, _asked: Words) -> Json:
        self.n_polls = min(self.n_polls + 1, self.polls)
        was = {"value": 0.81, "low": 0.72, "high": 0.88, "with_it": 40, "without_it": 120}
        now = {"value": 0.92, "low": 0.88, "high": 0.95, "with_it": 52, "without_it": 1208}
        before = {"average_precision": was, "decided": 100}
        after = {"average_precision": now, "decided": 112}
        state = ["training", "scored", "scored", "scored", "done"][min(self.n_polls - 1, 4)]
        if self.failure:
            state = "failed"
        return {
            "state": state,
            "seconds": self.n_polls * 0.4,
            "error": self.failure,
            "before": before,
            "after": after if state == "done" else None,
        }

    def facts(self, number: int, _asked: Words) -> Json:
        scores = [
            {
                "tag": {"id": tag["id"], "name": tag["name"]},
                "classifier": "svm",
                "score": self.score(number),
                "threshold": 0.71,
                "is_decided": self.score(number) >= 0.71,
                "answer": self.answers.get((tag["id"], f"z{number}")),
            }
            for tag in self.tags
        ]
        facts = {"hash": "5f" * 32, "format": "JPEG", "bytes": 123456, "scores": scores}
        address = f"/zips/{self.archives[0]}!/{self.names(number)}"
        return self.picture(None, number) | facts | {"address": address}

    def like(self, number: int, asked: Words) -> Json:
        tag = int(asked["tag"]) if "tag" in asked else None
        found = [self.picture(tag, (number + at) % self.n_pictures) for at in range(60)]
        alike = [one | {"score": None, "likeness": 1 - at / 100} for at, one in enumerate(found)]
        return {"pictures": alike}

    def search(self, questions: Words) -> Json:
        text = questions.get("text", "")
        found = [n for n in range(min(self.n_pictures, 2000)) if text in self.names(n)]
        return {
            "pictures": [self.picture(None, n) for n in found[:60]],
            "next": None,
            "total": None,
        }

    def listed_archives(self, _asked: Words) -> Json:
        tags = [
            {"id": one["id"], "name": one["name"], "decided": 40, "share": 0.4} for one in self.tags
        ]
        found = [
            {"id": at + 1, "name": name, "pictures": 100, "tags": tags}
            for at, name in enumerate(self.archives)
        ]
        return {"archives": found, "next": None}


ROUTES: dict[str, Callable[..., Json]] = {
    r"/session": lambda _server, _asked: {},
    r"/api/board": MadeUp.board,
    r"/api/tags": lambda server, asked: server.add_tag(asked["name"]),
    r"/api/tags/(\d+)/bins": MadeUp.bins,
    r"/api/tags/(\d+)/pictures": MadeUp.pictures,
    r"/api/tags/(\d+)/answers": MadeUp.take,
    r"/api/tags/(\d+)/learn": MadeUp.learn,
    r"/api/learnings/(\d+)": MadeUp.learning,
    r"/api/undo": MadeUp.undo,
    r"/api/pictures/z(\d+)": MadeUp.facts,
    r"/api/pictures/z(\d+)/like": MadeUp.like,
    r"/api/search": MadeUp.search,
    r"/api/archives": MadeUp.listed_archives,
}
