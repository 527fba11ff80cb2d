from pathlib import Path

import pytest

from shared.errors import RunError
from shared.metadata.paths import iter_paths


def written(folder: Path, text: str) -> Path:
    path = folder / "metadata.json"
    path.write_text(text)
    return path


def test_each_entry_tells_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, '{"ab": {"file_path": "/1.png"}, "cd": {"file_path": "/2.png"}}')
    assert list(iter_paths(path)) == [("ab", "/1.png"), ("cd", "/2.png")]


@pytest.mark.parametrize("entry", ["{}", "null", "[]", '"x"', '{"file_path": 3}'])
def test_an_entry_that_does_not_tell_has_none(tmp_path: Path, entry: str) -> None:
    assert list(iter_paths(written(tmp_path, f'{{"ab": {entry}}}'))) == [("ab", "")]


@pytest.mark.parametrize("text", ["", "[]", '{"ab": {', '{"ab": {}}}'])
def test_broken_json_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(RunError):
        list(iter_paths(written(tmp_path, text)))
