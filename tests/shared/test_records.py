"""The values that flow: frozen, comparable where that means something, with documented limits."""

from dataclasses import FrozenInstanceError, astuple

import numpy as np
import pytest

from shared.errors import Fate
from shared.records import (
    GIBIBYTE,
    MEBIBYTE,
    Container,
    EmbedderName,
    Limits,
    Member,
    Picture,
    Place,
    Reading,
    Skipped,
    embedder_words,
    serving_names,
)


def test_the_limits_are_the_documented_ones() -> None:
    assert astuple(Limits()) == (50, 256 * MEBIBYTE, 100_000, 8, 32 * GIBIBYTE, 50)


@pytest.mark.parametrize(
    "record", [Limits, Container, Member, Skipped, Picture, EmbedderName, Reading]
)
def test_a_record_cannot_be_changed(record: type[object]) -> None:
    one = object.__new__(record)
    with pytest.raises(FrozenInstanceError):
        setattr(one, next(iter(vars(record)["__slots__"])), 1)


def test_a_precision_that_is_not_the_full_one_is_part_of_a_name() -> None:
    assert str(EmbedderName("CLIP", "X", "openai", "ab", "bfloat16")) == "CLIP X openai ab bfloat16"


def test_short_numbers_are_served_by_full_ones_and_not_the_other_way() -> None:
    assert serving_names("CLIP X int8") == ["CLIP X", "CLIP X bfloat16", "CLIP X int8"]
    assert serving_names("CLIP X bfloat16") == ["CLIP X", "CLIP X bfloat16"]
    assert serving_names("CLIP X") == ["CLIP X"]
    assert sorted(serving_names("CLIP X int8")) == serving_names("CLIP X int8")


def test_pictures_of_one_hash_and_different_size_are_different() -> None:
    assert Picture("ab", "L", 4, 16, "PNG") != Picture("ab", "L", 16, 4, "PNG")


def test_an_embedders_name_leaves_out_what_is_empty() -> None:
    assert str(EmbedderName("CLIP", "ViT-B-32", "openai")) == "CLIP ViT-B-32 openai"
    assert str(EmbedderName("builtin", "", "")) == "builtin"


def test_readings_are_told_apart_by_themselves_not_by_their_arrays() -> None:
    vector = np.zeros(2, np.float32)
    first, second = (
        Reading(Place((0,), "a", "b", "c"), Fate.PENDING, vector=vector) for _ in range(2)
    )
    assert first != second


def test_people_are_not_told_that_an_embedder_was_pretrained_on_none() -> None:
    name = EmbedderName("builtin", "hog-color-v1", "none")
    assert embedder_words(name) == embedder_words(str(name)) == "builtin hog-color-v1"
    assert embedder_words(EmbedderName("CLIP", "x", "openai")) == "CLIP x openai"
