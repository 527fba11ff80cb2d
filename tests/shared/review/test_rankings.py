"""Orders that take more than a score: by vectors, by reports, by what was said."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.metadata.loading import load_metadata
from shared.review.vectors import VECTORS_FILE, gather_vectors, map_vectors, picture_of
from shared.training.suggesting import farthest_first
from tests.shared.review.desk import Desk, make_world, opened_desk
from tests.worlds import World, image_hash, png, vector_of

N_PICTURES = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("rankings") / "world", N_PICTURES)


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    (world.output / "labels.sqlite").unlink(missing_ok=True)
    with opened_desk(world) as opened:
        opened.review.likeness.gather().join()
        yield opened


def cosine(one: int, other: int) -> float:
    """Of the vectors of two pictures, from the metadata."""
    first, second = np.array(vector_of(png(one))), np.array(vector_of(png(other)))
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def shades(desk: Desk) -> dict[str, int]:
    """Which picture each id is."""
    by_hash = {image_hash(png(shade)): shade for shade in range(N_PICTURES)}
    ids = [one["id"] for one in desk.pictures("cat")]
    return {one: by_hash[desk.get(f"/api/pictures/{one}")["hash"]] for one in ids}


def test_like_is_cosine_over_all_that_is_known(desk: Desk) -> None:
    known = shades(desk)
    first = next(iter(known))
    found = desk.get(f"/api/pictures/{first}/like?limit=500")["pictures"]
    expected = {key: cosine(known[first], shade) for key, shade in known.items() if key != first}
    assert {one["id"]: pytest.approx(one["likeness"], abs=1e-5) for one in found} == expected
    near = [one["likeness"] for one in found]
    assert near == sorted(near, reverse=True)


def test_like_tells_where_a_picture_has_no_vector_or_none_are_gathered(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", 4)
    with opened_desk(world) as desk:
        key = desk.pictures("cat")[0]["id"]
        assert "being gathered" in desk.get(f"/api/pictures/{key}/like", 503)["error"]
        world.metadata.unlink()
        desk.review.likeness.gather().join()
        assert "no vectors to compare" in desk.get(f"/api/pictures/{key}/like", 503)["error"]


def test_vectors_are_gathered_once_and_anew_when_pictures_have_come(world: World) -> None:
    folder = world.folder / "gathered"
    folder.mkdir(exist_ok=True)
    arguments = ({"z": world.output / "zip_score_cache.sqlite"}, world.metadata, world.output)
    stamp = gather_vectors(*arguments, folder)  # type: ignore[arg-type]
    written = (folder / VECTORS_FILE).stat().st_mtime_ns
    assert gather_vectors(*arguments, folder) == stamp  # type: ignore[arg-type]
    assert (folder / VECTORS_FILE).stat().st_mtime_ns == written
    known = map_vectors(folder)
    assert known
    assert known.vectors.shape == (N_PICTURES, load_metadata(world.metadata, folder).n_features)
    assert np.allclose(np.linalg.norm(known.vectors, axis=1), 1, atol=1e-6)
    assert [picture_of(int(number))[0] for number in known.numbers] == ["z"] * N_PICTURES
    raw = known.vectors * known.lengths[:, np.newaxis]
    expected = sorted(vector_of(png(shade)) for shade in range(N_PICTURES))
    assert np.allclose(sorted(raw.tolist()), expected, atol=1e-5)


@pytest.mark.slow
def test_what_a_run_adds_meanwhile_is_compared_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.review.likeness.SHARE_GATHERED", 0)
    monkeypatch.setattr("shared.review.likeness.LEAST_PAUSE", 0)
    world = make_world(tmp_path / "world", 4)
    with opened_desk(world) as desk:
        desk.review.likeness.gather().join()
        first = desk.pictures("cat")[0]["id"]
        path = f"/api/pictures/{first}/like?limit=500"
        assert len(desk.get(path)["pictures"]) == 3
        world.know(png(77))
        world.archive("c.zip", {"new.png": png(77)})
        assert world.classify("--results=none").exit_code == 0
        assert len(desk.get(path)["pictures"]) == 3  # those of before are not waited for
        for _ in range(300):
            found = {one["name"] for one in desk.get(path)["pictures"]}
            if len(found) == 4:
                break
            time.sleep(0.1)
        assert "new.png" in found


@pytest.mark.parametrize("damage", [b"", b"review 2", b"x" * 1000])
def test_vectors_that_are_damaged_are_none(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / VECTORS_FILE).write_bytes(damage)
    assert map_vectors(tmp_path) is None


def test_most_worth_is_unsure_and_was_not_answered(desk: Desk) -> None:
    first = desk.pictures("cat", "order=worth")
    desk.answer("cat", **{first[0]["id"]: "yes", first[1]["id"]: "skip"})
    left = desk.pictures("cat", "order=worth")
    assert {one["id"] for one in first} - {one["id"] for one in left} == {
        first[0]["id"],
        first[1]["id"],
    }
    assert all(one["answer"] is None for one in left)


def test_pages_of_most_worth_go_on_while_one_answers(desk: Desk) -> None:
    path = f"/api/tags/{desk.tag('cat')}/pictures?order=worth&limit=4"
    first = desk.get(path)
    desk.answer("cat", **{one["id"]: "no" for one in first["pictures"]})
    second = desk.get(f"{path}&after={first['next']}")
    seen = {one["id"] for page in (first, second) for one in page["pictures"]}
    assert len(seen) == 8


def test_a_list_of_a_new_tag_goes_on_while_its_first_answers_come_and_go(desk: Desk) -> None:
    number = desk.post("/api/tags", {"name": "new"})["id"]
    path = f"/api/tags/{number}/pictures?order=worth&limit=4"
    by_place = desk.get(path)
    desk.answer("new", **{by_place["pictures"][0]["id"]: "yes"})
    second = desk.get(f"{path}&after={by_place['next']}")["pictures"]
    assert {one["id"] for one in second}.isdisjoint(one["id"] for one in by_place["pictures"])
    desk.review.likeness.gather().join()
    by_likeness = desk.get(path)
    desk.post("/api/undo", {})
    desk.get(path)
    assert desk.get(f"{path}&after={by_likeness['next']}")["pictures"] == []


def test_suspects_are_answers_that_the_classifier_contradicts(desk: Desk) -> None:
    ranked = desk.pictures("cat", "order=highest")
    best, worst = ranked[0], ranked[-1]
    desk.answer("cat", **{best["id"]: "no", worst["id"]: "yes", ranked[1]["id"]: "yes"})
    found = desk.pictures("cat", "order=suspects")
    gaps = {best["id"]: best["score"], worst["id"]: 1 - worst["score"]}
    assert [one["id"] for one in found] == sorted(gaps, key=lambda key: -gaps[key])


def test_suspects_of_a_report_come_with_its_score(desk: Desk) -> None:
    key = desk.pictures("cat", "order=highest")[0]["id"]
    desk.answer("cat", **{key: "no"})
    hash_id = desk.get(f"/api/pictures/{key}")["hash"]
    report = {"suspected_label_errors": [{"hash_id": hash_id, "score": 0.75}]}
    reports = desk.world.output / "reports"
    reports.mkdir(exist_ok=True)
    (reports / "model-ovr-logistic-regression-tag-cat.json").write_text(json.dumps(report))
    (found,) = desk.pictures("cat", "order=suspects")
    assert (found["id"], found["score"]) == (key, 0.75)


def test_unlike_begins_with_what_is_farthest_from_all_that_is_labelled(desk: Desk) -> None:
    known = shades(desk)
    labelled = list(known)[:2]
    desk.answer("cat", **dict.fromkeys(labelled, "yes"))
    found = desk.pictures("cat", "order=unlike")
    near = {
        key: max(cosine(shade, known[one]) for one in labelled)
        for key, shade in known.items()
        if key not in labelled
    }
    assert found[0]["id"] == min(near, key=near.__getitem__)
    assert {one["id"] for one in found} == near.keys()


def test_farthest_first_takes_none_twice_and_no_twins_in_a_row() -> None:
    rng = np.random.default_rng(0)
    some = rng.normal(size=(10, 8)).astype("f4")
    some /= np.linalg.norm(some, axis=1, keepdims=True)
    twins = np.concatenate([some, some])
    order = farthest_first(twins, np.full(20, -1, "f4"), 30)
    assert sorted(order.tolist()) == list(range(20))
    assert len({int(at) % 10 for at in order[:10]}) == 10
