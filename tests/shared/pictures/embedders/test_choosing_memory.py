import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pictures.embedders.choosing import workers_within_memory


def test_an_embedder_that_takes_nothing_leaves_all_workers() -> None:
    assert workers_within_memory(1000, 0) == 1000


@pytest.mark.parametrize(("gigabytes", "n_workers"), [(1, 8), (2, 5), (6, 1), (60, 1)])
def test_embedders_take_half_of_the_memory_at_most(
    monkeypatch: pytest.MonkeyPatch, gigabytes: int, n_workers: int
) -> None:
    sizes = {"SC_PAGE_SIZE": 10**3, "SC_PHYS_PAGES": 20 * 10**6}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert workers_within_memory(8, gigabytes * 10**9) == n_workers


def test_a_system_that_does_not_tell_its_memory_limits_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sysconf")
    assert workers_within_memory(8, 10**9) == 8


@given(st.integers(1, 10**4), st.integers(0, 10**15))
def test_there_is_always_a_worker_and_never_more_than_asked_for(
    n_workers: int, process_bytes: int
) -> None:
    assert 1 <= workers_within_memory(n_workers, process_bytes) <= n_workers
