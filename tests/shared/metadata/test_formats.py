import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.errors import RunError
from shared.metadata import formats
from shared.metadata.formats import iter_pairs, iter_paths, write_metadata
from shared.metadata.loading import load_metadata
from shared.metadata.opening import MetadataFile
from tests.shared.metadata.test_parquet_writing import ENTRY
from tests.worlds import ROOT


@pytest.fixture
def no_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    assert importlib.util.find_spec("pyarrow")


@pytest.mark.parametrize("name", ["m.json", "m.parquet", "m.PARQUET", "m"])
def test_a_file_is_written_in_the_format_of_its_name(tmp_path: Path, name: str) -> None:
    write_metadata(tmp_path / name, [ENTRY])
    is_parquet = (tmp_path / name).read_bytes().startswith(b"PAR1")
    assert is_parquet == name.lower().endswith(".parquet")


def test_a_file_is_read_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    write_metadata(tmp_path / "m.parquet", [ENTRY])
    path = (tmp_path / "m.parquet").rename(tmp_path / "m.json")
    assert load_metadata(path, tmp_path).embedder == ENTRY.embedder


@pytest.mark.parametrize("name", ["m.json", "m.parquet"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9])
def test_a_file_that_is_cut_short_while_it_is_read_ends_the_run_and_not_the_process(
    tmp_path: Path, name: str, part: float
) -> None:
    path = tmp_path / name
    vector = np.random.default_rng(0).normal(size=1000).astype("f4")
    write_metadata(path, [replace(ENTRY, hash_id=f"{n}", vector=vector) for n in range(3000)])
    with MetadataFile(path) as opened:
        pairs = iter_pairs(opened, ("embeddings_vector",))
        next(pairs)
        os.truncate(path, int(part * path.stat().st_size))
        with pytest.raises(RunError) as caught:
            list(pairs)
    assert caught.value.found == "was changed while it was read"


@pytest.mark.usefixtures("no_pyarrow")
def test_without_pyarrow_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").write_bytes(b"PAR1")
    for use in (lambda p: load_metadata(p, tmp_path), lambda p: write_metadata(p, [])):
        with pytest.raises(RunError) as caught:
            use(tmp_path / "m.parquet")
        assert str(caught.value) == (
            f"{tmp_path / 'm.parquet'}: Parquet needs the package pyarrow, which is not installed. "
            "Run: pip install -r requirements-parquet.txt, or use JSON."
        )


@pytest.mark.usefixtures("no_pyarrow", "no_ticks")
def test_a_file_that_was_loaded_before_needs_no_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(formats, "find_spec", importlib.util.find_spec)
        write_metadata(tmp_path / "m.parquet", [ENTRY])
        first = load_metadata(tmp_path / "m.parquet", tmp_path)
    assert np.array_equal(load_metadata(tmp_path / "m.parquet", tmp_path).vectors, first.vectors)


def test_json_is_read_and_written_without_importing_pyarrow(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps({"a": {"embeddings_vector": [1]}}))
    code = (
        "import sys; from pathlib import Path\n"
        "from shared.metadata.loading import load_metadata\n"
        "from shared.metadata.formats import write_metadata\n"
        "path = Path(sys.argv[1]); load_metadata(path, path.parent); write_metadata(path, [])\n"
        "print('pyarrow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "m.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


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
