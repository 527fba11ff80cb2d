"""Towers for the tests here: a folder with a tiny one, and an empty cache without a network."""

from pathlib import Path

import huggingface_hub.constants
import pytest

from tests.clip_models.layout import write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local folder in the hub's layout."""
    return write_folder(tmp_path / "my-tower")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, still empty; the network is off limits."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"
