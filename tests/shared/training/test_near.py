import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_digits

from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.training.near import MIN_FEATURES, near_copies
from tests.shared.training.digits import embedded_digits

N_IMAGES = 200


def again(image: Image.Image) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=75)
    return Image.open(content)


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((22, 22))


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.1)


@pytest.mark.parametrize("copied", [again, smaller, brighter])
def test_nearly_all_near_copies_of_digits_are_found(
    copied: Callable[[Image.Image], Image.Image],
) -> None:
    levels = np.round(load_digits().images[:N_IMAGES] * (255 / 16)).astype(np.uint8)
    images = [Image.fromarray(one.repeat(4, axis=0).repeat(4, axis=1)) for one in levels]
    vectors = BuiltinEmbedder().embed([*images, *map(copied, images)])
    leaders = near_copies(vectors.astype(np.float32))
    assert np.mean(leaders[N_IMAGES:] == np.arange(N_IMAGES)) >= 0.95


def test_next_to_no_two_digits_are_taken_for_copies() -> None:
    leaders = near_copies(embedded_digits().vectors.astype(np.float32))
    assert (leaders != np.arange(len(leaders))).sum() <= 5


def test_what_a_random_projection_leaves_out_is_what_is_far() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(1500, 300)).astype(np.float32)
    copies = vectors[:1200] + rng.normal(size=(1200, 300)).astype(np.float32) * 0.3
    leaders = near_copies(np.concatenate([vectors, copies]))
    assert leaders[:1500].tolist() == list(range(1500))
    assert leaders[1500:].tolist() == list(range(1200))


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_the_length_of_the_vectors_does_not_matter(size: float) -> None:
    vectors = np.random.default_rng(0).normal(size=(20, 100)).astype(np.float32) * np.float32(size)
    leaders = near_copies(np.concatenate([vectors, vectors[:5]]))
    assert leaders.tolist() == [*range(20), *range(5)]


def test_pictures_are_no_chain() -> None:
    """Each is near the next one, the first and the last have nothing in common."""
    way = np.linspace(0, 1, 30)[:, np.newaxis]
    ends = np.random.default_rng(0).normal(size=(2, 100))
    others = np.random.default_rng(1).normal(size=(30, 100))
    vectors = np.concatenate([ends[0] * (1 - way) + ends[1] * way, others]).astype(np.float32)
    assert 1 < len(set(near_copies(vectors)[:30].tolist())) < 30


def test_in_few_dimensions_nothing_is_a_copy() -> None:
    vectors = np.ones((4, MIN_FEATURES - 1), np.float32)
    assert near_copies(vectors).tolist() == [0, 1, 2, 3]


def test_pictures_that_are_all_the_same_are_copies_of_the_first() -> None:
    assert near_copies(np.ones((4, MIN_FEATURES), np.float32)).tolist() == [0, 0, 0, 0]
    assert near_copies(np.ones((1, MIN_FEATURES), np.float32)).tolist() == [0]
