"""What the tests of the metadata door share: a file, its loading, a clock without ticks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from shared.metadata import index, loading
from shared.metadata.building import built_index
from shared.metadata.loading import Metadata, load_metadata
from shared.metadata.opening import MetadataFile


@pytest.fixture
def json_path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder / "input-metadata.json"


@pytest.fixture
def load(json_path: Path, tmp_path: Path) -> Callable[..., Metadata]:
    """Load the file at `json_path`, after writing the content there if one is given."""

    def load(content: bytes | dict[str, Any] | None = None) -> Metadata:
        if isinstance(content, dict):
            content = json.dumps(content).encode()
        if content is not None:
            json_path.write_bytes(content)
        return load_metadata(json_path, tmp_path / "cache")

    return load


@pytest.fixture
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep an index however young the JSON is."""
    monkeypatch.setattr(index, "FINE_TICK_NS", 0)
    monkeypatch.setattr(index, "COARSE_TICK_NS", 0)


@pytest.fixture
def first_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read from front to back, each time that one is."""
    names: list[str] = []

    def counted(opened: MetadataFile, file: BinaryIO, place: Path) -> index.Index:
        names.append(opened.path.name)
        return built_index(opened, file, place)

    monkeypatch.setattr(loading, "built_index", counted)
    return names
