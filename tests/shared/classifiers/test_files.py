"""The two forms of a file: a dictionary that says what it is, or an estimator named by its file."""

import datetime
import pickle
from typing import Any

import pytest

from shared.classifiers.files import decoded_classifier
from shared.classifiers.pickles.stream import RefusedError
from shared.hashing import content_digest
from shared.odds import N_ODDS_BINS
from shared.records import EmbedderName
from tests.shared.classifiers.samples import dumped, sample

MOMENT = datetime.datetime(2023, 1, 21, 0, 56, 7)  # noqa: DTZ001 -- as stage 2 writes it
DESCRIBED = {
    "classifier": sample("logistic"),
    "model_type": "ovr-logistic-regression",
    "train_start_time": MOMENT,
    "tag": "pixel-art",
}


def _described(**changes: Any) -> bytes:
    return dumped({**DESCRIBED, **changes})


def test_a_dictionary_says_what_it_is() -> None:
    found = decoded_classifier("anything", _described())
    assert (found.name, found.model_type, found.tag, found.train_date) == (
        "anything",
        "ovr-logistic-regression",
        "pixel-art",
        "2023-01-21, 00:56:07",
    )


def test_a_dictionary_counts_more_than_the_files_name() -> None:
    assert decoded_classifier("model-a-tag-b", _described()).tag == "pixel-art"


@pytest.mark.parametrize(
    ("name", "model_type", "tag"),
    [
        ("model-ovr-svm-tag-cat", "ovr-svm", "cat"),
        ("model-ovr-svm-tag-pos-style-tile-based", "ovr-svm", "pos-style-tile-based"),
        ("model-a-tag-b-tag-c", "a", "b-tag-c"),
        ("model-a-tag-日本", "a", "日本"),
        ("model-a-tag-b\nc", "a", "b\nc"),
    ],
)
def test_a_bare_estimator_is_named_by_its_file(name: str, model_type: str, tag: str) -> None:
    found = decoded_classifier(name, dumped(sample("logistic")))
    assert (found.name, found.model_type, found.tag) == (name, model_type, tag)
    assert found.train_date is None


@pytest.mark.parametrize("name", ["cat", "model-cat", "model--tag-cat", "model-a-tag-", "tag-b"])
def test_a_name_that_tells_nothing_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(RefusedError, match=r"its name is not model-<model_type>-tag-<tag>\.pkl"):
        decoded_classifier(name, dumped(sample("logistic")))


@pytest.mark.parametrize("key", ["model_type", "tag"])
def test_what_a_dictionary_lacks_comes_from_the_files_name(key: str) -> None:
    found = decoded_classifier("model-a-tag-b", _described(**{key: None}))
    assert getattr(found, key) in ("a", "b")


@pytest.mark.parametrize("value", ["", "x" * 201, 7, ["cat"]])
@pytest.mark.parametrize("key", ["model_type", "tag"])
def test_a_label_is_a_text_of_some_length(key: str, value: object) -> None:
    with pytest.raises(RefusedError, match=f"its {key} is no text of 1 to 200 characters"):
        decoded_classifier("model-a-tag-b", _described(**{key: value}))


def test_a_label_is_kept_as_every_database_can_store_it() -> None:
    assert decoded_classifier("a", _described(tag="a\0\udc80")).tag == r"a\x00\udc80"


@pytest.mark.parametrize("value", [None, "yesterday", 3.5])
def test_a_training_date_that_is_none_is_none(value: object) -> None:
    assert decoded_classifier("a", _described(train_start_time=value)).train_date is None


@pytest.mark.parametrize("protocol", range(2, 6))
def test_further_keys_are_allowed(protocol: int) -> None:
    further: dict[str, Any] = {
        "metrics": {"f1": 0.5, "folds": [1, 2.5, (None, True)], "tags": {"a", "b"}},
        "thresholds": {1: 0.5, "precision": sample("logistic").coef_[0, 0]},
        "notes": b"\xff",
        "when": datetime.datetime.now(datetime.UTC),
    }
    content = pickle.dumps(DESCRIBED | further, protocol)
    assert decoded_classifier("a", content).tag == "pixel-art"


