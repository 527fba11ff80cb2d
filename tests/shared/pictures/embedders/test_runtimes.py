import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import onnxruntime
import pytest

from shared.errors import RunError
from shared.pictures.embedders import runtimes
from shared.pictures.embedders.runtimes import (
    CPU,
    CUDA,
    Device,
    Precision,
    chosen_precision,
    has_bfloat16,
    open_session,
    thread_count,
)
from tests.clip_models.graphs import save
from tests.clip_models.layout import tiny_tower
from tests.worlds import ROOT


class Board:
    """ONNX Runtime on a machine with a GPU, or with half of what a GPU needs."""

    def __init__(self, *, works: bool, falls_back: bool) -> None:
        self.capi = onnxruntime.capi
        self.SessionOptions = onnxruntime.SessionOptions
        self.InferenceSession = self._session
        self._works, self._falls_back = works, falls_back

    def get_available_providers(self) -> list[str]:
        return [CUDA, CPU]

    def _session(self, path: str, *_: object, providers: list[str], **__: object) -> object:
        if CUDA in providers and not (self._works or self._falls_back):
            raise RuntimeError("no driver")
        used = providers if self._works else [CPU]
        return SimpleNamespace(
            path=path, get_providers=lambda: used, get_inputs=list, get_outputs=list
        )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return save(tiny_tower(), tmp_path / "x.onnx")


def on_board(monkeypatch: pytest.MonkeyPatch, *, works: bool, falls_back: bool = False) -> None:
    board = Board(works=works, falls_back=falls_back)
    monkeypatch.setattr(runtimes, "_onnxruntime", lambda: board)


def provider(weights: Path, device: Device) -> str:
    return CUDA if open_session(weights, device, "", 1).card else CPU


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_a_gpu_the_processor_is_used(weights: Path, device: Device) -> None:
    assert provider(weights, device) == CPU


def test_without_a_gpu_cuda_is_refused_with_the_ways_on(weights: Path) -> None:
    with pytest.raises(RunError) as caught:
        open_session(weights, "cuda", "", 1)
    assert caught.value.where == "--device cuda"
    assert "onnxruntime-gpu" in caught.value.remedy
    assert "--device cpu" in caught.value.remedy


@pytest.mark.parametrize(("device", "used"), [("auto", CUDA), ("cuda", CUDA), ("cpu", CPU)])
def test_a_gpu_is_used_unless_the_processor_is_wanted(
    monkeypatch: pytest.MonkeyPatch, weights: Path, device: Device, used: str
) -> None:
    on_board(monkeypatch, works=True)
    assert provider(weights, device) == used


@pytest.mark.parametrize("falls_back", [True, False])
def test_a_gpu_that_cannot_be_used_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, weights: Path, falls_back: bool
) -> None:
    on_board(monkeypatch, works=False, falls_back=falls_back)
    assert provider(weights, "auto") == CPU


@pytest.mark.parametrize("falls_back", [True, False])
def test_a_gpu_that_was_asked_for_and_cannot_be_used_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, weights: Path, falls_back: bool
) -> None:
    on_board(monkeypatch, works=False, falls_back=falls_back)
    with pytest.raises(RunError):
        open_session(weights, "cuda", "", 1)


def test_a_missing_package_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    with pytest.raises(RunError) as caught:
        open_session(weights, "auto", "", 1)
    assert caught.value.where == "onnxruntime"
    assert "pip install -r requirements-clip.txt" in caught.value.remedy
    assert "in stage 1, --embedder builtin" in caught.value.remedy


def test_a_broken_package_is_told(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: True)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RunError) as caught:
        open_session(weights, "auto", "", 1)
    assert "cannot be imported" in caught.value.found


def test_the_optional_requirements_are_those_that_are_named() -> None:
    lines = (ROOT / "requirements-clip.txt").read_text().splitlines()
    packages = {line.partition(">=")[0] for line in lines if not line.startswith(("#", "-"))}
    assert packages == {"huggingface_hub", "onnxruntime", "openvino"}


