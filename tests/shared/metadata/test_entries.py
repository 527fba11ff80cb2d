import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.metadata.entries import CheckedEntry, Flaw, iter_checked
from shared.records import EmbedderName, Picture

HASH = "ab" * 64
DIGEST = "01" * 32
KNOWN = {
    "file_sha256": DIGEST,
    "image_mode": "RGB",
    "file_type": "JPEG",
    "image_resolution": [570, 639],
    "embeddings_vector": [1.0],
}


VECTORS = {
    "[0, 1, -1.5e3]": Flaw.NONE,
    "[3.4028235e38]": Flaw.NONE,
    "null": Flaw.NO_LIST,
    '"0.5"': Flaw.NO_LIST,
    "{}": Flaw.NO_LIST,
    "[]": Flaw.EMPTY,
    '[0.5, "0.5"]': Flaw.TEXT,
    "[0.5, null]": Flaw.NULL,
    "[0.5, true]": Flaw.BOOLEAN,
    "[false, false]": Flaw.BOOLEAN,
    "[[0.5]]": Flaw.NESTED,
    '[{"0": 0.5}]': Flaw.NESTED,
    "[0.5, NaN]": Flaw.NAN,
    "[NaN, Infinity]": Flaw.NAN,
    "[-Infinity, 0.5]": Flaw.INFINITE,
    "[1e999]": Flaw.INFINITE,
    "[1e39]": Flaw.TOO_LARGE,
    "[1" + "0" * 400 + "]": Flaw.TOO_LARGE,
}


def checked_entry(key: str, value: object) -> CheckedEntry:
    [(found, entry)] = iter_checked([(key, value)])
    assert found == key
    return entry


def flaw(numbers: str) -> Flaw:
    return checked_entry(HASH, {"embeddings_vector": json.loads(numbers)}).flaw


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_vector_of_numbers_is_kept_exactly(numbers: list[float]) -> None:
    entry = checked_entry(HASH, {"embeddings_vector": numbers})
    assert np.frombuffer(entry.vector, "<f4").tolist() == numbers


@pytest.mark.parametrize(("numbers", "expected"), VECTORS.items())
def test_each_kind_of_vector_has_its_flaw(numbers: str, expected: Flaw) -> None:
    assert flaw(numbers) == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(list(VECTORS)), max_size=40))
def test_an_entry_among_others_has_the_flaw_that_it_has_alone(vectors: list[str]) -> None:
    pairs = [(str(n), {"embeddings_vector": json.loads(v)}) for n, v in enumerate(vectors)]
    found = [(key, entry.flaw) for key, entry in iter_checked(pairs)]
    assert found == [(str(n), VECTORS[vector]) for n, vector in enumerate(vectors)]


@pytest.mark.parametrize("value", [None, [], [0.5], "text", 5, True])
def test_an_entry_that_is_no_object_has_no_vector(value: object) -> None:
    assert checked_entry(HASH, value).flaw == Flaw.NO_OBJECT


def test_an_entry_without_a_vector_says_so() -> None:
    assert checked_entry(HASH, {}).flaw == Flaw.NO_VECTOR


def test_every_flaw_has_a_sentence_of_its_own() -> None:
    sentences = {flaw.reason(511, 512) for flaw in Flaw}
    assert len(sentences) == len(Flaw)
    assert "vector has 511 numbers, 512 are needed" in sentences


@pytest.mark.parametrize(
    ("facts", "size"),
    [
        ({"image_resolution": [3, 4]}, (3, 4)),
        ({"image_xsize": 3, "image_ysize": 4}, (3, 4)),
        ({"image_resolution": [3, 4], "image_xsize": 9, "image_ysize": 9}, (3, 4)),
        ({"image_resolution": "3x4", "image_xsize": 5, "image_ysize": 6}, (5, 6)),
        ({"image_resolution": [3, 4, 5]}, (0, 0)),
        ({"image_resolution": [3, 0]}, (0, 0)),
        ({"image_resolution": [3, -4]}, (0, 0)),
        ({"image_resolution": [3.5, 4]}, (0, 0)),
        ({"image_resolution": [True, True]}, (0, 0)),
        ({"image_resolution": [3, 2**31]}, (0, 0)),
        ({"image_xsize": 3}, (0, 0)),
        ({}, (0, 0)),
    ],
)
def test_the_size_is_the_resolution_or_else_the_two_sides(
    facts: dict[str, Any], size: tuple[int, int]
) -> None:
    assert checked_entry(HASH, facts).size == size


def test_the_embedder_is_named_by_three_keys() -> None:
    names = {"embeddings_type": "CLIP", "model": "ViT-B-32", "pretrained": "openai"}
    entry = checked_entry(HASH, names | {"embeddings_vector": [1.0]})
    assert entry.embedder == EmbedderName("CLIP", "ViT-B-32", "openai")


@pytest.mark.parametrize("names", [{}, {"model": None, "pretrained": 5, "embeddings_type": ""}])
def test_an_entry_that_names_no_embedder_has_none(names: dict[str, Any]) -> None:
    assert checked_entry(HASH, names | {"embeddings_vector": [1.0]}).embedder is None


def test_an_unusable_vector_names_no_embedder() -> None:
    assert checked_entry(HASH, {"model": "x", "embeddings_vector": []}).embedder is None


def test_endless_names_are_cut() -> None:
    entry = checked_entry(HASH, {"model": "x" * 10_000, "embeddings_vector": [1.0]})
    assert len(str(entry.embedder)) == 100


def test_an_embedders_name_is_storable_whatever_it_holds() -> None:
    entry = checked_entry(HASH, {"model": "\udc80\0", "embeddings_vector": [1.0]})
    assert str(entry.embedder) == r"\udc80\x00"


def test_what_stage_1_adds_tells_the_picture_in_a_file() -> None:
    picture = Picture(HASH, "RGB", 570, 639, "JPEG")
    assert checked_entry(HASH, KNOWN).content == (bytes.fromhex(DIGEST), picture)


def test_a_picture_is_known_though_its_vector_is_bad() -> None:
    assert checked_entry(HASH, KNOWN | {"embeddings_vector": None}).content is not None


@pytest.mark.parametrize(
    "change",
    [
        {"file_sha256": None},
        {"file_sha256": DIGEST[1:]},
        {"file_sha256": DIGEST.replace("0", "G")},
        {"file_sha256": DIGEST + "\n"},
        {"image_mode": None},
        {"image_mode": "R\0B"},
        {"image_mode": ""},
        {"file_type": ["JPEG"]},
        {"file_type": "a very long format"},
        {"image_resolution": None},
    ],
)
def test_a_picture_is_known_only_by_well_formed_facts(change: dict[str, Any]) -> None:
    assert checked_entry(HASH, KNOWN | change).content is None


@pytest.mark.parametrize("key", ["cat", HASH.upper(), HASH[:-1], HASH + "\n"])
def test_a_picture_is_known_only_under_a_pixel_hash(key: str) -> None:
    assert checked_entry(key, KNOWN).content is None


def test_a_vector_may_be_an_array() -> None:
    vector = np.array([0.0, 1.0, -2.5], np.float32)
    entry = checked_entry(HASH, {"model": "x", "embeddings_vector": vector})
    assert (entry.vector, entry.flaw) == (vector.tobytes(), Flaw.NONE)
    assert entry.embedder == EmbedderName("", "x", "")
