"""A CLIP image tower as an ONNX graph, as the hub's repositories hold it; and spoilt ones."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.clip_models.plans import Plan, Weights

OPSET = 17  # the first with LayerNormalization
IR_VERSION = 8


class GraphBuilder:
    """Nodes and tensors as they are added; each method returns the name of what it computes."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors = [numpy_helper.from_array(one, name) for name, one in weights.items()]

    def constant(self, *values: int | float) -> str:
        """Add numbers; whole ones become int64, others float32."""
        dtype = np.int64 if all(isinstance(one, int) for one in values) else np.float32
        name = f"constant{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def node(self, operation: str, *inputs: str, output: str = "", **attributes: object) -> str:
        """Add one operation."""
        output = output or f"{operation.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def linear(self, name: str, hidden: str) -> str:
        """Multiply with a weight of shape (out, in), and add the bias."""
        turned = self.node("Transpose", f"{name}.weight", perm=[1, 0])
        return self.node("Add", self.node("MatMul", hidden, turned), f"{name}.bias")

    def norm(self, name: str, hidden: str) -> str:
        """Normalise each token."""
        weight, bias = f"{name}.weight", f"{name}.bias"
        return self.node("LayerNormalization", hidden, weight, bias, axis=-1, epsilon=1e-5)


def tower_graph(
    plan: Plan, weights: Weights, output: str = "image_embeds", batch: str | int = "batch_size"
) -> onnx.ModelProto:
    """Write a tower as a graph from ``pixel_values`` to one output."""
    build = GraphBuilder(weights)
    hidden = _embedded(build, plan)
    for i in range(plan.n_layers):
        hidden = _layer(build, plan, f"vision_model.encoder.layers.{i}", hidden)
    first = build.node("Gather", hidden, build.constant(0), axis=1)
    pooled = build.node("Squeeze", first, build.constant(1))
    pooled = build.norm("vision_model.post_layernorm", pooled)
    projection = build.node("Transpose", "visual_projection.weight", perm=[1, 0])
    build.node("MatMul", pooled, projection, output=output)
    shape = [batch, 3, plan.side, plan.side]
    takes = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)
    gives = helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, plan.n_features])
    return model_of(build, [takes], [gives])


def model_of(
    build: GraphBuilder, takes: list[onnx.ValueInfoProto], gives: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """Close a graph."""
    graph = helper.make_graph(build.nodes, "tower", takes, gives, build.tensors)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)


def _embedded(build: GraphBuilder, plan: Plan) -> str:
    embeddings = "vision_model.embeddings"
    sides = [plan.patch, plan.patch]
    kernel = f"{embeddings}.patch_embedding.weight"
    patches = build.node("Conv", "pixel_values", kernel, kernel_shape=sides, strides=sides)
    flat = build.node("Reshape", patches, build.constant(0, plan.hidden, plan.n_tokens - 1))
    tokens = build.node("Transpose", flat, perm=[0, 2, 1])
    n_images = build.node("Shape", "pixel_values", start=0, end=1)
    shape = build.node("Concat", n_images, build.constant(1, plan.hidden), axis=0)
    first = build.node("Expand", f"{embeddings}.class_embedding", shape)
    hidden = build.node("Concat", first, tokens, axis=1)
    hidden = build.node("Add", hidden, f"{embeddings}.position_embedding.weight")
    return build.norm("vision_model.pre_layrnorm", hidden)


def _layer(build: GraphBuilder, plan: Plan, layer: str, hidden: str) -> str:
    attended = _attention(build, plan, layer, build.norm(f"{layer}.layer_norm1", hidden))
    hidden = build.node("Add", hidden, attended)
    inner = build.linear(f"{layer}.mlp.fc1", build.norm(f"{layer}.layer_norm2", hidden))
    gate = build.node("Sigmoid", build.node("Mul", inner, build.constant(1.702)))
    inner = build.linear(f"{layer}.mlp.fc2", build.node("Mul", inner, gate))
    return build.node("Add", hidden, inner)


def _attention(build: GraphBuilder, plan: Plan, layer: str, hidden: str) -> str:
    split = build.constant(0, plan.n_tokens, plan.n_heads, plan.hidden // plan.n_heads)

    def heads(name: str, perm: list[int]) -> str:
        wide = build.linear(f"{layer}.self_attn.{name}_proj", hidden)
        return build.node("Transpose", build.node("Reshape", wide, split), perm=perm)

    query, key, value = heads("q", [0, 2, 1, 3]), heads("k", [0, 2, 3, 1]), heads("v", [0, 2, 1, 3])
    scale = build.constant(float((plan.hidden // plan.n_heads) ** -0.5))
    logits = build.node("Mul", build.node("MatMul", query, key), scale)
    mixed = build.node("MatMul", build.node("Softmax", logits, axis=-1), value)
    joined = build.node("Transpose", mixed, perm=[0, 2, 1, 3])
    together = build.constant(0, plan.n_tokens, plan.hidden)
    return build.linear(f"{layer}.self_attn.out_proj", build.node("Reshape", joined, together))


def with_external_data(model: onnx.ModelProto, location: str) -> onnx.ModelProto:
    """Point one tensor of a graph at a file."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    tensor = changed.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return changed


def save(model: onnx.ModelProto, path: Path) -> Path:
    """Write a graph to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def planes(plan: Plan, n_images: int, seed: int = 3) -> NDArray[np.float32]:
    """Random prepared pictures."""
    shape = (n_images, 3, plan.side, plan.side)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
