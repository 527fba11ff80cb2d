from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shared.metadata.layout import BAD, MISSING
from shared.metadata.metadata import Metadata
from shared.records import Picture

A, B, C = ("a" * 128, "b" * 128, "c" * 128)
ENTRIES: dict[str, Any] = {
    A: {
        "embeddings_vector": [1.0, 2.0],
        "image_resolution": [570, 639],
        "file_type": "JPEG",
        "image_mode": "RGB",
        "file_sha256": "01" * 32,
    },
    B: {
        "embeddings_vector": [3.0],
        "image_resolution": [1, 2],
        "file_type": "PNG",
        "image_mode": "I;16B",
        "file_sha256": "ff" * 31 + "00",
    },
    C: {"embeddings_vector": [4.0, 5.0]},
}


@pytest.fixture(params=["first load", "second load"])
def metadata(
    request: pytest.FixtureRequest, load: Callable[..., Metadata], no_ticks: None
) -> Metadata:
    del no_ticks
    first = load(ENTRIES)
    return first if request.param == "first load" else load()


def test_vectors_are_found_by_hash(metadata: Metadata) -> None:
    assert metadata.vectors[metadata.rows([C, A])].tolist() == [[4, 5], [1, 2]]


def test_rows_tell_missing_from_bad(metadata: Metadata) -> None:
    assert metadata.rows([B, "d" * 128, A.upper(), ""]).tolist() == [BAD, *[MISSING] * 3]


def test_no_hashes_have_no_rows(metadata: Metadata) -> None:
    assert metadata.rows([]).shape == (0,)
    assert metadata.rows([]).dtype == np.int64


def test_only_a_bad_vector_has_a_reason(metadata: Metadata) -> None:
    reasons = [metadata.bad_reason(key) for key in (A, B, "d")]
    assert reasons == ["", "vector has 1 numbers, 2 are needed", ""]


def test_resolutions_are_those_of_the_entries(metadata: Metadata) -> None:
    rows = metadata.rows([A, B, C, "d", A])
    expected = [[570, 639], [0, 0], [0, 0], [0, 0], [570, 639]]
    assert metadata.resolutions(rows).tolist() == expected


def test_a_file_is_known_by_its_bytes_even_if_its_vector_is_bad(metadata: Metadata) -> None:
    digests = [b"\xff" * 31 + b"\0", b"\2" * 32, b"\1" * 32, b"\1" * 32]
    jpeg, png = Picture(A, "RGB", 570, 639, "JPEG"), Picture(B, "I;16B", 1, 2, "PNG")
    assert metadata.find_content(digests) == [png, None, jpeg, jpeg]


def test_no_files_are_no_pictures(metadata: Metadata) -> None:
    assert metadata.find_content([]) == []


def test_the_shape_counts_usable_vectors(metadata: Metadata) -> None:
    assert (metadata.n_images, metadata.n_features) == metadata.vectors.shape == (2, 2)


def test_a_file_without_known_pictures_knows_none(load: Callable[..., Metadata]) -> None:
    assert load({C: ENTRIES[C]}).find_content([b"\1" * 32]) == [None]
