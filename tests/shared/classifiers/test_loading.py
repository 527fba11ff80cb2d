"""A folder's good classifiers are loaded, the others named; a run without any cannot start."""

import csv
import json
import os
import pickle
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from shared.classifiers import loading
from shared.classifiers.estimators import Classifier, Trusted
from shared.classifiers.files import decoded_classifier
from shared.classifiers.loading import check_n_features, load_classifiers
from shared.errors import RunError
from tests.shared.classifiers.hostile_cases import PAYLOAD
from tests.shared.classifiers.oracle import tag_scores
from tests.shared.classifiers.samples import N_FEATURES, dumped, sample
from tests.worlds import OF_2023, REFERENCE, ROOT

UNREADABLE = Path("/proc/self/mem")
GOOD = dumped(sample("logistic"))


def _folder(path: Path, **files: bytes) -> Path:
    for tag, content in files.items():
        (path / f"model-a-tag-{tag}.pkl").write_bytes(content)
    return path


def test_good_files_are_loaded_in_the_order_of_their_names(tmp_path: Path) -> None:
    usable, refused = load_classifiers(_folder(tmp_path, b=GOOD, c=GOOD, a=GOOD))
    assert [one.name for one in usable] == ["model-a-tag-a", "model-a-tag-b", "model-a-tag-c"]
    assert refused == []


def test_a_broken_file_among_good_ones_is_no_end(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=GOOD, b=b"", c=PAYLOAD, d=GOOD)
    usable, refused = load_classifiers(folder)
    assert [one.tag for one in usable] == ["a", "d"]
    assert [(one.path.name, one.reason) for one in refused] == [
        ("model-a-tag-b.pkl", "an empty file"),
        ("model-a-tag-c.pkl", "names os.system, which is not read as data"),
    ]


def test_one_file_of_any_name_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "model-a-tag-b.joblib"
    path.write_bytes(GOOD)
    usable, _ = load_classifiers(path)
    assert [one.name for one in usable] == ["model-a-tag-b"]


def test_only_visible_pkl_files_directly_in_the_folder_count(tmp_path: Path) -> None:
    _folder(tmp_path, a=GOOD)
    (tmp_path / "._model-a-tag-a.pkl").write_bytes(b"litter")
    (tmp_path / "notes.txt").write_text("no classifier")
    (tmp_path / "old.pkl").mkdir()
    (tmp_path / "more").mkdir()
    _folder(tmp_path / "more", b=GOOD)
    usable, refused = load_classifiers(tmp_path)
    assert ([one.tag for one in usable], refused) == (["a"], [])


def test_a_path_that_is_not_there_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        load_classifiers(tmp_path / "none")
    assert caught.value.where == str(tmp_path / "none")
    assert caught.value.found == "no such file or folder of classifiers"
    assert "--model" in caught.value.remedy


def test_a_folder_without_classifiers_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no \.pkl file in this folder"):
        load_classifiers(tmp_path)


def test_a_path_that_cannot_be_looked_up_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be listed: File name too long"):
        load_classifiers(tmp_path / ("x" * 300))


def test_no_usable_classifier_ends_the_run_with_the_first_reasons(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=b"", b=b"<html>", c=b"{}", d=b"", e=b"")
    with pytest.raises(RunError) as caught:
        load_classifiers(folder)
    assert caught.value.found == (
        "no usable classifier (model-a-tag-a.pkl: an empty file; model-a-tag-b.pkl: a web page, "
        "no classifier file; model-a-tag-c.pkl: JSON text, no classifier file; and 2 more)"
    )
    assert "--trust_models" not in caught.value.remedy


@pytest.mark.parametrize("trust", [False, True])
def test_trust_is_advised_for_a_pickle_that_is_not_read_and_not_where_it_was_given(
    tmp_path: Path, trust: bool
) -> None:
    folder = _folder(tmp_path, a=pickle.dumps(Fraction(1, 2)), b=b"<html>")
    with pytest.raises(RunError) as caught:
        load_classifiers(folder, trust=trust)
    assert ("--trust_models" in caught.value.remedy) is not trust


