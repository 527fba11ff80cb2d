import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.embedders.choosing import EMBEDDERS, Embedder, load_embedder
from shared.pictures.embedders.clip import ClipOptions
from shared.records import EmbedderName
from tests.clip_models.layout import write_cache
from tests.clip_models.plans import TINY
from tests.picture_cases import builders
from tests.worlds import ROOT

WIDTHS = {"CLIP": TINY.n_features, "builtin": BuiltinEmbedder.n_features}
HEAVY = {"PIL", "skimage", "sklearn", "onnxruntime", "huggingface_hub"}


@pytest.fixture(params=EMBEDDERS)
def embedder(request: pytest.FixtureRequest, cache: Path) -> Embedder:
    """Each embedder in turn, as its word alone loads it."""
    write_cache(cache)
    word: str = request.param
    return load_embedder(word)


def test_an_embedder_is_found_again_by_its_name(embedder: Embedder) -> None:
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
    assert "clip, builtin" in caught.value.found


def test_vectors_are_float32_of_the_promised_shape(embedder: Embedder) -> None:
    vectors = embedder.embed([builders.image("RGB"), builders.image("L")])
    assert vectors.shape == (2, WIDTHS[embedder.name.embeddings_type])
    assert vectors.dtype == "float32"


def test_no_pictures_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, WIDTHS[embedder.name.embeddings_type])


def test_an_embedder_can_be_sent_to_another_process(embedder: Embedder) -> None:
    assert pickle.loads(pickle.dumps(embedder)) == embedder


def test_an_embedder_says_what_it_is(embedder: Embedder) -> None:
    assert embedder.name.model in embedder.description


@pytest.mark.parametrize("word", EMBEDDERS)
def test_loading_one_imports_nothing_heavy(word: str, folder: Path) -> None:
    program = (
        "import sys; from shared.pictures.embedders.clip import ClipOptions;"
        "from shared.pictures.embedders.choosing import load_embedder;"
        "load_embedder(sys.argv[1], ClipOptions(sys.argv[2]));"
        f"print({HEAVY} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, word, str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"


def test_the_options_choose_the_weights(folder: Path) -> None:
    assert load_embedder("clip", ClipOptions(str(folder))).name.model == folder.name
