"""Damaged archives: whatever is in them, each ends as members, fates or a refusal."""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from shared.errors import Fate
from shared.records import MEBIBYTE, Limits
from shared.sources.zips.container import archive_container
from tests.archive_cases import CASES, fates_of
from tests.archive_cases.zips import DEFLATED, Part, zip_of
from tests.fuzz.mutations import mutations

LIMITS = Limits(
    max_member_bytes=MEBIBYTE, max_entries=100, max_depth=3, max_unpacked_bytes=16 * MEBIBYTE
)
MAX_SECONDS = 5.0
MAX_CASE_BYTES = 20_000


def run(n_cases: int, seed: int = 0) -> Counter[Fate]:
    """Damage and walk so many archives, reading every member.

    Returns
    -------
    Counter of Fate
        How many members ended how, archives that were refused as a whole among them.

    Raises
    ------
    AssertionError
        For a case that took too long or has two members of one address. Any other exception than
        `SkipError` comes through as it is.
    """
    fates: Counter[Fate] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.zip"
        for case in range(seed * n_cases, (seed + 1) * n_cases):
            path.write_bytes(_damaged(case))
            start = time.process_time()
            assert archive_container(path).n_entries < MAX_CASE_BYTES
            fates.update(fates_of(path, LIMITS).values())
            seconds = time.process_time() - start
            assert seconds < MAX_SECONDS, f"case {case}: {seconds:.1f} s"
    return fates


@cache
def _corpus() -> list[bytes]:
    """All small cases: the sound ones to be damaged, the broken ones to be broken further."""
    return [content for case in CASES if len(content := case.build()) < MAX_CASE_BYTES]


def _damaged(case: int) -> bytes:
    content = _corpus()[case % len(_corpus())]
    return random.Random(case).choice(_WAYS)(content, case)


def _in_place(content: bytes, seed: int) -> bytes:
    """Damage that moves nothing, so that the directory is still where its end says."""
    return mutations(content, seed)[: len(content)].ljust(len(content), b"\0")


def _in_directory(content: bytes, seed: int) -> bytes:
    start = max(0, content.find(b"PK\x01\x02"))
    return content[:start] + _in_place(content[start:], seed)


def _nested(content: bytes, seed: int) -> bytes:
    """Damage to a nested archive, of which the outer one knows nothing."""
    return zip_of(Part("in.zip", _in_directory(content, seed), DEFLATED))


_WAYS: tuple[Callable[[bytes, int], bytes], ...] = (mutations, _in_place, _in_directory, _nested)
