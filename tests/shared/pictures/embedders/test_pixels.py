import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.pictures.embedders import pixels
from shared.pictures.embedders.pixels import cropped, planes_of
from shared.pictures.embedders.recipe import Recipe, load_recipe
from tests.clip_models.layout import clip_config
from tests.clip_models.make_golden import GOLDEN, processed, processor_of
from tests.clip_models.pictures import CONFIGS, pictures, sampled
from tests.picture_cases import builders

MODES = "1 L LA La P PA RGB RGBA RGBa RGBX CMYK YCbCr LAB HSV I I;16 F".split()  # noqa: SIM905
TOLERANCE = 1e-5


def recipe(**changes: object) -> Recipe:
    config = clip_config() | changes
    return Recipe(
        resize=config["size"].get("shortest_edge"),
        resample=config["resample"],
        crop=(config["crop_size"]["height"], config["crop_size"]["width"]),
        scale=config["rescale_factor"],
        mean=tuple(config["image_mean"]),
        std=tuple(config["image_std"]),
        is_pooled=False,
    )


SMALL = recipe()


def picture(mode: str, width: int = 13, height: int = 12) -> Image.Image:
    if mode == "RGBX":
        return builders.image("RGB", width, height).convert("RGBX")
    return builders.image(mode, width, height)


def prepared(image: Image.Image, how: Recipe = SMALL) -> NDArray[np.float32]:
    return np.asarray(planes_of(cropped([image], how), how)[0])


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("kind", pictures())
def test_sampled_numbers_are_those_of_the_reference(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(CONFIGS[name]))
    golden = json.loads(GOLDEN.read_text())[name][kind]
    found = sampled(prepared(pictures()[kind], load_recipe(path)))
    assert np.abs(np.subtract(found, golden)).max() <= TOLERANCE


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("size", [(13, 12), (300, 231), (1, 50), (97, 1)])
def test_every_number_is_that_of_transformers_where_it_is_installed(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    pytest.importorskip("transformers", reason="the reference is no requirement of the tests")
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(CONFIGS[name]))
    how, processor = load_recipe(path), processor_of(CONFIGS[name])
    for mode in MODES:
        if mode != "La":  # the reference does not convert it
            image = picture(mode, *size)
            assert np.abs(prepared(image, how) - processed(processor, image)).max() <= TOLERANCE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (13, 12)])
def test_every_mode_and_size_is_prepared(mode: str, size: tuple[int, int]) -> None:
    planes = prepared(picture(mode, *size))
    assert (planes.shape, planes.dtype.name) == ((3, 24, 24), "float32")
    assert np.isfinite(planes).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("odd", [(1, 2, 3), b"\0\1", 70_000, "x", 2.5, [7]])
def test_a_transparency_that_makes_no_sense_does_no_harm(mode: str, odd: object) -> None:
    image = picture(mode)
    image.info["transparency"] = odd
    assert np.isfinite(prepared(image)).all()


@pytest.mark.parametrize("mode", MODES)
def test_picture_is_not_changed(mode: str) -> None:
    image = picture(mode)
    image.info["transparency"] = "x"
    before = image.tobytes()
    prepared(image)
    assert (image.mode, image.tobytes(), image.info["transparency"]) == (mode, before, "x")


def test_transparent_pictures_are_laid_on_white() -> None:
    clear = Image.new("RGBA", (30, 30), (200, 0, 0, 0))
    white = Image.new("RGB", (30, 30), (255, 255, 255))
    assert (prepared(clear) == prepared(white)).all()


def test_laying_on_white_strip_by_strip_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    image = builders.image("RGBA", 40, 33)
    whole = prepared(image)
    monkeypatch.setattr(pixels, "_STRIP_PIXELS", 100)
    assert (prepared(image) == whole).all()


def test_a_picture_is_not_turned_as_its_exif_asks() -> None:
    known = pictures()
    assert (prepared(known["RGB, to be turned"]) == prepared(known["RGB"])).all()


def test_only_the_middle_counts() -> None:
    image = Image.new("RGB", (72, 24), (255, 0, 0))
    image.paste((0, 0, 255), (24, 0, 48, 24))
    inner = prepared(image)[:, :, 2:-2]
    assert (inner == prepared(Image.new("RGB", (24, 24), (0, 0, 255)))[:, :, 2:-2]).all()


@pytest.mark.parametrize("size", [(300, 40), (40, 300), (5, 90), (700, 3)])
@pytest.mark.parametrize("crop", [24, 31])
def test_resizing_the_middle_alone_is_like_resizing_all(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], crop: int
) -> None:
    how = recipe(crop_size={"height": crop, "width": crop})
    image = builders.image("RGB", *size)
    whole = prepared(image, how)
    monkeypatch.setattr(pixels, "MAX_RESIZED_PIXELS", 1)
    levels = np.abs(prepared(image, how) - whole) * 255 * min(how.std)
    assert levels.mean() < 0.5
    assert levels.max() < 20  # noise, made larger, is the worst case


@pytest.mark.parametrize("size", [(1, 2_000_000), (2_000_000, 1)])
def test_a_thread_of_a_picture_takes_no_memory(size: tuple[int, int]) -> None:
    how = recipe(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})
    assert prepared(Image.new("L", size, 128), how).shape == (3, 224, 224)


def test_no_pictures_give_no_planes() -> None:
    assert planes_of(cropped([], SMALL), SMALL).shape == (0, 3, 24, 24)
