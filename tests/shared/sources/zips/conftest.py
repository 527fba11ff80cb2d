"""An archive on disk from bytes, for all tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

Written = Callable[[bytes], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write an archive's bytes, and give its path."""

    def write(content: bytes) -> Path:
        path = tmp_path / "a.zip"
        path.write_bytes(content)
        return path

    return write
