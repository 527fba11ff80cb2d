import io
import json
import random
from pathlib import Path

import numpy as np
import pytest

from shared.errors import RunError
from shared.metadata.building import built_sidecar
from shared.metadata.layout import BAD
from shared.metadata.lookup import key_digest, positions, words
from shared.metadata.sidecar import Sidecar
from shared.metadata.source import Source


def built(folder: Path, pairs: list[tuple[str, list[float]]]) -> Sidecar:
    """Build from entries whose keys may repeat."""
    entries = [f'{json.dumps(key)}: {{"embeddings_vector": {vector}}}' for key, vector in pairs]
    path = folder / "m.json"
    path.write_text("{" + ",".join(entries) + "}")
    with Source(path) as source:
        return built_sidecar(source, io.BytesIO())


def vector_of(sidecar: Sidecar, key: str) -> list[float] | None:
    arrays = sidecar.arrays
    row = arrays["rows"][positions(arrays["keys"], words([key_digest(key)], 2))[0]]
    return None if row == BAD else list(arrays["vectors"][row])


@pytest.mark.parametrize("seed", range(5))
def test_gaps_of_other_widths_and_superseded_entries_are_closed(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pairs = [
        (f"k{rng.randrange(60)}", [float(n)] * (rng.choice([1, 5, 7]) if n % 4 == 0 else 3))
        for n in range(100)
    ]
    sidecar = built(tmp_path, pairs)
    expected = {key: vector if len(vector) == 3 else None for key, vector in pairs}
    assert {key: vector_of(sidecar, key) for key in expected} == expected
    assert sidecar.header.counts.n_images == sum(v is not None for v in expected.values())


def test_rows_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    sidecar = built(tmp_path, [("b", [1.0]), ("a", [2.0]), ("c", [3.0]), ("b", [4.0])])
    assert sidecar.arrays["vectors"].tolist() == [[2], [3], [4]]


def test_every_vector_is_finite_and_float32(tmp_path: Path) -> None:
    vectors = built(tmp_path, [("a", [1e38, -1e-45])]).arrays["vectors"]
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_an_error_of_writing_is_not_taken_for_one_of_reading(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"a": {"embeddings_vector": [1]}}')
    (tmp_path / "full").touch()
    with (
        (tmp_path / "full").open("rb") as unwritable,
        Source(tmp_path / "m.json") as source,
        pytest.raises(OSError, match="write"),
    ):
        built_sidecar(source, unwritable)


def test_an_error_of_reading_is_not_taken_for_one_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.json").write_text('{"a": {"embeddings_vector": [1]}}')

    class Failing:
        def __init__(self, path: Path) -> None:
            self._file = path.open("rb")

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def read(self, _: int) -> bytes:
            raise OSError(5, "Input/output error")

    with Source(tmp_path / "m.json") as source:
        source._file.close()
        failing = Failing(tmp_path / "m.json")
        monkeypatch.setattr(source, "_file", failing)
        with pytest.raises(RunError, match="cannot be read: Input/output error"):
            built_sidecar(source, io.BytesIO())
