"""An image tower at work in ONNX Runtime, on the processor or an NVIDIA GPU. No torch.

Files come from strangers: one that is broken, or is no image tower, ends in a `RunError`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.embedders.recipe import Recipe
from shared.embedders.selfcontained import check_self_contained
from shared.embedders.weights import INSTALL
from shared.errors import RunError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
"""The words that ``--device`` takes; ``auto`` is the GPU where ONNX Runtime can use one."""

MAX_BATCH_BYTES = 2**27
"""Most that the prepared pictures of one batch take, whatever batch size is asked for."""

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_INPUT = "pixel_values"
_FATAL_ONLY = 4
_REASON_CHARACTERS = 200
_OTHER_WEIGHTS = "Give other weights with --clip_model, or use --embedder builtin."

Vectors: TypeAlias = NDArray[np.float32]


class Tower:
    """An open tower. It holds the weights in memory; it cannot be sent to another process."""

    def __init__(self, weights: Path, recipe: Recipe, device: Device, n_threads: int) -> None:
        self._weights = weights
        self._runtime = _onnxruntime()
        check_self_contained(weights)
        self._session = self._opened(device, n_threads)
        self._takes_one = self._check_input(recipe.size)
        self._output = self._chosen_output(recipe)
        self.is_on_gpu = self._session.get_providers()[0] == _CUDA
        self.n_features = self._run_batch(np.zeros((1, 3, *recipe.size), np.float32)).shape[1]

    def run(self, planes: NDArray[np.float32]) -> Vectors:
        """Compute vectors.

        Parameters
        ----------
        planes : ndarray of shape (n_images, 3, height, width), float32
            Prepared pictures, one batch.

        Returns
        -------
        ndarray of shape (n_images, n_features), float32
            All numbers finite.

        Raises
        ------
        RunError
            Where the tower fails or gives something else.
        """
        if not self._takes_one:
            return self._run_batch(planes)
        return np.concatenate([self._run_batch(planes[i : i + 1]) for i in range(len(planes))])

    def _run_batch(self, planes: NDArray[np.float32]) -> Vectors:
        with self._refusing("fails"):
            found: Any = self._session.run([self._output], {_INPUT: planes})[0]
        if found.ndim != 2 or len(found) != len(planes) or not found.shape[1]:
            shape = "x".join(map(str, found.shape))
            raise self._refusal(f"gives {self._output} of shape {shape} for {len(planes)} pictures")
        if not np.isfinite(found).all():
            raise self._refusal("gives numbers that are not finite")
        return np.asarray(found, np.float32)

    def _opened(self, device: Device, n_threads: int) -> Any:  # noqa: ANN401 - optional package
        has_gpu = _CUDA in self._runtime.get_available_providers()
        if device == "cuda" and not has_gpu:
            raise RunError(
                "--device cuda",
                "ONNX Runtime is installed here without support for NVIDIA GPUs",
                "Install onnxruntime-gpu in its place, or use --device cpu.",
            )
        if device == "cpu" or not has_gpu:
            return self._session_on([_CPU], n_threads)
        try:
            session = self._session_on([_CUDA, _CPU], n_threads)
        except RunError:
            if device == "cuda":
                raise
            return self._session_on([_CPU], n_threads)
        if device == "cuda" and session.get_providers()[0] != _CUDA:
            found = "ONNX Runtime cannot use the GPU: a driver or library of CUDA is missing"
            raise RunError("--device cuda", found, "Install it, or use --device cpu.")
        return session

    def _session_on(self, providers: Sequence[str], n_threads: int) -> Any:  # noqa: ANN401
        options = self._runtime.SessionOptions()
        options.log_severity_level = _FATAL_ONLY  # what goes wrong is raised as well
        options.intra_op_num_threads = n_threads
        options.add_session_config_entry("session.load_model_format", "ONNX")
        with self._refusing("cannot be loaded"):
            return self._runtime.InferenceSession(
                str(self._weights), options, providers=providers, enable_fallback=0
            )

    def _check_input(self, size: tuple[int, int]) -> bool:
        """Check that prepared pictures fit; return whether they have to come one by one."""
        inputs = self._session.get_inputs()
        names = [f"{one.name} {one.type} {one.shape}" for one in inputs]
        if [(one.name, one.type) for one in inputs] != [(_INPUT, "tensor(float)")]:
            raise self._refusal(f"takes {', '.join(names)[:200]} and not {_INPUT} as floats")
        shape = inputs[0].shape
        wanted = (None, 3, *size)
        fits = len(shape) == 4 and all(
            not isinstance(found, int) or found == needed
            for found, needed in zip(shape[1:], wanted[1:], strict=True)
        )
        if not fits or (isinstance(shape[0], int) and shape[0] != 1):
            prepared = f"N, 3, {size[0]}, {size[1]}"
            raise self._refusal(f"takes pictures of shape {shape}, and they are prepared as {prepared}")
        return shape[0] == 1

    def _chosen_output(self, recipe: Recipe) -> str:
        outputs = {one.name: one.type for one in self._session.get_outputs()}
        wanted = ["image_embeds", *(["pooler_output"] if recipe.is_pooled else [])]
        for name in wanted:
            if outputs.get(name) == "tensor(float)":
                return name
        found = ", ".join(f"{name} {kind}" for name, kind in outputs.items())[:_REASON_CHARACTERS]
        raise self._refusal(f"gives {found} and not {' or '.join(wanted)} as floats")

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        try:
            yield
        except _failures(self._runtime) as error:
            reason = " ".join(str(error).split())[:_REASON_CHARACTERS]
            raise self._refusal(f"{what} in ONNX Runtime ({reason})") from error

    def _refusal(self, found: str) -> RunError:
        return RunError(str(self._weights), found, _OTHER_WEIGHTS)


@lru_cache(maxsize=1)
def open_tower(weights: Path, recipe: Recipe, device: Device, n_threads: int) -> Tower:
    """Open a tower, or return the one that is open already: a process needs it in memory once."""
    return Tower(weights, recipe, device, n_threads)


def thread_count() -> int:
    """Threads for one tower: what ``OMP_NUM_THREADS`` says, else one for each core at hand.

    Worker processes have it set to 1, so that many of them do not fight for the cores.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _onnxruntime() -> ModuleType:
    try:
        import onnxruntime  # noqa: PLC0415 - optional, and slow
    except ImportError as error:
        found = "needs onnxruntime, which is not installed"
        raise RunError("--embedder clip", found, INSTALL) from error
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _failures(runtime: ModuleType) -> tuple[type[Exception], ...]:
    """All that ONNX Runtime raises: it has a dozen types of its own with no common base."""
    known = vars(runtime.capi.onnxruntime_pybind11_state).values()
    own = (one for one in known if isinstance(one, type) and issubclass(one, Exception))
    return (*own, MemoryError, RuntimeError, TypeError, ValueError)
