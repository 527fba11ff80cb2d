"""What computes a tower: ONNX Runtime in float32, or OpenVINO in fewer bits on a processor.

A file comes from strangers: whatever a library raises of one ends in a `RunError`.
"""

import ctypes
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.pictures.embedders.towers import INSTALL, OTHER_WEIGHTS

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
"""The words that ``--device`` takes; ``auto`` is an NVIDIA GPU where one can be used."""
Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "int8"]
"""The words that ``--precision`` takes; ``auto`` is bfloat16 where a processor is made for it."""
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
FLOATS = "tensor(float)"
_FATAL_ONLY = 4
_REASON_CHARACTERS = 200
_ONNX_RUNTIME, _OPENVINO = "ONNX Runtime", "OpenVINO"
_UNITS = "BF16"
INT8_GROUP = 64
_MAX_INT8 = 127
_NAMELESS = "a GPU"
_NAME_BYTES = 256
_TINY = np.float32(1e-30)
_ONE_KIND = "Leave it out, or use --precision=float32."

Planes: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a tower, its type in the words of ONNX Runtime.

    A side of its ``shape`` that may be of any length is no integer.
    """

    name: str
    type: str
    shape: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A loaded tower. ``compute`` takes an input and the name of the output that is wanted.

    ``card`` is the name of the GPU that computes, empty where the processor does.
    """

    library: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    compute: Callable[[dict[str, Planes], str], Any]
    card: str = ""


def chosen_precision(wanted: Precision, device: Device) -> Precision:
    """Tell what ``auto`` means on this machine, and whether what is asked for can be had.

    Returns
    -------
    str
        Not ``auto``.

    Raises
    ------
    RunError
        Where a package, the device or the processor does not do for what is asked for.
    """
    if wanted == "float32":
        return wanted
    if wanted == "auto":
        is_for_processor = device == "cpu" or (device == "auto" and not _is_made_for_gpus())
        return "bfloat16" if is_for_processor and has_bfloat16() else "float32"
    if device == "cuda":
        found = "computes on the processor, and --device cuda on a card"
        raise RunError(f"--precision {wanted}", found, "Leave one of them out.")
    if find_spec("openvino") is None:
        raise RunError("openvino", f"not installed, and --precision {wanted} needs it", INSTALL)
    if wanted == "bfloat16" and not has_bfloat16():
        found = "this processor has no units for it, so that it would not be faster"
        raise RunError(f"--precision {wanted}", found, _ONE_KIND)
    return wanted


@cache
def has_bfloat16() -> bool:
    """Tell whether OpenVINO is installed and this processor computes in bfloat16."""
    try:
        core = _openvino().Core()
        return _UNITS in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except (ImportError, RuntimeError):
        return False


def open_session(weights: Path, device: Device, precision: str, n_threads: int) -> Session:
    """Load an ONNX file.

    Parameters
    ----------
    weights : Path
        The file. Found to be self-contained before.
    device : Device
        Where to compute.
    precision : str
        One of `PRECISIONS`, or empty for float32.
    n_threads : int
        Threads to compute with, where that is the processor.

    Raises
    ------
    RunError
        Where the file or the device cannot be used, or the library is not installed.
    """
    if precision:
        return _openvino_session(weights, precision, n_threads)
    session = _session_on(weights, device, n_threads)

    def compute(inputs: dict[str, Planes], output: str) -> Any:  # noqa: ANN401 - ships no types
        return session.run([output], inputs)[0]

    return Session(
        _ONNX_RUNTIME,
        tuple(Port(one.name, one.type, tuple(one.shape)) for one in session.get_inputs()),
        tuple(Port(one.name, one.type, tuple(one.shape)) for one in session.get_outputs()),
        compute,
        _card() if session.get_providers()[0] == CUDA else "",
    )


def check_installed() -> None:
    """Refuse to go on without ONNX Runtime; it is not imported yet.

    Raises
    ------
    RunError
        Saying how to install it.
    """
    if find_spec("onnxruntime") is None:
        raise RunError("onnxruntime", "not installed, and CLIP embeddings need it", INSTALL)


@contextmanager
def refusing(weights: Path, what: str) -> Iterator[None]:
    """Turn whatever a library raises about a file into a `RunError`."""
    try:
        yield
    except _failures() as error:
        told = " ".join(str(error).split())
        # A long one begins with where in the library it was raised, and ends with why.
        is_long = len(told) > _REASON_CHARACTERS
        reason = f"... {told[-_REASON_CHARACTERS:]}" if is_long else told
        raise RunError(str(weights), f"{what} ({reason})", OTHER_WEIGHTS) from error


