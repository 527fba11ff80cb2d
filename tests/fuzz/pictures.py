"""Damaged pictures: each must open, or be skipped with a fate, in bounded time."""

import time
from collections import Counter

import numpy as np

from shared.errors import Fate, SkipError
from shared.pictures.embedders.choosing import load_embedder
from shared.pictures.opening import open_picture
from shared.pictures.thumbnails import thumbnail
from shared.records import Limits
from tests.fuzz.mutations import mutations
from tests.picture_cases.cases import GOOD

LIMITS = Limits(max_megapixels=4)
MAX_SECONDS = 5.0
THUMBNAIL_SIZE = 64


def run(n_cases: int, seed: int = 0) -> Counter[Fate]:
    """Damage and open so many pictures; what opens is embedded too, and shown small.

    Returns
    -------
    Counter of Fate
        How many ended how; ``scored`` for those that opened.

    Raises
    ------
    AssertionError
        For a case that took too long, or a vector that is not finite. Any other exception than
        `SkipError` comes through as it is.
    """
    corpus = [case.build() for case in GOOD]
    fates: Counter[Fate] = Counter()
    for case in range(seed * n_cases, (seed + 1) * n_cases):
        start = time.process_time()
        fates[_fate(mutations(corpus[case % len(corpus)], case))] += 1
        seconds = time.process_time() - start
        assert seconds < MAX_SECONDS, f"case {case}: {seconds:.1f} s"
    return fates


def _fate(content: bytes) -> Fate:
    try:
        opened = open_picture(content, LIMITS)
    except SkipError as error:
        return error.fate
    vector = load_embedder("builtin").embed([opened.image])
    assert np.isfinite(vector).all(), opened.picture
    small = thumbnail(content, THUMBNAIL_SIZE, LIMITS)
    assert open_picture(small.content, LIMITS).picture.width <= THUMBNAIL_SIZE, opened.picture
    return Fate.SCORED
