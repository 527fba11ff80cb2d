"""A review over the least world: pictures in archives, scored by one classifier."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from shared.records import Limits
from shared.review.app import make_app
from shared.review.guard import Admission
from shared.review.review import Review, ReviewRequest, opened_review
from shared.review.serving import allowed_hosts
from tests.worlds import World, image_hash, png, zipped

HOST = "127.0.0.1:8765"
ORIGIN = f"http://{HOST}"
WRITING = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": "application/json"}
N_LISTED = 4


@dataclass
class Desk:
    """A review and the browser of somebody who was let in."""

    world: World
    review: Review
    client: TestClient
    admission: Admission

    def get(self, path: str, status: int = 200) -> Any:  # noqa: ANN401 - any JSON
        found = self.client.get(path)
        assert found.status_code == status, found.text
        return found.json()

    def post(self, path: str, body: object, status: int = 200) -> Any:  # noqa: ANN401
        found = self.client.post(path, content=json.dumps(body), headers=WRITING)
        assert found.status_code == status, found.text
        return found.json()

    def tag(self, name: str) -> int:
        return next(int(one["id"]) for one in self.get("/api/board")["tags"] if one["name"] == name)

    def pictures(self, tag: str, query: str = "") -> list[dict[str, Any]]:
        """All pages of a grid."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.get(f"/api/tags/{self.tag(tag)}/pictures?{query}{after}")
            found += page["pictures"]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"

    def answer(self, tag: str, **words: str | None) -> Any:  # noqa: ANN401
        answers = [{"picture": key, "answer": word} for key, word in words.items()]
        return self.post(f"/api/tags/{self.tag(tag)}/answers", {"answers": answers})


def make_world(folder: Path, n_pictures: int = 12, *options: str) -> World:
    """Archives of pictures that are scored for the tag cat; some of the dataset's are known."""
    world = World(folder)
    shades = [png(shade) for shade in range(n_pictures)]
    half = n_pictures // 2
    inner = zipped({f"in-{at}.png": one for at, one in enumerate(shades[half:])})
    world.know(*shades)
    world.archive("a.zip", {f"{at}.png": one for at, one in enumerate(shades[:half])})
    world.archive("b.zip", {"again.png": shades[0], "inner.zip": inner})
    world.train("cat")
    assert world.classify("--results=none", *options).exit_code == 0
    listed = {"cat": [image_hash(png(500 + at)) for at in range(N_LISTED)], "dog": []}
    listed["dog"] = [image_hash(png(600))]
    (world.output / "tags.json").write_text(json.dumps(listed))
    return world


@contextmanager
def opened_desk(
    world: World,
    n_workers: int = 1,
    limits: Limits | None = None,
    output: Path | None = None,
    server: str | None = None,
) -> Iterator[Desk]:
    """A review of a world, and a browser that has shown the token."""
    lists = world.output / "tags.json"
    request = ReviewRequest(
        output or world.output,
        world.metadata,
        lists if lists.exists() else None,
        limits or Limits(),
        n_workers,
        server,
    )
    admission = Admission()
    with opened_review(request) as review:
        app = make_app(review, allowed_hosts("127.0.0.1", 8765), admission)
        with TestClient(app, base_url=ORIGIN) as client:
            desk = Desk(world, review, client, admission)
            desk.post("/session", {"token": admission.token})
            yield desk
