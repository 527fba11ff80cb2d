import json
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import RunError
from shared.metadata.loading import Metadata, load_metadata
from shared.training.selection import (
    Collection,
    Labelled,
    Selection,
    SkippedTag,
    check_vectors,
    collected,
    completed,
)
from shared.training.tags import OTHER_TRAINING, OTHER_VALIDATION
from tests.shared.training.world import World, make_world, picture

Tags = Mapping[str, Iterable[int | str]]


@cache
def one_world() -> World:
    return make_world(Path(tempfile.mkdtemp()))


def selection(tags: Tags, tag: str = "cat", share: float = 0.2) -> Selection:
    found = one_world().collection(tags).selection(tag, share)
    assert isinstance(found, Selection)
    return found


def reason(tags: Tags, tag: str = "cat", share: float = 0.2) -> str:
    found = one_world().collection(tags).selection(tag, share)
    assert isinstance(found, SkippedTag)
    return found.reason


def numbers(labelled: Labelled, label: int) -> set[int]:
    rows = one_world().metadata().rows([picture(number) for number in range(200)]).tolist()
    return {rows.index(row) for row in labelled.rows[labelled.labels == label].tolist()}


def both(chosen: Selection, label: int) -> set[int]:
    return numbers(chosen.learnt, label) | numbers(chosen.held_out, label)


some = st.sets(st.integers(0, 60), min_size=3, max_size=30)


@settings(max_examples=40)
@given(
    cat=some,
    dog=some,
    extra=some,
    special=st.sampled_from(["bird", *sorted({OTHER_TRAINING, OTHER_VALIDATION})]),
)
def test_no_picture_is_on_both_sides_or_has_both_labels(
    cat: set[int], dog: set[int], extra: set[int], special: str
) -> None:
    found = one_world().collection({"cat": cat, "dog": dog, special: extra}).selection("cat", 0.3)
    if isinstance(found, Selection):
        rows = np.concatenate([found.learnt.rows, found.held_out.rows])
        assert len(set(rows.tolist())) == len(rows)
        assert both(found, 0) == cat


def test_pictures_of_all_other_tags_are_the_others() -> None:
    chosen = selection({"cat": range(5), "dog": range(5, 9), "bird": range(9, 12)})
    assert both(chosen, 1) == set(range(5, 12))


def test_what_a_tag_is_not_costs_no_more_with_more_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    usable = Collection._usable

    def noted(collection: Collection, tag: str) -> NDArray[np.bool_]:
        looked_at.append(tag)
        return usable(collection, tag)

    monkeypatch.setattr(Collection, "_usable", noted)
    selection({"cat": range(5), **{str(number): [10 + number] for number in range(50)}})
    assert len(looked_at) < 10


def test_a_picture_that_also_has_the_tag_is_never_an_other() -> None:
    chosen = selection({"cat": range(6), "dog": range(4, 12)})
    assert both(chosen, 1) == set(range(6, 12))


def test_a_picture_with_a_tag_is_not_held_out_as_its_own_negative() -> None:
    tags = {"cat": range(6), "dog": range(6, 12), OTHER_VALIDATION: [0, 1, 2, 20, 21]}
    assert numbers(selection(tags).held_out, 1) >= {20, 21}
    assert both(selection(tags), 1).isdisjoint(range(6))


def test_other_training_takes_the_place_of_other_tags() -> None:
    tags = {"cat": range(5), "dog": range(5, 9), OTHER_TRAINING: range(20, 30)}
    assert both(selection(tags), 1) == set(range(20, 30))


def test_an_other_training_without_vectors_takes_no_place() -> None:
    tags: Tags = {"cat": range(5), "dog": range(5, 9), OTHER_TRAINING: ["unknown", "bad"]}
    assert both(selection(tags), 1) == set(range(5, 9))


@pytest.mark.parametrize("base", [OTHER_TRAINING, "dog"])
def test_other_validation_is_held_out_and_never_learnt(base: str) -> None:
    chosen = selection({"cat": range(5), base: range(20, 30), OTHER_VALIDATION: range(25, 40)})
    assert numbers(chosen.held_out, 1) >= set(range(25, 40))
    assert numbers(chosen.learnt, 1) <= set(range(20, 25))


def test_where_nothing_is_held_out_other_validation_is_not_used() -> None:
    tags = {"cat": range(5), "dog": range(20, 30), OTHER_VALIDATION: range(25, 40)}
    chosen = selection(tags, share=0)
    assert len(chosen.held_out.rows) == 0
    assert numbers(chosen.learnt, 1) == set(range(20, 25))


