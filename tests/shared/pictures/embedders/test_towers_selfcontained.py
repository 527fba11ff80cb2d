from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from shared.errors import RunError
from shared.pictures.embedders.towers import check_self_contained
from tests.clip_models.graphs import save, with_external_data
from tests.clip_models.layout import tiny_tower

GOOD = tiny_tower().SerializeToString()


def elsewhere() -> onnx.TensorProto:
    """A tensor whose numbers are in another file."""
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [1], np.ones(1, np.float32).tobytes(), True)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def branch() -> onnx.GraphProto:
    return helper.make_graph([], "branch", [], [], [elsewhere()])


def sparse() -> onnx.SparseTensorProto:
    where = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    return helper.make_sparse_tensor(elsewhere(), where, [4])


def node(**attributes: object) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["c"], **attributes)


def in_attribute(**attributes: object) -> Callable[[onnx.ModelProto], object]:
    return lambda model: model.graph.node.append(node(**attributes))


def in_function(model: onnx.ModelProto) -> None:
    opset = [helper.make_opsetid("", 17)]
    made = helper.make_function("d", "f", [], ["c"], [node(value=elsewhere())], opset)
    model.functions.append(made)


HIDEOUTS: dict[str, Callable[[onnx.ModelProto], object]] = {
    "initializer": lambda model: model.graph.initializer.append(elsewhere()),
    "sparse initializer": lambda model: model.graph.sparse_initializer.append(sparse()),
    "constant": in_attribute(value=elsewhere()),
    "list of tensors": in_attribute(value=[elsewhere()]),
    "sparse constant": in_attribute(sparse_value=sparse()),
    "list of sparse tensors": in_attribute(value=[sparse()]),
    "branch": in_attribute(then_branch=branch()),
    "list of branches": in_attribute(branches=[branch()]),
    "function": in_function,
    "training": lambda model: model.training_info.add().initialization.CopyFrom(branch()),
}


def refusal_of(path: Path) -> str:
    with pytest.raises(RunError) as caught:
        check_self_contained(path)
    assert caught.value.where == str(path)
    return caught.value.found


def test_a_tower_in_one_file_is_fine(folder: Path) -> None:
    check_self_contained(folder / "onnx" / "vision_model.onnx")


@pytest.mark.parametrize("hideout", HIDEOUTS)
def test_numbers_in_other_files_are_found_wherever_they_hide(tmp_path: Path, hideout: str) -> None:
    model = tiny_tower()
    HIDEOUTS[hideout](model)
    assert "other files" in refusal_of(save(model, tmp_path / "x.onnx"))


@pytest.mark.parametrize(
    "location", ["vision_model.onnx_data", "../../secret", "/etc/passwd", "*/_ORT_MEM_ADDR_/*"]
)
def test_numbers_in_other_files_are_refused_wherever_these_are(
    tmp_path: Path, location: str
) -> None:
    model = with_external_data(tiny_tower(), location)
    assert "other files" in refusal_of(save(model, tmp_path / "x.onnx"))


@pytest.mark.parametrize(
    "content", [b"", GOOD[:-1], GOOD[: len(GOOD) // 2], b"<html>", b"\xff" * 40]
)
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    assert "no ONNX file" in refusal_of(path)


def message(field: int, content: bytes) -> bytes:
    """One field that holds a message or a text."""
    length, head = len(content), bytes([field << 3 | 2])
    while length > 127:
        head += bytes([length & 127 | 128])
        length >>= 7
    return head + bytes([length]) + content


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    graph = b""
    for _ in range(1000):
        graph = message(1, message(5, message(6, graph)))  # node, attribute, graph
    path = tmp_path / "x.onnx"
    path.write_bytes(message(7, graph))
    assert "no ONNX file" in refusal_of(path)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal_of(tmp_path)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_any_damage_ends_in_a_refusal_or_in_peace(
    tmp_path: Path, place: int, damage: bytes
) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(GOOD[:place] + damage + GOOD[place + len(damage) :])
    with suppress(RunError):
        check_self_contained(path)
