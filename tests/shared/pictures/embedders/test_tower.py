from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from shared.errors import RunError
from shared.pictures.embedders.recipe import Recipe
from shared.pictures.embedders.tower import Tower
from shared.records import PRECISIONS
from tests.clip_models.forward import forward
from tests.clip_models.graphs import (
    GraphBuilder,
    model_of,
    planes,
    save,
    tower_graph,
    with_external_data,
)
from tests.clip_models.layout import tiny_tower
from tests.clip_models.make_golden_vectors import vectors_of
from tests.clip_models.plans import TINY, Plan, random_weights

pytestmark = pytest.mark.slow

RECIPE = Recipe(
    resize=24,
    resample=3,
    crop=(24, 24),
    scale=1 / 255,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    is_pooled=False,
)
POOLED = Recipe(24, 3, (24, 24), 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), is_pooled=True)
OTHER_PLAN = Plan(side=24, patch=6, hidden=24, n_heads=3, n_layers=1, n_features=7)
WIDE_PLAN = Plan(side=24, patch=8, hidden=64, n_heads=4, n_layers=2, n_features=10)


def opened(
    model: onnx.ModelProto, tmp_path: Path, recipe: Recipe = RECIPE, precision: str = ""
) -> Tower:
    return Tower(save(model, tmp_path / "x.onnx"), recipe, "cpu", precision, 1)


def refusal_of(
    model: onnx.ModelProto, tmp_path: Path, recipe: Recipe = RECIPE, precision: str = ""
) -> str:
    with pytest.raises(RunError) as caught:
        opened(model, tmp_path, recipe, precision)
    assert caught.value.where == str(tmp_path / "x.onnx")
    assert "in stage 1, --embedder builtin" in caught.value.remedy
    return caught.value.found


def graph_of(
    operation: str, *inputs: str, gives: object = None, takes: object = None, **attributes: object
) -> onnx.ModelProto:
    """A graph of one node."""
    build = GraphBuilder({})
    build.node(operation, *inputs, output="image_embeds", **attributes)
    return model_of(build, [value("pixel_values", takes)], [value("image_embeds", gives)])


def value(name: str, shape: Any, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:  # noqa: ANN401
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.mark.parametrize("plan", [TINY, OTHER_PLAN])
def test_vectors_are_those_of_an_independent_forward_pass(tmp_path: Path, plan: Plan) -> None:
    weights = random_weights(plan)
    tower = opened(tower_graph(plan, weights), tmp_path)
    found = tower.vectors(planes(plan, 5))
    assert np.abs(found - forward(plan, weights, planes(plan, 5))).max() < 1e-5
    assert (found.dtype.name, tower.n_features) == ("float32", plan.n_features)


@pytest.mark.parametrize("plan", [TINY, OTHER_PLAN])
def test_vectors_are_those_of_transformers_where_it_is_installed(
    tmp_path: Path, plan: Plan
) -> None:
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason="the reference is no requirement of the tests")
    weights = random_weights(plan)
    expected = vectors_of(plan, weights, planes(plan, 5))
    found = opened(tower_graph(plan, weights), tmp_path).vectors(planes(plan, 5))
    assert np.abs(found - expected).max() < 1e-4


def test_a_tower_that_takes_one_picture_at_a_time_gets_them_so(tmp_path: Path) -> None:
    weights = random_weights(TINY)
    one_by_one = opened(tower_graph(TINY, weights, batch=1), tmp_path)
    found = one_by_one.vectors(planes(TINY, 3))
    assert np.abs(found - forward(TINY, weights, planes(TINY, 3))).max() < 1e-5


def test_the_pooled_output_is_the_embedding_of_a_siglip_tower(tmp_path: Path) -> None:
    tower = opened(tiny_tower(output="pooler_output"), tmp_path, POOLED)
    assert tower.n_features == TINY.n_features


def test_the_pooled_output_is_not_the_embedding_of_a_clip_tower(tmp_path: Path) -> None:
    found = refusal_of(tiny_tower(output="pooler_output"), tmp_path)
    assert "pooler_output" in found
    assert "image_embeds is needed" in found


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(RunError) as caught:
        Tower(path, RECIPE, "cpu", "", 1)
    assert "no ONNX file" in caught.value.found


def test_why_a_graph_is_refused_is_told_however_long_its_path_is(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    model = tiny_tower()
    model.opset_import[0].version = 999
    with pytest.raises(RunError) as caught:
        opened(model, folder)
    assert "official support for domain" in caught.value.found


def test_a_graph_with_numbers_in_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(10_000))
    with pytest.raises(RunError) as caught:
        opened(with_external_data(tiny_tower(), "data"), tmp_path)
    assert "other files" in caught.value.found