def test_folders_of_negatives_are_no_tags() -> None:
    tags: Tags = {OTHER_VALIDATION: [1], "dog": [2], OTHER_TRAINING: [3], "cat": [4]}
    assert one_world().collection(tags).tags == ["cat", "dog"]


@pytest.mark.parametrize(
    ("share", "n_tag", "n_other"), [(0.1, 1, 10), (0.25, 2, 25), (0.5, 5, 50), (0.99, 8, 98)]
)
def test_the_share_is_held_out_of_each_side(share: float, n_tag: int, n_other: int) -> None:
    chosen = selection({"cat": range(10), "dog": range(10, 110)}, share=share)
    assert (chosen.held_out.count(0), chosen.held_out.count(1)) == (n_tag, n_other)


def test_the_order_of_a_list_does_not_matter() -> None:
    one = selection({"cat": range(10), "dog": range(10, 50)})
    two = selection({"dog": [*range(49, 9, -1), 12], "cat": [*range(9, -1, -1), 3]})
    np.testing.assert_array_equal(one.learnt.rows, two.learnt.rows)
    np.testing.assert_array_equal(one.held_out.rows, two.held_out.rows)


def test_a_new_picture_moves_few_others_to_the_other_side() -> None:
    before = selection({"cat": range(40), "dog": range(50, 100)})
    after = selection({"cat": range(41), "dog": range(50, 100)})
    assert len(numbers(before.held_out, 0) ^ numbers(after.held_out, 0)) <= 2


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"cat": [1, 2], "dog": range(9, 20)}, "2 images with it; 3 are needed"),
        ({"cat": [1, "bad", "unknown"], "dog": range(9, 20)}, "1 image with it; 3 are needed"),
        ({"cat": range(9), "dog": [1, 20, 21]}, "2 images without it; 3 are needed"),
        ({"cat": range(9)}, "0 images without it; 3 are needed"),
        ({"cat": range(9), OTHER_VALIDATION: range(9, 20)}, "0 images without it"),
    ],
)
def test_a_tag_with_too_few_pictures_is_skipped_with_a_sentence(tags: Tags, words: str) -> None:
    assert words in reason(tags)


def test_two_are_enough_where_none_is_held_out() -> None:
    assert selection({"cat": [1, 2], "dog": [3, 4]}, share=0).learnt.count(0) == 2
    assert "hold out" not in reason({"cat": [1], "dog": [3, 4]}, share=0)


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_tag_that_no_classifier_could_name_is_skipped(name: str) -> None:
    assert f"has {len(name)} characters" in reason({name: range(9), "dog": range(9, 20)}, name)


def test_pictures_without_a_vector_are_counted_and_named() -> None:
    tags: Tags = {"cat": [1, "bad"], "dog": [2], OTHER_TRAINING: ["u1", "u2", "u3", "u4", 5]}
    assert list(one_world().collection(tags).iter_losses()) == [
        "cat: 1 of 2 images are left out (1 with a bad vector): bad…",
        "other-training: 4 of 5 images are left out (4 not in the metadata): u1…, u2…, u3…, …",
    ]


def test_pictures_that_are_denied_a_tag_are_counted_and_named_as_well() -> None:
    tags: Tags = {"cat": [1, 2], "dog": [3]}
    collection = one_world().collection(tags, denied={"cat": ["bad", 4]})
    assert list(collection.iter_losses()) == [
        "cat: 1 of 4 images are left out (1 with a bad vector): bad…"
    ]


def test_no_vector_at_all_is_an_error() -> None:
    world = one_world()
    found = world.collection({"cat": ["unknown", "bad"]})
    with pytest.raises(RunError, match="none of its images has a usable vector"):
        check_vectors(found, world.metadata(), {}, Path("tags.json"))


def test_the_list_that_is_the_other_way_round_is_recognised() -> None:
    world = one_world()
    found = collected({picture(1): ["cat"], picture(2): ["dog"]}, world.metadata())
    with pytest.raises(RunError, match="tags under image hashes"):
        check_vectors(found, world.metadata(), {}, Path("tags.json"))


def test_all_vectors_may_come_from_elsewhere() -> None:
    world = one_world()
    collection = world.collection({"cat": ["new", "newer"]}, {"cat": ["denied"]})
    stored = {name: np.full(6, at, np.float32) for at, name in enumerate(["new", "newer"], 1)}
    check_vectors(collection, world.metadata(), stored, Path("tags.json"))
    found, vectors = completed(collection, world.metadata(), stored)
    assert vectors.shape == (2, 6)
    assert (found.rows >= 0).sum() == 2


