import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from shared.embedders import EMBEDDERS, load_embedder
from shared.errors import RunError
from shared.records import EmbedderName
from tests.picture_cases import builders

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("word", EMBEDDERS)
def test_an_embedder_is_found_again_by_its_name(word: str) -> None:
    embedder = load_embedder(word)
    assert load_embedder(embedder.name) == embedder


@pytest.mark.parametrize(
    "name",
    [
        EmbedderName("CLIP", "ViT-nowhere", "nobody"),
        EmbedderName("builtin", "hog-color-v0", "none"),
        EmbedderName("", "", ""),
    ],
)
def test_an_embedder_that_is_not_at_hand_is_none(name: EmbedderName) -> None:
    assert load_embedder(name) is None


def test_an_unknown_word_is_refused_with_those_allowed() -> None:
    with pytest.raises(RunError) as caught:
        load_embedder("resnet")
    assert "resnet" in caught.value.found
    assert "builtin" in caught.value.found


@pytest.mark.parametrize("word", EMBEDDERS)
def test_vectors_are_float32_of_the_promised_shape(word: str) -> None:
    embedder = load_embedder(word)
    vectors = embedder.embed([builders.image("RGB"), builders.image("L")])
    assert vectors.shape == (2, embedder.n_features)
    assert vectors.dtype == "float32"


@pytest.mark.parametrize("word", EMBEDDERS)
def test_no_pictures_give_no_vectors(word: str) -> None:
    embedder = load_embedder(word)
    assert embedder.embed([]).shape == (0, embedder.n_features)


@pytest.mark.parametrize("word", EMBEDDERS)
def test_an_embedder_can_be_sent_to_another_process(word: str) -> None:
    embedder = load_embedder(word)
    assert pickle.loads(pickle.dumps(embedder)) == embedder


def test_loading_one_imports_neither_pillow_nor_scikit_image() -> None:
    program = (
        "import sys; from shared.embedders import load_embedder; load_embedder('builtin');"
        "print({'PIL', 'skimage', 'sklearn'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"
