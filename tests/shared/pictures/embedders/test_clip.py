import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.errors import RunError
from shared.pictures.embedders import clip
from shared.pictures.embedders.clip import ClipEmbedder, ClipOptions, load_clip
from shared.pictures.embedders.pixels import cropped, planes_of
from shared.pictures.embedders.towers import CONFIG_FILE, WEIGHTS_FILE, file_sha256
from shared.records import EmbedderName
from tests.clip_models.forward import forward
from tests.clip_models.graphs import save
from tests.clip_models.layout import tiny_tower, write_cache
from tests.clip_models.make_golden_vectors import GOLDEN_VECTORS, golden_vectors
from tests.clip_models.pictures import pictures
from tests.clip_models.plans import TINY, random_weights


@pytest.fixture
def embedder(folder: Path) -> ClipEmbedder:
    return load_clip(ClipOptions(str(folder), precision="float32"))


def images(n_images: int = 7) -> list[Image.Image]:
    return list(pictures().values())[:n_images]


def lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.linalg.norm(vectors, axis=1))


def test_vectors_are_those_of_an_independent_forward_pass(embedder: ClipEmbedder) -> None:
    planes = planes_of(cropped(images(), embedder.recipe), embedder.recipe)
    expected = forward(TINY, random_weights(TINY), planes)
    assert np.abs(embedder.embed(images()) - expected).max() < 1e-5


@pytest.mark.parametrize("kind", pictures())
def test_from_picture_to_vector_all_is_as_in_transformers(
    embedder: ClipEmbedder, kind: str
) -> None:
    golden = json.loads(GOLDEN_VECTORS.read_text())[kind]
    assert np.abs(embedder.embed([pictures()[kind]])[0] - golden).max() < 1e-4


def test_the_golden_vectors_are_what_transformers_makes_now() -> None:
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason="the reference is no requirement of the tests")
    stored, made = json.loads(GOLDEN_VECTORS.read_text()), golden_vectors()
    assert stored.keys() == made.keys()
    assert all(np.abs(np.subtract(stored[kind], made[kind])).max() < 1e-5 for kind in made)


def test_vectors_are_not_normalised(embedder: ClipEmbedder) -> None:
    assert np.ptp(lengths(embedder.embed(images()))) > 0.1


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_a_batch_has_no_influence(embedder: ClipEmbedder, batch_size: int) -> None:
    divided = replace(embedder, batch_size=batch_size).embed(images())
    assert divided.tobytes() == embedder.embed(images()).tobytes()


def test_threads_have_no_influence(embedder: ClipEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = embedder.embed(images())
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert embedder.embed(images()).tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    ("most_bytes", "batches"), [(1, [1] * 7), (3 * 24 * 24 * 4 * 3, [3, 3, 1])]
)
def test_a_batch_is_bounded_by_memory(
    embedder: ClipEmbedder, monkeypatch: pytest.MonkeyPatch, most_bytes: int, batches: list[int]
) -> None:
    seen = []

    def noted(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(len(planes))
        return np.zeros((len(planes), TINY.n_features), np.float32)

    tower = embedder._tower()
    monkeypatch.setattr(tower, "vectors", noted)
    monkeypatch.setattr(clip, "MAX_BATCH_BYTES", most_bytes)
    embedder.embed(images())
    assert seen == batches


def test_the_name_tells_the_weights_by_their_digest(embedder: ClipEmbedder, folder: Path) -> None:
    digest = file_sha256(folder / WEIGHTS_FILE)
    assert embedder.name == EmbedderName("CLIP", "my-tower", "local", digest)


def test_other_weights_of_the_same_name_have_another_name(folder: Path) -> None:
    before = load_clip(ClipOptions(str(folder))).name
    save(tiny_tower(seed=2), folder / WEIGHTS_FILE)
    after = load_clip(ClipOptions(str(folder))).name
    assert (before.model, before.pretrained) == (after.model, after.pretrained)
    assert str(before) != str(after)


def test_the_default_is_what_existing_metadata_files_name(cache: Path) -> None:
    write_cache(cache)
    name = load_clip(ClipOptions(precision="float32")).name
    assert name == EmbedderName("CLIP", "ViT-B-32", "openai", name.weights_sha256)


def test_a_repository_is_found_by_its_own_name(cache: Path) -> None:
    write_cache(cache, "owner/tower")
    embedder = load_clip(ClipOptions("owner/tower"))
    assert (embedder.name.model, embedder.name.pretrained) == ("owner/tower", "hub")


def test_the_user_is_told_what_computes_and_where(embedder: ClipEmbedder) -> None:
    digest = embedder.name.weights_sha256[:12]
    told = f"CLIP my-tower local on the CPU; weights {digest}"
    assert embedder.description == told


def test_the_name_and_the_user_are_told_a_precision_that_is_not_the_full_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.pictures.embedders.runtimes.has_bfloat16", lambda: True)
    embedder = load_clip(ClipOptions(str(folder)))
    digest = embedder.name.weights_sha256
    assert str(embedder.name) == f"CLIP my-tower local {digest} bfloat16"
    assert embedder.description.startswith("CLIP my-tower local on the CPU in bfloat16; weights")


def test_a_sent_embedder_makes_the_same_vectors(embedder: ClipEmbedder) -> None:
    vectors = embedder.embed(images())
    sent = pickle.loads(pickle.dumps(embedder))
    assert sent.embed(images()).tobytes() == vectors.tobytes()


def test_a_process_opens_a_tower_once(embedder: ClipEmbedder) -> None:
    assert replace(embedder, batch_size=1)._tower() is embedder._tower()


@pytest.mark.parametrize("n_features", [0, TINY.n_features])
def test_the_width_that_is_needed_will_do(embedder: ClipEmbedder, n_features: int) -> None:
    assert replace(embedder, needed_features=n_features).n_features == TINY.n_features


def test_another_width_than_is_needed_is_refused_with_both(embedder: ClipEmbedder) -> None:
    with pytest.raises(RunError) as caught:
        replace(embedder, needed_features=512).embed(images())
    assert "vectors of 10 numbers" in caught.value.found
    assert "512" in caught.value.found


def test_a_broken_recipe_is_refused_at_once(folder: Path) -> None:
    (folder / CONFIG_FILE).write_text("{")
    with pytest.raises(RunError) as caught:
        load_clip(ClipOptions(str(folder)))
    assert caught.value.where == str(folder / CONFIG_FILE)


def test_a_missing_runtime_is_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.pictures.embedders.runtimes.find_spec", lambda _: None)
    with pytest.raises(RunError) as caught:
        load_clip(ClipOptions(str(folder)))
    assert caught.value.where == "onnxruntime"


def test_weights_that_are_no_tower_are_refused_when_it_is_first_needed(folder: Path) -> None:
    (folder / WEIGHTS_FILE).write_bytes(b"")
    embedder = load_clip(ClipOptions(str(folder)))
    with pytest.raises(RunError) as caught:
        _ = embedder.description
    assert caught.value.where == str(folder / WEIGHTS_FILE)
