"""What the tests of the metadata door share: entries, files, and a clock without ticks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from shared.metadata import Metadata, load_metadata, loading, sidecar
from shared.metadata.building import built_sidecar

Content: TypeAlias = bytes | dict[str, Any]
Load: TypeAlias = Callable[..., Metadata]


@pytest.fixture
def json_path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder / "input-metadata.json"


@pytest.fixture
def load(json_path: Path, tmp_path: Path) -> Load:
    """Load the file at `json_path`, after writing the content there if one is given."""

    def load(content: Content | None = None) -> Metadata:
        if content is not None:
            json_path.write_bytes(
                content if isinstance(content, bytes) else json.dumps(content).encode()
            )
        return load_metadata(json_path, tmp_path / "cache")

    return load


@pytest.fixture
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a sidecar however young the JSON is."""
    monkeypatch.setattr(sidecar, "FINE_TICK_NS", 0)
    monkeypatch.setattr(sidecar, "COARSE_TICK_NS", 0)


@pytest.fixture
def first_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read from front to back, each time that one is."""
    names: list[str] = []

    def counted(source: Any, file: Any) -> sidecar.Sidecar:
        names.append(source.path.name)
        return built_sidecar(source, file)

    monkeypatch.setattr(loading, "built_sidecar", counted)
    return names