SPOILT = {
    "empty": onnx.ModelProto(),
    "text tower": graph_of("Identity", "input_ids", takes=["n"]),
    "unknown operation": graph_of("Conjure", "pixel_values", takes=["n", 3, 24, 24]),
    "unknown input": graph_of("Identity", "nowhere", takes=["n", 3, 24, 24], gives=["n", 4]),
    "another size": tower_graph(Plan(side=32), random_weights(Plan(side=32))),
    "batches of two": tower_graph(TINY, random_weights(TINY), batch=2),
    "three dimensions": graph_of("Identity", "pixel_values", takes=[3, 24, 24], gives=[3, 24, 24]),
    "hidden states": graph_of("Identity", "pixel_values", takes=["n", 3, 24, 24]),
    "one number a picture": graph_of(
        "ReduceMean", "pixel_values", takes=["n", 3, 24, 24], axes=[1, 2, 3], keepdims=0
    ),
    "no numbers": graph_of("Log", "pixel_values", takes=["n", 3, 24, 24], gives=["n", 3, 24, 24]),
}


@pytest.mark.parametrize("precision", ["", *PRECISIONS])
@pytest.mark.parametrize("case", SPOILT)
def test_what_is_no_image_tower_is_refused(tmp_path: Path, case: str, precision: str) -> None:
    assert refusal_of(SPOILT[case], tmp_path, precision=precision)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.STRING])
@pytest.mark.parametrize("precision", ["", *PRECISIONS])
def test_a_tower_that_takes_no_floats_is_refused(tmp_path: Path, kind: int, precision: str) -> None:
    build = GraphBuilder({})
    build.node("Identity", "pixel_values", output="image_embeds")
    shape = ["n", 3, 24, 24]
    takes, gives = value("pixel_values", shape, kind), value("image_embeds", shape, kind)
    assert refusal_of(model_of(build, [takes], [gives]), tmp_path, precision=precision)


@pytest.mark.parametrize("precision", ["", *PRECISIONS])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, precision: str) -> None:
    weights = random_weights(TINY)
    weights["visual_projection.weight"][0, 0] = np.nan
    found = refusal_of(tower_graph(TINY, weights), tmp_path, precision=precision)
    assert "not finite" in found


def test_a_failure_at_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        opened(tiny_tower(), tmp_path).vectors(planes(Plan(side=32), 2))
    assert "fails in ONNX Runtime" in caught.value.found


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_openvino_computes_of_other_pictures_is_refused(
    tmp_path: Path, precision: str
) -> None:
    with pytest.raises(RunError):
        opened(tiny_tower(), tmp_path, precision=precision).vectors(planes(Plan(side=32), 2))


@pytest.mark.parametrize(("precision", "cosine"), [("bfloat16", 0.999), ("int8", 0.995)])
def test_vectors_of_a_lower_precision_point_the_same_way(
    tmp_path: Path, precision: str, cosine: float
) -> None:
    model = tower_graph(WIDE_PLAN, random_weights(WIDE_PLAN))
    full, less = (
        opened(model, tmp_path, precision=one).vectors(planes(WIDE_PLAN, 9))
        for one in ("", precision)
    )
    lengths = np.linalg.norm(full, axis=1) * np.linalg.norm(less, axis=1)
    assert ((full * less).sum(axis=1) / lengths).min() > cosine


def test_weights_are_rounded_to_8_bits_where_they_fall_into_whole_groups(tmp_path: Path) -> None:
    pictures = planes(WIDE_PLAN, 5)
    full, rounded = (
        opened(tower_graph(WIDE_PLAN, random_weights(WIDE_PLAN)), tmp_path, precision=precision)
        for precision in ("", "int8")
    )
    assert np.abs(full.vectors(pictures) - rounded.vectors(pictures)).max() > 1e-3
    pictures = planes(OTHER_PLAN, 5)
    full, kept = (
        opened(tower_graph(OTHER_PLAN, random_weights(OTHER_PLAN)), tmp_path, precision=precision)
        for precision in ("", "int8")
    )
    assert np.abs(full.vectors(pictures) - kept.vectors(pictures)).max() < 1e-5


@pytest.mark.parametrize("precision", ["", *PRECISIONS])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("plan", [OTHER_PLAN, WIDE_PLAN], ids=["narrow", "wide"])
def test_neither_batch_nor_threads_change_a_number(
    tmp_path: Path, precision: str, n_threads: int, plan: Plan
) -> None:
    path = save(tower_graph(plan, random_weights(plan)), tmp_path / "x.onnx")
    pictures = planes(plan, 33)
    whole = Tower(path, RECIPE, "cpu", precision, 1).vectors(pictures)
    tower = Tower(path, RECIPE, "cpu", precision, n_threads)
    divided = [tower.vectors(pictures[i : i + 7]) for i in range(0, 33, 7)]
    assert np.concatenate(divided).tobytes() == whole.tobytes()


@pytest.mark.parametrize("precision", ["", *PRECISIONS])
@pytest.mark.parametrize("case", SPOILT)
def test_a_refusal_is_all_that_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], case: str, precision: str
) -> None:
    refusal_of(SPOILT[case], tmp_path, precision=precision)
    assert capfd.readouterr() == ("", "")
