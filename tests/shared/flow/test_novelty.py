"""A picture is novel where it is farther from labelled ones than they are from each other."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.flow import novelty
from shared.flow.novelty import Novelty
from shared.metadata.loading import Metadata, load_metadata
from shared.records import NOVEL
from tests.shared.training.digits import embedded_digits

Vectors = NDArray[np.float32]


def metadata_of(folder: Path, vectors: Vectors) -> Metadata:
    path = folder / "input-metadata.json"
    entries = {str(i): {"embeddings_vector": v.tolist()} for i, v in enumerate(vectors)}
    path.write_text(json.dumps(entries))
    return load_metadata(path, folder)


def rows(numbers: list[list[float]]) -> Vectors:
    return np.array(numbers, np.float32)


def around(*angles: float) -> Vectors:
    """Vectors in directions about an angle, of many lengths."""
    rng = np.random.default_rng(0)
    spread = np.concatenate([rng.normal(angle, 0.1, 200) for angle in angles])
    lengths = rng.uniform(1, 20, len(spread))
    return (np.stack([np.cos(spread), np.sin(spread)], 1) * lengths[:, None]).astype(np.float32)


def test_a_direction_that_no_labelled_picture_has_is_novel(tmp_path: Path) -> None:
    judge = Novelty(metadata_of(tmp_path, around(0.0, 1.5)))
    near, between, opposite = rows([[3, 0]]), rows([[1, 1]]), rows([[-1, -1]])
    assert judge.of(near)[0] < NOVEL
    assert judge.of(between)[0] > NOVEL
    assert judge.of(opposite)[0] == 1
    assert (judge.n_judged, judge.n_novel) == (3, 2)


def test_the_length_of_a_vector_does_not_matter(tmp_path: Path) -> None:
    judge = Novelty(metadata_of(tmp_path, around(0.0)))
    vectors = around(0.2)[:20]
    assert judge.of(vectors).tolist() == pytest.approx(judge.of(vectors * 2).tolist(), abs=0.01)


def test_labelled_pictures_are_as_novel_as_is_usual(tmp_path: Path) -> None:
    judge = Novelty(metadata_of(tmp_path, around(0.0)))
    others = around(0.0)[::-1]
    assert np.quantile(judge.of(others), 0.5) < 0.9


def test_batches_have_no_influence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata, vectors = metadata_of(tmp_path, around(0.0)), around(0.1)
    whole = Novelty(metadata).of(vectors)
    monkeypatch.setattr(novelty, "BATCH", 7)
    assert np.abs(Novelty(metadata).of(vectors) - whole).max() <= 0.01


def test_of_many_labelled_pictures_some_stand_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "MAX_LABELLED", 50)
    judge = Novelty(metadata_of(tmp_path, around(0.0, 1.5)))
    assert judge.of(rows([[-1, -1]]))[0] == 1
    assert judge.of(rows([[1, 0], [0, 1]])).max() < 1


@pytest.mark.parametrize("n_labelled", [1, 2])
def test_few_labelled_pictures_are_no_trouble(tmp_path: Path, n_labelled: int) -> None:
    judge = Novelty(metadata_of(tmp_path, around(0.0)[:n_labelled]))
    found = judge.of(rows([[1, 0], [0, 0]]))
    assert ((found >= 0) & (found <= 1)).all()


def test_no_pictures_have_no_novelty(tmp_path: Path) -> None:
    assert Novelty(metadata_of(tmp_path, around(0.0))).of(np.empty((0, 2), np.float32)).size == 0


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [1, 7])
def test_a_digit_that_nobody_has_labelled_is_found_out(tmp_path: Path, left_out: int) -> None:
    digits = embedded_digits()
    order = np.random.default_rng(0).permutation(len(digits.digits))
    labelled, unseen = order[:900], order[900:]
    labelled = labelled[digits.digits[labelled] != left_out]
    judge = Novelty(metadata_of(tmp_path, digits.vectors[labelled].astype(np.float32)))
    found = judge.of(digits.vectors[unseen].astype(np.float32)) > NOVEL
    is_new = digits.digits[unseen] == left_out
    assert found[is_new].mean() > 0.6
    assert found[~is_new].mean() < 0.03