def test_trust_is_not_advised_for_a_classifier_that_was_only_damaged(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        load_classifiers(_folder(tmp_path, a=GOOD[:-20]))
    assert "--trust_models" not in caught.value.remedy


def test_a_file_that_is_too_large_is_not_even_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MAX_FILE_BYTES", len(GOOD))
    usable, refused = load_classifiers(_folder(tmp_path, a=GOOD, b=GOOD + b"."))
    assert [one.tag for one in usable] == ["a"]
    assert refused[0].reason == f"larger than {len(GOOD)} bytes, the most that is read"


@pytest.mark.skipif(not UNREADABLE.exists(), reason="no file here that even root cannot read")
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=GOOD)
    (folder / "model-a-tag-b.pkl").symlink_to(UNREADABLE)
    _, refused = load_classifiers(folder)
    assert refused[0].reason == "cannot be read: Input/output error"


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=GOOD)
    os.mkfifo(folder / "pipe.pkl")
    (folder / "stray.pkl").symlink_to(folder / "gone.pkl")
    _, refused = load_classifiers(folder)
    assert [(one.path.name, one.reason) for one in refused] == [
        ("pipe.pkl", "not a regular file"),
        ("stray.pkl", "cannot be read: No such file or directory"),
    ]


def test_no_memory_left_for_one_file_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hungry(name: str, content: bytes) -> Classifier:
        if name.endswith("b"):
            raise MemoryError
        return decoded_classifier(name, content)

    monkeypatch.setattr(loading, "decoded_classifier", hungry)
    _, refused = load_classifiers(_folder(tmp_path, a=GOOD, b=GOOD))
    assert [one.reason for one in refused] == ["larger than the memory that is free"]


def test_classifiers_of_another_width_are_set_aside_with_both_widths(tmp_path: Path) -> None:
    usable, _ = load_classifiers(_folder(tmp_path, a=GOOD))
    fit, others = check_n_features(usable, 512, tmp_path)
    assert fit == []
    assert others[0].path == tmp_path / "model-a-tag-a.pkl"
    assert others[0].reason == "made for vectors of 4 numbers, these have 512"


def test_classifiers_of_the_right_width_stay(tmp_path: Path) -> None:
    path = _folder(tmp_path, a=GOOD) / "model-a-tag-a.pkl"
    usable, _ = load_classifiers(path)
    assert check_n_features(usable, N_FEATURES, path) == (usable, [])
    assert check_n_features(usable, 1, path)[1][0].path == path


def test_trust_changes_nothing_for_what_is_read_as_data(tmp_path: Path) -> None:
    usable, _ = load_classifiers(_folder(tmp_path, a=GOOD), trust=True)
    assert not isinstance(usable[0].estimator, Trusted)


def test_trust_names_both_reasons_where_nothing_helps(tmp_path: Path) -> None:
    _, refused = load_classifiers(_folder(tmp_path, a=GOOD, b=b"<html>"), trust=True)
    assert refused[0].reason.startswith("a web page, no classifier file; as trusted code it does")


def test_a_hundred_classifiers_of_150_kilobytes_load_in_well_under_a_second(
    tmp_path: Path,
) -> None:
    wide = sample("svc, rbf")
    n_support = len(wide.support_)
    wide.n_features_in_ = 150_000 // 8 // n_support
    wide.support_vectors_ = np.ones((n_support, wide.n_features_in_))
    _folder(tmp_path, **{f"t{number}": dumped(wide) for number in range(100)})
    start = time.process_time()
    usable, _ = load_classifiers(tmp_path)
    assert len(usable) == 100
    assert time.process_time() - start < 0.9


def test_neither_scikit_learn_nor_joblib_is_imported_for_reading(tmp_path: Path) -> None:
    _folder(tmp_path, a=GOOD)
    script = (
        "import sys; from pathlib import Path; "
        "from shared.classifiers.loading import load_classifiers;"
        f"load_classifiers(Path({str(tmp_path)!r}));"
        "sys.exit(bool({'sklearn', 'joblib', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_files_of_scikit_learn_1_1_score_as_it_did() -> None:
    usable, refused = load_classifiers(OF_2023)
    expected = json.loads((OF_2023 / "scores.json").read_text())
    vectors = np.array(expected["vectors"], np.float32).astype(np.float64)
    assert refused == []
    assert [one.train_date for one in usable] == [None, None, "2023-01-21, 00:56:07"]
    for one in usable:
        scores = expected["scores"].pop(one.name)
        np.testing.assert_allclose(tag_scores(one, vectors), scores, rtol=0, atol=1e-12)
    assert expected["scores"] == {}


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data is not here")
def test_the_real_files_of_scikit_learn_1_1_score_as_expected() -> None:
    usable, refused = load_classifiers(REFERENCE / "models")
    metadata = json.loads((REFERENCE / "input-metadata.json").read_text("utf-8"))
    with (REFERENCE / "expected_scores.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert (len(usable), refused, len(rows)) == (4, [], 80)
    for one in usable:
        expected = [row for row in rows if row["model_name"] == one.name]
        vectors = np.array([metadata[row["hash_id"]]["embeddings_vector"] for row in expected])
        scores = [float(row["tag_score"]) for row in expected]
        np.testing.assert_allclose(tag_scores(one, vectors), scores, rtol=0, atol=1e-12)
