import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC

from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.training.sample import write_sample
from tests.picture_cases import builders

EMBEDDER = BuiltinEmbedder()
MODES = "1 L LA La P PA RGB RGBA RGBa RGBX CMYK YCbCr LAB HSV I I;16 F".split()  # noqa: SIM905
Vectors = NDArray[np.float32]


def picture(mode: str, width: int = 13, height: int = 12) -> Image.Image:
    if mode == "RGBX":
        return builders.image("RGB", width, height).convert("RGBX")
    return builders.image(mode, width, height)


def vector(image: Image.Image) -> Vectors:
    vectors = EMBEDDER.embed([image])
    return np.asarray(vectors[0])


def distance(one: Image.Image, other: Image.Image) -> float:
    return float(np.linalg.norm(vector(one) - vector(other)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (13, 12)])
def test_every_mode_and_size_has_a_finite_vector(mode: str, size: tuple[int, int]) -> None:
    assert np.isfinite(vector(picture(mode, *size))).all()


@pytest.mark.parametrize("mode", ["I;16L", "I;16B", "I;16N"])
def test_every_order_of_sixteen_bits_has_a_finite_vector(mode: str) -> None:
    assert np.isfinite(vector(Image.new(mode, (9, 9), 70))).all()


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_has_no_influence(mode: str) -> None:
    others = [picture(other, 30, 7) for other in MODES]
    together = EMBEDDER.embed([*others, picture(mode), *others])[len(others)]
    assert together.tobytes() == vector(picture(mode)).tobytes()


def test_picture_is_not_changed() -> None:
    image = picture("P")
    before = image.tobytes()
    vector(image)
    assert (image.mode, image.tobytes()) == ("P", before)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "I;16", "F"])
def test_length_is_about_that_of_a_clip_vector(mode: str) -> None:
    assert 7 < np.linalg.norm(vector(picture(mode, 64, 48))) < 14


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    grey = np.asarray(picture("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert distance(deep, picture("L")) < 0.5


def test_floats_are_stretched_over_their_range() -> None:
    grey = np.asarray(picture("L"), np.float32)
    grey[0, 0], grey[0, 1] = 0, 255
    assert distance(Image.fromarray(grey / 1e6 - 5), Image.fromarray(grey / 10)) < 0.5


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38])
def test_floats_that_are_none_do_no_harm(odd: float) -> None:
    pixels = np.asarray(picture("F")).copy()
    pixels[3, 3] = odd
    assert np.isfinite(vector(Image.fromarray(pixels))).all()


def test_what_lies_under_full_transparency_does_not_count() -> None:
    clear_red, clear_blue = (Image.new("RGBA", (9, 9), (*c, 0)) for c in ((255, 0, 0), (0, 0, 255)))
    assert distance(clear_red, clear_blue) == 0


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (255, 255, 255, 255)])
def test_drawings_stand_out_from_a_clear_ground(ink: tuple[int, ...]) -> None:
    ground = Image.new("RGBA", (32, 32), (*ink[:3], 0))
    drawn = ground.copy()
    drawn.paste(ink, (8, 8, 24, 24))
    assert distance(drawn, ground) > 3


def test_a_palette_with_a_clear_colour_is_laid_on_grey() -> None:
    image = Image.new("P", (9, 9))
    image.putpalette([255, 0, 0])
    written = io.BytesIO()
    image.save(written, "PNG", transparency=0)
    assert distance(Image.open(written), Image.new("RGB", (9, 9), (128, 128, 128))) == 0


def test_colour_counts() -> None:
    red, green = (Image.new("RGB", (9, 9), colour) for colour in ((200, 0, 0), (0, 100, 0)))
    assert distance(red, green) > 2


def iter_digits(folder: Path) -> Iterator[tuple[int, Image.Image]]:
    for path in sorted(folder.rglob("*.png")):
        match = re.search(r"digit-(\d)", str(path.relative_to(folder)))
        assert match
        yield int(match[1]), Image.open(path)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    parts = {}
    for part in ("dataset", "images"):
        targets, images = zip(*iter_digits(folder / part), strict=True)
        parts[part] = (EMBEDDER.embed(images), np.array(targets))
    return parts


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogisticRegression(max_iter=1000),
        lambda: CalibratedClassifierCV(SVC(), ensemble=False),
    ],
    ids=["logistic", "svm"],
)
@pytest.mark.parametrize("digit", [1, 8])
@pytest.mark.training
def test_handwriting_is_told_apart(
    digits: dict[str, Any], make: Callable[[], Any], digit: int
) -> None:
    vectors, targets = digits["dataset"]
    unseen, truth = digits["images"]
    scores = make().fit(vectors, targets != digit).predict_proba(unseen)[:, 0]
    assert roc_auc_score(truth == digit, scores) > 0.99
