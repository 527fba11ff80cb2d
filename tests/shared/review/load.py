"""Many browsers at a time at one review: all kinds of requests, and what memory it takes."""

import http.client
import json
import random
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.shared.review.served import Serving

N_AT_A_TIME = 50
SAMPLE_SECONDS = 0.1
ORDERS = ("worth", "highest", "lowest", "around", "suspects", "unlike")


@dataclass
class Load:
    """What came of it: seconds of each answer, what failed, and bytes of memory over the time."""

    taken: list[float] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Memory of the last third, as a multiple of the first third's."""
        third = len(self.memory) // 3
        first, last = self.memory[:third], self.memory[-third:]
        return statistics.median(last) / statistics.median(first)


def load(served: Serving, seconds: float, warm_seconds: float) -> Load:
    """Ask so many at a time, for so long after so many seconds of which memory does not count."""
    found = Load()
    cookie = _enter(served)
    end = time.monotonic() + warm_seconds + seconds
    browsers = [_Browser(served.port, cookie, number, found) for number in range(N_AT_A_TIME)]
    threads = [threading.Thread(target=one.work, args=(end,), daemon=True) for one in browsers]
    for thread in threads:
        thread.start()
    time.sleep(warm_seconds)
    while time.monotonic() < end:
        found.memory.append(served.memory())
        time.sleep(SAMPLE_SECONDS)
    for thread in threads:
        thread.join()
    return found


def _enter(served: Serving) -> str:
    """Be let in, and wait until vectors are gathered: what needs them would be refused."""
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)) as link:

        def ask(
            method: str, path: str, headers: dict[str, str], body: str | None = None
        ) -> http.client.HTTPResponse:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            answer.read()
            return answer

        body = json.dumps({"token": served.token})
        told = ask("POST", "/session", _writing(served.port), body).headers["Set-Cookie"]
        cookie = str(told).partition(";")[0]
        while ask("GET", "/api/pictures/z1/like", {"Cookie": cookie}).status == 503:
            time.sleep(0.05)
    return cookie


def _writing(port: int) -> dict[str, str]:
    return {
        "Origin": f"http://127.0.0.1:{port}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
    }


class _Browser:
    """One of those who ask, one thing after the other, over a connection that stays."""

    def __init__(self, port: int, cookie: str, number: int, found: Load) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._reading = {"Cookie": cookie}
        self._writing = {"Cookie": cookie, **_writing(port)}
        self._random = random.Random(number)
        self._found = found
        self._tag = 0
        self._pictures: list[str] = []
        self._tiles: dict[str, str] = {}

    def work(self, end: float) -> None:
        kinds: list[Callable[[], object]] = [
            self._board, self._page, self._page, self._bins, self._picture, self._like,
            self._search, self._archives, self._tile, self._tile, self._tile, self._answer,
            self._shell,
        ]  # fmt: skip
        try:
            self._board()
            self._page("highest")
            while time.monotonic() < end:
                kind = self._random.choice(kinds)
                kind()
                self._found.kinds.add(kind.__name__)
        except Exception as error:  # noqa: BLE001 - each is a finding
            self._found.failed.append(repr(error))
        finally:
            self._link.close()

    def _ask(self, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        start = time.monotonic()
        if body is None:
            self._link.request("GET", path, headers=self._reading | headers)
        else:
            self._link.request("POST", path, json.dumps(body), self._writing)
        answer = self._link.getresponse()
        self.content = answer.read()
        self._found.taken.append(time.monotonic() - start)
        if answer.status not in (200, 304):
            self._found.failed.append(f"{path}: {answer.status} {self.content[:200]!r}")
        return answer

    def _json(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        self._ask(path, body)
        return json.loads(self.content)

    def _board(self) -> None:
        tags = self._json("/api/board")["tags"]
        self._tag = self._random.choice(tags)["id"]

    def _page(self, order: str = "") -> None:
        query = {"order": order or self._random.choice(ORDERS), "limit": 30}
        path = f"/api/tags/{self._tag}/pictures?{urlencode(query)}"
        told = self._json(path)
        self._pictures = [one["id"] for one in told["pictures"]] or self._pictures
        if told["next"]:
            self._json(f"{path}&{urlencode({'after': told['next']})}")

    def _bins(self) -> None:
        self._json(f"/api/tags/{self._tag}/bins")

    def _picture(self) -> None:
        self._json(f"/api/pictures/{self._random.choice(self._pictures)}")

    def _like(self) -> None:
        self._json(f"/api/pictures/{self._random.choice(self._pictures)}/like?limit=30")

    def _search(self) -> None:
        self._json(f"/api/search?text={self._random.randrange(10)}&tag={self._tag}")

    def _archives(self) -> None:
        self._json(f"/api/archives?tag={self._tag}&order=share")

    def _tile(self) -> None:
        size = self._random.choice((256, 256, 1024))
        path = f"/thumbnails/{self._random.choice(self._pictures)}/{size}"
        known = {"If-None-Match": self._tiles[path]} if path in self._tiles else {}
        answer = self._ask(path, **known)
        self._tiles[path] = str(answer.headers["ETag"])
        if reason := answer.headers["X-Tile"]:
            self._found.failed.append(f"{path}: {reason} {self.content[-200:]!r}")

    def _answer(self) -> None:
        words = self._random.choices(("yes", "no", "skip", None), k=3)
        some = dict(zip(self._random.choices(self._pictures, k=3), words, strict=True))
        given = [{"picture": key, "answer": word} for key, word in some.items()]
        self._json(f"/api/tags/{self._tag}/answers", {"answers": given})
        if self._random.random() < 0.5:
            self._json("/api/undo", {})

    def _shell(self) -> None:
        self._ask("/")
        self._ask("/static/pictures.js")