def thread_count() -> int:
    """Threads for one session: what ``OMP_NUM_THREADS`` says, else one for each core at hand.

    Worker processes have it set to 1, so that they do not fight for the cores.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _session_on(weights: Path, device: Device, n_threads: int) -> Any:  # noqa: ANN401
    """Open it where the device says; its first provider is the one in use."""
    has_gpu = device != "cpu" and _has_gpu()
    if device == "cuda" and not has_gpu:
        found = "ONNX Runtime as installed here cannot use NVIDIA GPUs"
        remedy = "Install onnxruntime-gpu in place of onnxruntime, or use --device cpu."
        raise RunError("--device cuda", found, remedy)
    if not has_gpu:
        return _session(weights, [CPU], n_threads)
    _load_cuda()
    try:
        session = _session(weights, [CUDA, CPU], n_threads)
    except RunError:
        if device == "cuda":
            raise
        return _session(weights, [CPU], n_threads)
    if device == "cuda" and session.get_providers()[0] != CUDA:
        found = "ONNX Runtime cannot use the GPU: its driver or a library of CUDA is missing"
        raise RunError("--device cuda", found, "Install what is missing, or use --device cpu.")
    return session


def _session(weights: Path, providers: Sequence[str], n_threads: int) -> Any:  # noqa: ANN401
    runtime = _onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY  # what goes wrong is raised as well
    options.intra_op_num_threads = n_threads
    # Threads that spin while they wait take the cores from decoding, here and in other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    with refusing(weights, f"cannot be loaded in {_ONNX_RUNTIME}"):
        return runtime.InferenceSession(
            str(weights), options, providers=providers, enable_fallback=0
        )


def _openvino_session(weights: Path, precision: str, n_threads: int) -> Session:
    with refusing(weights, f"cannot be loaded in {_OPENVINO}"):
        core = _openvino().Core()
        model = core.read_model(weights)
        if precision == "int8":
            _round_weights(model)
        compiled = core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else "bf16",
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": INT8_GROUP,
                "INFERENCE_NUM_THREADS": n_threads,
                "NUM_STREAMS": 1,
                "ENABLE_CPU_PINNING": False,  # other processes have work for these cores too
            },
        )
        request = compiled.create_infer_request()

        def compute(inputs: dict[str, Planes], output: str) -> Any:  # noqa: ANN401 - ships no types
            return request.infer(inputs)[output].copy()

        ports = [
            tuple(Port(one.any_name, _type(one), _shape(one)) for one in side)
            for side in (model.inputs, model.outputs)
        ]
    return Session(_OPENVINO, ports[0], ports[1], compute)


def _round_weights(model: Any) -> None:  # noqa: ANN401 - OpenVINO ships no types
    """Put 8 bits and a scale for each output in the place of the numbers that vectors multiply.

    What they are multiplied with is rounded by OpenVINO, in groups of `INT8_GROUP` numbers of one
    picture, so that a batch has no influence. Weights that do not fall into whole groups stay.
    """
    import openvino.opset13 as operations  # noqa: PLC0415 - optional, and slow

    for node in model.get_ops():
        if node.get_type_name() != "MatMul":
            continue
        found = _constant(node.input_value(1).get_node())
        if found is None or found.ndim != 2:
            continue
        is_row_by_output = node.get_attributes()["transpose_b"]
        rows = np.ascontiguousarray(found if is_row_by_output else found.T)
        if rows.shape[1] % INT8_GROUP:
            continue
        scales = np.maximum(np.abs(rows).max(axis=1, keepdims=True), _TINY) / _MAX_INT8
        rounded = operations.constant(np.rint(rows / scales).astype(np.int8))
        scaled = operations.multiply(
            operations.convert(rounded, "f32"), operations.constant(scales)
        )
        product = operations.matmul(node.input_value(0), scaled, False, True)
        for target in list(node.output(0).get_target_inputs()):
            target.replace_source_output(product.output(0))
    model.validate_nodes_and_infer_types()


def _constant(node: Any) -> NDArray[np.float32] | None:  # noqa: ANN401
    """Return the numbers of a constant, also of one that the graph transposes, else None."""
    if node.get_type_name() == "Transpose":
        inner, order = (_constant(node.input_value(i).get_node()) for i in range(2))
        return None if inner is None or order is None else inner.transpose(order.astype(int))
    return np.asarray(node.data) if node.get_type_name() == "Constant" else None


def _type(port: Any) -> str:  # noqa: ANN401
    name = port.element_type.get_type_name()
    return FLOATS if name == "f32" else f"tensor({name})"


def _shape(port: Any) -> tuple[object, ...]:  # noqa: ANN401
    sides = port.partial_shape
    return tuple("?" if side.is_dynamic else side.get_length() for side in sides)


def _is_made_for_gpus() -> bool:
    """Tell by its files whether ONNX Runtime may use a GPU: to import it takes its time."""
    found = find_spec("onnxruntime")
    folders = found.submodule_search_locations if found else None
    return any(any(Path(folder).glob("capi/*providers_cuda*")) for folder in folders or ())


def _has_gpu() -> bool:
    return CUDA in _onnxruntime().get_available_providers()


def _load_cuda() -> None:
    """Load those libraries of CUDA that are Python packages: ONNX Runtime does not look there.

    What it prints of those that it does not find is of no use: they may be installed otherwise.
    """
    if preload := getattr(_onnxruntime(), "preload_dlls", None):  # since 1.21
        with redirect_stdout(io.StringIO()):
            preload()


def _card() -> str:
    """Ask the driver for the name of the first card that this process may use."""
    name = ctypes.create_string_buffer(_NAME_BYTES)
    device = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        driver.cuInit(0)
        driver.cuDeviceGet(ctypes.byref(device), 0)
        driver.cuDeviceGetName(name, _NAME_BYTES, device)
    except (OSError, AttributeError):  # it computes, whatever it is called
        return _NAMELESS
    return name.value.decode(errors="replace") or _NAMELESS


def _onnxruntime() -> ModuleType:
    check_installed()
    try:
        import onnxruntime  # noqa: PLC0415 - optional, and slow
    except ImportError as error:
        raise RunError("onnxruntime", f"cannot be imported: {error}", INSTALL) from error
    runtime: ModuleType = onnxruntime
    runtime.set_default_logger_severity(_FATAL_ONLY)
    runtime.disable_telemetry_events()
    return runtime


def _openvino() -> ModuleType:
    import openvino  # noqa: PLC0415 - optional, and slow

    runtime: ModuleType = openvino
    return runtime


def _failures() -> tuple[type[Exception], ...]:
    """All that the libraries raise: of ONNX Runtime a dozen types that have no common base."""
    known = vars(_onnxruntime().capi.onnxruntime_pybind11_state).values()
    own = (one for one in known if isinstance(one, type) and issubclass(one, Exception))
    return (*own, MemoryError, RuntimeError, TypeError, ValueError)
