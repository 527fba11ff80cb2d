"""The files beside the pictures fit each other, or the run says at its start what does not."""

import json
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from shared.errors import Fate, RunError
from shared.flow.inputs import Inputs, load_inputs
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.embedders.choosing import AS_THE_METADATA_SAYS
from shared.records import serving_names
from tests.worlds import World, png

BUILTIN = {"embeddings_type": "builtin", "model": BuiltinEmbedder.name.model, "pretrained": "none"}

VIT_B_32 = {"embeddings_type": "CLIP", "model": "ViT-B-32", "pretrained": "openai"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.know(png(1), png(2))
    world.train("cat")
    return world


def load(world: World, model: Path | None = None) -> Inputs:
    world.output.mkdir(exist_ok=True)
    return load_inputs(
        world.metadata,
        model or world.models,
        world.output,
        AS_THE_METADATA_SAYS,
        trust_models=False,
    )


def train_wide(world: World, tag: str) -> Path:
    """A classifier of vectors of 7 numbers, where the metadata has 4."""
    rng = np.random.default_rng(0)
    fitted = LogisticRegression().fit(rng.normal(size=(20, 7)), np.arange(20) % 2)
    path = world.models / f"model-svm-tag-{tag}.pkl"
    joblib.dump({"classifier": fitted, "model_type": "svm", "tag": tag}, path)
    return path


class TestClassifiers:
    def test_those_that_fit_are_used(self, world: World) -> None:
        world.train("dog")
        inputs = load(world)
        assert [one.tag for one in inputs.classifiers] == ["cat", "dog"]
        assert inputs.refused == ()

    def test_one_of_another_width_is_refused_and_names_both(self, world: World) -> None:
        path = train_wide(world, "wide")
        inputs = load(world)
        [refused] = inputs.refused
        assert [one.tag for one in inputs.classifiers] == ["cat"]
        assert (refused.address, refused.fate) == (str(path), Fate.BAD_CLASSIFIER)
        assert "7" in refused.reason
        assert "4" in refused.reason

    def test_one_that_cannot_be_read_is_refused_by_its_path(self, world: World) -> None:
        path = world.models / "model-svm-tag-page.pkl"
        path.write_text("<html>")
        [refused] = load(world).refused
        assert (refused.address, refused.fate) == (str(path), Fate.BAD_CLASSIFIER)

    def test_the_unreadable_come_before_those_that_do_not_fit(self, world: World) -> None:
        wide = train_wide(world, "a")
        page = world.models / "model-svm-tag-b.pkl"
        page.write_text("<html>")
        assert [one.address for one in load(world).refused] == [str(page), str(wide)]

    def test_where_none_fits_the_run_ends_and_names_both_widths(self, world: World) -> None:
        wide = train_wide(world, "wide")
        with pytest.raises(RunError) as caught:
            load(world, wide)
        assert caught.value.where == str(wide)
        assert "vectors of 4 numbers" in caught.value.found
        assert "vectors of 7 numbers" in caught.value.found
        assert str(world.metadata) in caught.value.remedy

    def test_where_all_are_unreadable_the_run_ends(self, world: World) -> None:
        page = world.models / "model-svm-tag-page.pkl"
        page.write_text("<html>")
        with pytest.raises(RunError) as caught:
            load(world, page)
        assert caught.value.where == str(page)


def train_on(world: World, tag: str, **embedder: str) -> Path:
    """A classifier that says what made the vectors it was trained on."""
    world.train(tag)
    path = world.models / f"model-ovr-logistic-regression-tag-{tag}.pkl"
    told = {"embedder": VIT_B_32 | {"weights_sha256": ""} | embedder}
    joblib.dump(joblib.load(path) | told, path)
    return path


def name_embedder(world: World, **embedder: str) -> None:
    for entry in world.entries.values():
        entry.update(VIT_B_32 | embedder)
    world.know()


class TestClassifiersOfAnotherEmbedder:
    def test_one_is_refused_and_names_both(self, world: World) -> None:
        name_embedder(world)
        path = train_on(world, "dog", model="ViT-B-16")
        inputs = load(world)
        [refused] = inputs.refused
        assert [one.tag for one in inputs.classifiers] == ["cat"]
        assert (refused.address, refused.fate) == (str(path), Fate.BAD_CLASSIFIER)
        assert "CLIP ViT-B-16 openai" in refused.reason
        assert "CLIP ViT-B-32 openai" in refused.reason

    def test_where_all_are_the_run_ends(self, world: World) -> None:
        name_embedder(world, embeddings_type="clip-retrieval", pretrained="L2-normalised")
        path = train_on(world, "cat")
        with pytest.raises(RunError) as caught:
            load(world, path)
        assert "clip-retrieval ViT-B-32 L2-normalised" in caught.value.found

    def test_one_is_refused_in_one_printable_line(self, world: World) -> None:
        name_embedder(world)
        train_on(world, "dog", model="ViT\n\x1b[31m")
        assert load(world).refused[0].reason.isprintable()

    @pytest.mark.parametrize(
        "told",
        [{}, {"model": "ViT-B/32"}, {"weights_sha256": "ab" * 32}, {"embeddings_type": "clip"}],
    )
    def test_the_same_one_in_other_words_is_used(self, world: World, told: dict[str, str]) -> None:
        name_embedder(world)
        train_on(world, "cat", **told)
        assert load(world).refused == ()

    def test_metadata_that_names_none_takes_all(self, world: World) -> None:
        train_on(world, "cat")
        assert load(world).refused == ()


class TestEmbedder:
    def test_the_one_that_the_metadata_names_is_at_hand(self, world: World) -> None:
        for entry in world.entries.values():
            entry.update(BUILTIN)
        world.know()
        inputs = load(world)
        assert inputs.embedder_name == str(BuiltinEmbedder.name)
        assert inputs.reading_identity

    def test_metadata_that_names_none_has_none(self, world: World) -> None:
        inputs = load(world)
        assert (inputs.embedder, inputs.embedder_name, inputs.reading_identity) == (None, "", "")

    def test_one_that_is_not_at_hand_is_none_and_why_is_told(self, world: World) -> None:
        for entry in world.entries.values():
            entry.update(BUILTIN | {"model": "of another time"})
        world.know()
        inputs = load(world)
        assert (inputs.embedder, inputs.reading_identity) == (None, "")
        assert inputs.note

    def test_vectors_of_one_that_is_not_at_hand_keep_their_name(self, world: World) -> None:
        for entry in world.entries.values():
            entry.update(BUILTIN | {"model": "of another time"})
        world.know()
        names = serving_names(load(world).embedder_name)
        assert names == [
            "builtin of another time none",
            "builtin of another time none bfloat16",
            "builtin of another time none int8",
        ]


def one_more(world: World) -> None:
    world.know(png(3))


def another_vector(world: World) -> None:
    next(iter(world.entries.values()))["embeddings_vector"] = [1.0, 2.0, 3.0, 4.0]
    world.know()


def a_size(world: World) -> None:
    next(iter(world.entries.values()))["image_resolution"] = [3, 2]
    world.know()


def an_embedder(world: World) -> None:
    for entry in world.entries.values():
        entry.update(BUILTIN)
    world.know()


def other_spaces(world: World) -> None:
    world.metadata.write_text(json.dumps(world.entries, indent=3))


def another_file_name(world: World) -> None:
    next(iter(world.entries.values()))["file_name"] = "renamed.png"
    world.know()


class TestIdentity:
    def differs(self, world: World, change: Callable[[World], None]) -> bool:
        before = load(world).vectors_identity
        change(world)
        return load(world).vectors_identity != before

    @pytest.mark.parametrize("change", [one_more, another_vector, a_size, an_embedder])
    def test_it_changes_with_what_decides_a_pictures_vector(
        self, world: World, change: Callable[[World], None]
    ) -> None:
        assert self.differs(world, change)

    @pytest.mark.parametrize("change", [other_spaces, another_file_name])
    def test_it_stays_with_all_else(self, world: World, change: Callable[[World], None]) -> None:
        assert not self.differs(world, change)

    def test_without_an_embedder_reading_does_not_depend_on_the_metadata(
        self, world: World
    ) -> None:
        before = load(world).reading_identity
        one_more(world)
        assert load(world).reading_identity == before

    def test_with_one_it_does(self, world: World) -> None:
        an_embedder(world)
        before = load(world).reading_identity
        another_vector(world)
        assert load(world).reading_identity != before
