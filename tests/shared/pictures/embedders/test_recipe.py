import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RunError
from shared.pictures.embedders.recipe import Recipe, load_recipe
from tests.clip_models.layout import clip_config, siglip_config
from tests.clip_models.plans import Plan

USUAL = clip_config(Plan(side=224))
CLIP = Recipe(
    resize=224,
    resample=3,
    crop=(224, 224),
    scale=1 / 255,
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
    is_pooled=False,
)
WORDS = [*USUAL, "feature_extractor_type", "do_pad", "shortest_edge", "height", "width"]
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["x", "CLIP"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner),
    max_leaves=4,
)


def recipe_of(tmp_path: Path, config: object) -> Recipe:
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(config))
    return load_recipe(path)


def refusal_of(tmp_path: Path, content: bytes) -> RunError:
    path = tmp_path / "preprocessor_config.json"
    path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        load_recipe(path)
    assert caught.value.where == str(path)
    return caught.value


def test_the_usual_file_is_read(tmp_path: Path) -> None:
    assert recipe_of(tmp_path, USUAL) == CLIP


def test_what_is_not_said_is_as_clip_does_it(tmp_path: Path) -> None:
    assert recipe_of(tmp_path, {}) == CLIP
    assert recipe_of(tmp_path, dict.fromkeys(USUAL)) == CLIP


def test_what_is_not_said_is_as_siglip_does_it(tmp_path: Path) -> None:
    told = recipe_of(tmp_path, siglip_config(Plan(side=224), resample=3))
    assert recipe_of(tmp_path, {"image_processor_type": "SiglipImageProcessor"}) == told


@pytest.mark.parametrize(
    ("size", "resize"),
    [
        (30, 30),
        ({"shortest_edge": 30}, 30),
        ({"shortest_edge": 30, "longest_edge": None}, 30),
        ({"height": 30, "width": 40}, (30, 40)),
        ([30, 40], (30, 40)),
    ],
)
def test_every_spelling_of_the_size_is_understood(
    tmp_path: Path, size: object, resize: object
) -> None:
    assert recipe_of(tmp_path, USUAL | {"size": size}).resize == resize


@pytest.mark.parametrize(
    ("size", "crop"),
    [(30, (30, 30)), ({"height": 30, "width": 40}, (30, 40)), ([30, 40], (30, 40))],
)
def test_every_spelling_of_the_crop_is_understood(
    tmp_path: Path, size: object, crop: object
) -> None:
    recipe = recipe_of(tmp_path, USUAL | {"crop_size": size})
    assert (recipe.crop, recipe.size) == (crop, crop)


@pytest.mark.parametrize(
    ("flag", "changed"),
    [
        ("do_resize", {"resize": None, "resample": 0}),
        ("do_rescale", {"scale": 1.0}),
        ("do_normalize", {"mean": (0, 0, 0), "std": (1, 1, 1)}),
    ],
)
def test_a_step_can_be_left_out(tmp_path: Path, flag: str, changed: dict[str, Any]) -> None:
    recipe = recipe_of(tmp_path, USUAL | {flag: False})
    assert {key: getattr(recipe, key) for key in changed} == changed


def test_a_step_that_is_left_out_needs_no_values(tmp_path: Path) -> None:
    config = USUAL | {"do_normalize": False, "image_mean": "none", "image_std": "none"}
    assert recipe_of(tmp_path, config).std == (1, 1, 1)


@pytest.mark.parametrize(
    "kind",
    [
        "CLIPImageProcessor",
        "CLIPImageProcessorFast",
        "CLIPFeatureExtractor",
        "SiglipImageProcessor",
    ],
)
def test_processors_that_are_known_are_told_by_name(tmp_path: Path, kind: str) -> None:
    config = USUAL | {"image_processor_type": kind}
    assert recipe_of(tmp_path, config).is_pooled == kind.startswith("Siglip")


NONSENSE: list[dict[str, Any]] = [
    {"image_processor_type": "Siglip2ImageProcessor"},
    {"image_processor_type": "ViTImageProcessor"},
    {"image_processor_type": 7},
    {"do_resize": 1},
    {"do_rescale": "false"},
    {"do_pad": True},
    {"size": 0},
    {"size": -224},
    {"size": 224.0},
    {"size": True},
    {"size": 10**9},
    {"size": "224"},
    {"size": {}},
    {"size": {"longest_edge": 224}},
    {"size": {"shortest_edge": 224, "longest_edge": 300}},
    {"size": {"height": 224}},
    {"size": {"height": 224, "width": [1]}},
    {"size": [224]},
    {"crop_size": {"shortest_edge": 224}},
    {"crop_size": 10**9},
    {"crop_size": [224, 0]},
    {"resample": 6},
    {"resample": -1},
    {"resample": "bicubic"},
    {"resample": True},
    {"rescale_factor": 0},
    {"rescale_factor": -1},
    {"rescale_factor": float("nan")},
    {"rescale_factor": float("inf")},
    {"rescale_factor": 1e300},
    {"rescale_factor": [1 / 255]},
    {"image_mean": [0.5, 0.5]},
    {"image_mean": [0.5, 0.5, "x"]},
    {"image_mean": {}},
    {"image_mean": float("nan")},
    {"image_std": [0.5, 0.0, 0.5]},
    {"image_std": [0.5, 1e-45, 0.5]},
    {"image_std": -1e-300},
    {"image_std": 0},
    {"image_std": [0.5, 0.5, float("inf")]},
    {"do_center_crop": False},
    {"do_center_crop": False, "do_resize": False},
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
def test_nonsense_is_refused(tmp_path: Path, nonsense: dict[str, Any]) -> None:
    refusal = refusal_of(tmp_path, json.dumps(USUAL | nonsense).encode())
    assert "weights" in refusal.remedy


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"size": ' + b"9" * 5000 + b"}", "no JSON"),
        (b'{"size": ' + b"9" * 4000 + b"}", "size is 9"),
        (b'{"size": ' + b"[" * 300 + b"]" * 300 + b"}", "size is [["),
        (b"[]", "no JSON object"),
        (b"{}" + b" " * 2**20, "longer than"),
    ],
    ids=range(9),
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    assert found in refusal_of(tmp_path, content).found


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        load_recipe(tmp_path / "nowhere.json")
    assert "cannot be read" in caught.value.found


@given(st.dictionaries(st.sampled_from(WORDS), NESTED))
def test_anything_ends_in_a_recipe_or_a_refusal(tmp_path: Path, config: dict[str, Any]) -> None:
    with suppress(RunError):
        recipe = recipe_of(tmp_path, config)
        assert all(1 <= side <= 4096 for side in recipe.size)