def test_the_digest_is_that_of_the_file_as_it_lies_on_disk() -> None:
    content = dumped(DESCRIBED, compress=3)
    assert decoded_classifier("a", content).digest == content_digest(content)


EMBEDDER = {
    "embeddings_type": "CLIP",
    "model": "ViT-B-32",
    "pretrained": "openai",
    "weights_sha256": "",
}


def test_a_dictionary_says_what_made_the_vectors_it_was_trained_on() -> None:
    found = decoded_classifier("a", _described(embedder=EMBEDDER))
    assert found.embedder == EmbedderName("CLIP", "ViT-B-32", "openai")


def test_a_dictionary_says_in_which_precision() -> None:
    found = decoded_classifier("a", _described(embedder={**EMBEDDER, "precision": "bfloat16"}))
    assert found.embedder == EmbedderName("CLIP", "ViT-B-32", "openai", "", "bfloat16")


@pytest.mark.parametrize(
    "told",
    [
        None,
        "CLIP",
        ["CLIP"],
        {},
        {**EMBEDDER, "model": 32},
        {**EMBEDDER, "model": "x" * 201},
        {**EMBEDDER, "more": "x"},
        {1: "x"},
    ],
)
def test_what_another_program_keeps_under_that_name_tells_nothing(told: object) -> None:
    assert decoded_classifier("a", _described(embedder=told)).embedder is None


def test_an_old_file_tells_no_embedder() -> None:
    assert decoded_classifier("a", _described()).embedder is None


TOLD = {
    "recommended": {"threshold": 0.25, "precision": 0.9, "recall_interval": (0.1, 0.9)},
    "precision_95": None,
    "precision_90": {"threshold": 1},
    "precision_80": {"threshold": 1.5},
    "precision_70": {"threshold": 0.5},
}


def test_thresholds_that_can_be_used_are_told_by_name() -> None:
    found = decoded_classifier("a", _described(thresholds=TOLD, average_precision=0.75))
    assert found.thresholds == {"recommended": 0.25, "precision_90": 1.0}
    assert found.average_precision == 0.75


@pytest.mark.parametrize("told", [None, [0.5], {"recommended": 0.5}, {"recommended": {}}, {1: 2}])
def test_a_file_without_thresholds_tells_none(told: object) -> None:
    found = decoded_classifier("a", _described(thresholds=told))
    assert (found.thresholds, found.average_precision) == ({}, None)


@pytest.mark.parametrize("told", ["0.5", True, -0.1, 1.1, float("nan"), float("inf"), 10**400])
def test_what_is_no_share_is_no_threshold(told: object) -> None:
    described = _described(thresholds={"recommended": {"threshold": told}}, average_precision=told)
    found = decoded_classifier("a", described)
    assert (found.thresholds, found.average_precision) == ({}, None)


def test_how_scores_were_spread_in_training_is_told() -> None:
    found = decoded_classifier("a", _described(score_counts=[[3, 0, 7], [200, 5, 1]]))
    assert found.score_counts
    assert found.score_counts.share == 5 / 13
    assert (found.score_counts.tag[200], found.score_counts.other[3]) == (5, 7)
    assert len(found.score_counts.tag) == len(found.score_counts.other) == N_ODDS_BINS


@pytest.mark.parametrize(
    "told",
    [
        None,
        "many",
        [],
        [[3, 4]],
        [[3, 4, -1]],
        [[-1, 4, 4]],
        [[N_ODDS_BINS, 4, 4]],
        [[3, 4.0, 4]],
        [[3, True, 4]],
        [[3, 10**10, 4]],
        [[3, 4, 0]],
        [[3, 0, 4]],
        [[3, 4, 4]] * (N_ODDS_BINS + 1),
        {3: (4, 4)},
    ],
)
def test_counts_that_are_none_or_of_one_side_are_as_good_as_untold(told: object) -> None:
    assert decoded_classifier("a", _described(score_counts=told)).score_counts is None