def denied(tags: Tags, no: Iterable[int]) -> Selection:
    world = one_world()
    lists = {tag: [picture(one) for one in ones] for tag, ones in tags.items()}
    denials = {"cat": [picture(one) for one in no]}
    collection = collected(lists, world.metadata(), denials)
    found = collection.selection("cat", 0.2)
    assert isinstance(found, Selection)
    return found


@pytest.mark.parametrize("base", [OTHER_TRAINING, "dog"])
def test_what_a_person_denied_a_tag_is_a_picture_without_it(base: str) -> None:
    chosen = denied({"cat": range(5), base: range(20, 30)}, [50, 51])
    assert both(chosen, 1) == {*range(20, 30), 50, 51}


def test_a_denial_without_a_vector_takes_no_place() -> None:
    chosen = denied({"cat": range(5), "dog": range(20, 30)}, [999])
    assert both(chosen, 1) == set(range(20, 30))


def test_a_denial_counts_for_its_tag_alone() -> None:
    world = one_world()
    lists = {"cat": [picture(n) for n in range(5)], "dog": [picture(n) for n in range(20, 30)]}
    denials = {"cat": [picture(50)]}
    collection = collected(lists, world.metadata(), denials)
    chosen = collection.selection("dog", 0.2)
    assert isinstance(chosen, Selection)
    assert both(chosen, 1) == set(range(5))


def test_vectors_that_the_metadata_lacks_come_from_elsewhere() -> None:
    world = one_world()
    metadata = world.metadata()
    collection = world.collection({"cat": [1, 2, "new", "bad", "unknown"], "dog": range(9, 20)})
    stored = {"new": np.arange(6, dtype=np.float32), "bad": np.ones(6, np.float32)}
    found, vectors = completed(collection, metadata, stored)
    at = collection.hashes.index("new")
    assert len(vectors) == 14
    np.testing.assert_array_equal(vectors[found.rows[at]], stored["new"])
    known = collection.rows >= 0
    np.testing.assert_array_equal(
        vectors[found.rows[known]], metadata.vectors[collection.rows[known]]
    )
    assert (found.rows < 0).sum() == (collection.rows < 0).sum() - 1


def test_where_nothing_is_stored_elsewhere_what_the_metadata_lacks_stays_missing() -> None:
    world = one_world()
    metadata = world.metadata()
    collection = world.collection({"cat": [1, 2, "unknown"], "dog": range(9, 20)})
    found, vectors = completed(collection, metadata, {"other": np.ones(6, np.float32)})
    known = collection.rows >= 0
    assert ((found.rows >= 0) == known).all()
    np.testing.assert_array_equal(
        vectors[found.rows[known]], metadata.vectors[collection.rows[known]]
    )


def doubled(folder: Path) -> tuple[Collection, Metadata]:
    """Pictures 0 to 39 of two tags, and of each a near copy, 40 further."""
    rng = np.random.default_rng(0)
    once = rng.normal(size=(40, 80))
    vectors = np.concatenate([once, once + rng.normal(size=(40, 80)) * 0.01])
    entries = {
        f"{number:0128x}": {"embeddings_vector": vector.tolist()}
        for number, vector in enumerate(vectors)
    }
    path = folder / "copies.json"
    path.write_text(json.dumps(entries))
    tags = {
        "cat": [name for at, name in enumerate(entries) if at % 2],
        "dog": [name for at, name in enumerate(entries) if not at % 2],
    }
    metadata = load_metadata(path, folder)
    return collected(tags, metadata), metadata


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_near_copies_are_learnt_together_or_held_out_together(tmp_path: Path, share: float) -> None:
    found, vectors = completed(*doubled(tmp_path), {})
    chosen = found.selection("cat", share)
    assert isinstance(chosen, Selection)
    learnt, held_out = chosen.learnt, chosen.held_out
    assert learnt.groups is not None
    assert held_out.groups is not None
    assert set(learnt.groups.tolist()).isdisjoint(held_out.groups.tolist())
    assert len(learnt.rows) + len(held_out.rows) == len(vectors) == 80
    assert held_out.count(0) == pytest.approx(40 * share, abs=1)
    assert learnt.n_near_copies == len(learnt.rows) / 2


def test_where_nothing_is_a_near_copy_no_picture_is_of_a_group(world: World) -> None:
    found, _ = completed(world.collection({"cat": range(10)}), world.metadata(), {})
    assert found.groups is None
