"""What attacks the reader is refused for the reason that its line gives, and runs nothing."""

import pickle
import time
from pathlib import Path

import pytest

from shared.classifiers.loading import load_classifiers
from tests.shared.classifiers import (
    hostile_arrays,
    hostile_bombs,
    hostile_payloads,
    hostile_strangers,
)
from tests.shared.classifiers.hostile_cases import PAYLOAD, Case
from tests.shared.classifiers.samples import dumped, sample

pytestmark = pytest.mark.slow

MAX_SECONDS = 2
CASES = [
    *hostile_payloads.PAYLOADS,
    *hostile_strangers.STRANGERS,
    *hostile_strangers.LIES,
    *hostile_bombs.BOMBS,
    *hostile_arrays.ARRAYS,
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    models = tmp_path / "models"
    models.mkdir()
    (models / "model-a-tag-good.pkl").write_bytes(dumped(sample("logistic")))
    return models


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_is_refused_beside_a_good_one(case: Case, folder: Path) -> None:
    hostile = folder / "model-a-tag-hostile.pkl"
    hostile.write_bytes(case.content())
    start = time.process_time()
    usable, refused = load_classifiers(folder)
    assert [one.tag for one in usable] == ["good"]
    assert [(one.path, case.expected in one.reason or one.reason) for one in refused] == [
        (hostile, True)
    ]
    assert sorted(file.name for file in folder.parent.iterdir()) == ["models"]
    assert time.process_time() - start < MAX_SECONDS


def test_the_canary_appears_where_a_payload_does_run(folder: Path) -> None:
    pickle.loads(PAYLOAD)
    assert (folder.parent / "canary").exists()


def test_every_case_is_told_from_the_others_by_its_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
