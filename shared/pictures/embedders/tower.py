"""An image tower at work: prepared pictures to vectors.

Its file comes from strangers: one that is broken, or is no image tower, ends in a `RunError`.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.pictures.embedders.recipe import Recipe
from shared.pictures.embedders.towers import INSTALL, OTHER_WEIGHTS, check_self_contained

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
"""The words that ``--device`` takes; ``auto`` is an NVIDIA GPU where one can be used."""
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_FATAL_ONLY = 4
_REASON_CHARACTERS = 200
_INPUT = "pixel_values"
_FLOATS = "tensor(float)"
_PROJECTED = "image_embeds"
_POOLED = "pooler_output"
_LISTED_CHARACTERS = 200
Planes: TypeAlias = NDArray[np.float32]
Vectors: TypeAlias = NDArray[np.float32]


def open_session(weights: Path, device: Device, n_threads: int) -> Any:  # noqa: ANN401 - ships no types
    """Load an ONNX file.

    Parameters
    ----------
    weights : Path
        The file. Found to be self-contained before.
    device : Device
        Where to compute.
    n_threads : int
        Threads to compute with, where that is the processor.

    Returns
    -------
    onnxruntime.InferenceSession
        Its first provider is the one in use.

    Raises
    ------
    RunError
        Where the file or the device cannot be used, or ONNX Runtime is not installed.
    """
    has_gpu = CUDA in _onnxruntime().get_available_providers()
    if device == "cuda" and not has_gpu:
        found = "ONNX Runtime as installed here cannot use NVIDIA GPUs"
        remedy = "Install onnxruntime-gpu in place of onnxruntime, or use --device cpu."
        raise RunError("--device cuda", found, remedy)
    if device == "cpu" or not has_gpu:
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
    """Turn whatever ONNX Runtime raises about a file into a `RunError`."""
    runtime = _onnxruntime()
    try:
        yield
    except _failures(runtime) as error:
        reason = " ".join(str(error).split())[:_REASON_CHARACTERS]
        found = f"{what} in ONNX Runtime ({reason})"
        raise RunError(str(weights), found, OTHER_WEIGHTS) from error


def thread_count() -> int:
    """Threads for one session: what ``OMP_NUM_THREADS`` says, else one for each core at hand.

    Worker processes have it set to 1, so that they do not fight for the cores.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _session(weights: Path, providers: Sequence[str], n_threads: int) -> Any:  # noqa: ANN401
    runtime = _onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY  # what goes wrong is raised as well
    options.intra_op_num_threads = n_threads
    # Threads that spin while they wait take the cores from decoding, here and in other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    with refusing(weights, "cannot be loaded"):
        return runtime.InferenceSession(
            str(weights), options, providers=providers, enable_fallback=0
        )


def _load_cuda() -> None:
    """Load those libraries of CUDA that are Python packages: ONNX Runtime does not look there.

    What it prints of those that it does not find is of no use: they may be installed otherwise.
    """
    if preload := getattr(_onnxruntime(), "preload_dlls", None):  # since 1.21
        with redirect_stdout(io.StringIO()):
            preload()


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


def _failures(runtime: ModuleType) -> tuple[type[Exception], ...]:
    """All that ONNX Runtime raises: a dozen types of its own, which have no common base."""
    known = vars(runtime.capi.onnxruntime_pybind11_state).values()
    own = (one for one in known if isinstance(one, type) and issubclass(one, Exception))
    return (*own, MemoryError, RuntimeError, TypeError, ValueError)


class Tower:
    """An open tower. It holds the weights in memory, and cannot be sent to another process.

    Attributes
    ----------
    n_features : int
        Width of its vectors.
    is_on_gpu : bool
        Where it computes.
    """

    def __init__(self, weights: Path, recipe: Recipe, device: Device, n_threads: int) -> None:
        check_self_contained(weights)
        self._weights = weights
        self._session = open_session(weights, device, n_threads)
        self._check_input(recipe.size)
        self._output = self._output_of(recipe)
        self.is_on_gpu = self._session.get_providers()[0] == CUDA
        self.n_features: int = self._computed(np.zeros((1, 3, *recipe.size), np.float32)).shape[1]

    def vectors(self, planes: Planes) -> Vectors:
        """Compute vectors.

        Parameters
        ----------
        planes : ndarray of shape (n_images, 3, height, width), float32
            Prepared pictures, one batch.

        Returns
        -------
        ndarray of shape (n_images, n_features), float32
            All numbers finite, not normalised.

        Raises
        ------
        RunError
            Where the tower fails or gives something else.
        """
        batch: object = self._session.get_inputs()[0].shape[0]
        if not isinstance(batch, int):
            return self._computed(planes)
        return np.concatenate([self._computed(planes[i : i + 1]) for i in range(len(planes))])

    def _computed(self, planes: Planes) -> Vectors:
        with refusing(self._weights, "fails"):
            found: Any = self._session.run([self._output], {_INPUT: planes})[0]
        if found.ndim != 2 or len(found) != len(planes) or not found.shape[1]:
            raise self._refusal(f"gives numbers of shape {found.shape} for {len(planes)} pictures")
        if not np.isfinite(found).all():
            raise self._refusal("gives numbers that are not finite")
        return np.asarray(found, np.float32)

    def _check_input(self, size: tuple[int, int]) -> None:
        """Check that prepared pictures fit, one by one at least."""
        inputs = self._session.get_inputs()
        if [(one.name, one.type) for one in inputs] != [(_INPUT, _FLOATS)]:
            raise self._refusal(
                f"takes {_listed(inputs)}, and {_INPUT} of {_FLOATS} is what it gets"
            )
        shape, prepared = inputs[0].shape, (1, 3, *size)
        if len(shape) != 4 or any(
            isinstance(found, int) and found != given
            for found, given in zip(shape, prepared, strict=True)
        ):
            raise self._refusal(f"takes pictures of shape {shape}, and gets them as {prepared}")

    def _output_of(self, recipe: Recipe) -> str:
        outputs = self._session.get_outputs()
        names = {one.name for one in outputs if one.type == _FLOATS}
        wanted = [_PROJECTED, _POOLED] if recipe.is_pooled else [_PROJECTED]
        if not names & set(wanted):
            raise self._refusal(f"gives {_listed(outputs)}, and {' or '.join(wanted)} is needed")
        return next(name for name in wanted if name in names)

    def _refusal(self, found: str) -> RunError:
        return RunError(str(self._weights), found, OTHER_WEIGHTS)


def _listed(values: Any) -> str:  # noqa: ANN401 - ONNX Runtime ships no types
    return (
        ", ".join(f"{one.name} of {one.type}" for one in values)[:_LISTED_CHARACTERS] or "nothing"
    )