def test_there_is_a_thread_for_every_core_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert thread_count() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("told", "n_threads"), [("1", 1), ("3", 3)])
def test_threads_can_be_set(monkeypatch: pytest.MonkeyPatch, told: str, n_threads: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert thread_count() == n_threads


@pytest.mark.parametrize("told", ["", "0", "-1", "many", "2,2"])
def test_a_setting_that_is_no_number_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert thread_count() == len(os.sched_getaffinity(0))


def test_a_session_in_a_process_of_its_own_says_nothing(weights: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from shared.pictures.embedders.runtimes import open_session;"
        "open_session(Path(sys.argv[1]), 'auto', '', 1)"
    )
    command = [sys.executable, "-c", program, str(weights)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_onnx_runtime_sends_nothing_about_its_use(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: asked.append("off"))
    assert isinstance(runtimes._onnxruntime(), ModuleType)
    assert asked == ["off"]


def with_units(monkeypatch: pytest.MonkeyPatch, *, has_units: bool) -> None:
    monkeypatch.setattr(runtimes, "has_bfloat16", lambda: has_units)


@pytest.mark.parametrize(("has_units", "chosen"), [(True, "bfloat16"), (False, "float32")])
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_auto_is_what_the_processor_is_made_for(
    monkeypatch: pytest.MonkeyPatch, device: Device, *, has_units: bool, chosen: str
) -> None:
    with_units(monkeypatch, has_units=has_units)
    assert chosen_precision("auto", device) == chosen


@pytest.mark.parametrize(
    ("device", "chosen"), [("auto", "float32"), ("cuda", "float32"), ("cpu", "bfloat16")]
)
def test_auto_is_full_precision_where_a_gpu_computes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: Device, chosen: str
) -> None:
    with_units(monkeypatch, has_units=True)
    library = tmp_path / "capi" / "libonnxruntime_providers_cuda.so"
    library.parent.mkdir()
    library.touch()
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(runtimes, "find_spec", lambda _: found)
    assert chosen_precision("auto", device) == chosen


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_what_is_asked_for_is_taken(monkeypatch: pytest.MonkeyPatch, precision: Precision) -> None:
    with_units(monkeypatch, has_units=True)
    assert chosen_precision(precision, "auto") == precision


def test_bfloat16_without_units_for_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_units(monkeypatch, has_units=False)
    with pytest.raises(RunError, match="no units for it") as caught:
        chosen_precision("bfloat16", "auto")
    assert "--precision=float32" in caught.value.remedy


def test_int8_is_for_any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    with_units(monkeypatch, has_units=False)
    assert chosen_precision("int8", "auto") == "int8"


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_fewer_bits_on_a_card_are_refused(
    monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    with_units(monkeypatch, has_units=True)
    with pytest.raises(RunError, match="--device cuda"):
        chosen_precision(precision, "cuda")


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_fewer_bits_without_their_package_are_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    with pytest.raises(RunError, match="openvino") as caught:
        chosen_precision(precision, "auto")
    assert "pip install -r requirements-clip.txt" in caught.value.remedy


def test_without_its_package_no_processor_has_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    has_bfloat16.cache_clear()
    assert not has_bfloat16()
    has_bfloat16.cache_clear()


class Driver:
    """NVIDIA's library, with one card."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    def cuInit(self, _: int) -> int:  # noqa: N802 - its own name
        return 0

    def cuDeviceGet(self, _: object, number: int) -> int:  # noqa: N802
        assert number == 0
        return 0

    def cuDeviceGetName(self, name: ctypes.Array[ctypes.c_char], size: int, _: object) -> int:  # noqa: N802
        name.value = self._name[:size]
        return 0


def card(monkeypatch: pytest.MonkeyPatch, weights: Path, driver: object) -> str:
    def loaded(_: str) -> object:
        if isinstance(driver, OSError):
            raise driver
        return driver

    on_board(monkeypatch, works=True)
    monkeypatch.setattr(ctypes, "CDLL", loaded)
    return open_session(weights, "cuda", "", 1).card


def test_the_card_has_the_name_that_its_driver_tells(
    monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    assert card(monkeypatch, weights, Driver(b"NVIDIA H200")) == "NVIDIA H200"


@pytest.mark.parametrize("driver", [Driver(b""), OSError("no such library"), object()])
def test_a_card_whose_name_cannot_be_had_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch, weights: Path, driver: object
) -> None:
    assert card(monkeypatch, weights, driver) == "a GPU"
