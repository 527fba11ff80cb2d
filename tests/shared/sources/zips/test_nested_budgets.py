"""One count for all levels; each refusal says what was found, what is allowed, what to do."""

import io

import pytest

from shared.errors import Fate, SkipError
from shared.records import MEBIBYTE, Limits
from shared.sources.zips.directory import Directory, load_directory
from shared.sources.zips.end_record import end_of
from shared.sources.zips.nested import MAX_DEPTH, RATIO_COUNTS_ABOVE_BYTES, Budget
from tests.archive_cases.pictures import RED
from tests.archive_cases.zips import Part, zip_of


def declaring(*sizes: int) -> Directory:
    file = io.BytesIO(zip_of(*(Part(f"{n}", size=size) for n, size in enumerate(sizes))))
    return load_directory(file, end_of(file), 2**40)


def test_nested_archives_share_what_the_top_one_leaves() -> None:
    budget = Budget(Limits(max_unpacked_bytes=100), archive_bytes=10)
    budget.pay(declaring(40), depth=0)
    budget.pay(declaring(60), depth=1)
    with pytest.raises(SkipError) as caught:
        budget.pay(declaring(1), depth=2)
    assert caught.value.fate is Fate.BUDGET


def test_what_one_entry_holds_is_not_taken_from_another() -> None:
    top = Budget(Limits(max_unpacked_bytes=100, max_entries=3), archive_bytes=10)
    top.pay(declaring(40), depth=0)
    for budget in (top.of_entry(5), top.of_entry(5)):
        budget.pay(declaring(30, 30), depth=1)
        with pytest.raises(SkipError):
            budget.pay(declaring(0), depth=2)


def test_by_ratio_an_entry_has_the_share_that_it_takes_of_the_archive() -> None:
    top = Budget(Limits(max_ratio=2), archive_bytes=100)
    half = RATIO_COUNTS_ABOVE_BYTES // 2
    top.of_entry(50).pay(declaring(half), depth=1)
    with pytest.raises(SkipError, match="--max_ratio"):
        top.of_entry(49).pay(declaring(half), depth=1)


def test_refused_archive_costs_nothing() -> None:
    budget = Budget(Limits(max_unpacked_bytes=100), archive_bytes=10)
    budget.pay(declaring(40), depth=0)
    with pytest.raises(SkipError):
        budget.pay(declaring(61), depth=1)
    budget.pay(declaring(60), depth=1)


def test_top_archive_may_be_walked_as_far_as_it_goes() -> None:
    budget = Budget(Limits(max_unpacked_bytes=100), archive_bytes=10)
    directory = declaring(60, 40, 1)
    budget.pay(directory, depth=0)
    budget.check_member(directory, 1)
    with pytest.raises(SkipError):
        budget.check_member(directory, 2)


def test_ratio_counts_only_above_its_floor() -> None:
    budget = Budget(Limits(max_ratio=2), archive_bytes=1)
    directory = declaring(RATIO_COUNTS_ABOVE_BYTES, 1)
    budget.check_member(directory, 0)
    with pytest.raises(SkipError, match=r"allowed 256\.0\. Raise it with --max_ratio\."):
        budget.check_member(directory, 1)


def test_ratio_is_that_of_the_whole_archive() -> None:
    budget = Budget(Limits(max_ratio=2), archive_bytes=300 * MEBIBYTE)
    directory = declaring(600 * MEBIBYTE, 1)
    budget.check_member(directory, 0)
    with pytest.raises(SkipError):
        budget.check_member(directory, 1)


@pytest.mark.parametrize(
    ("limits", "option"),
    [
        (Limits(max_unpacked_bytes=1), "--max_unpacked_gb"),
        (Limits(max_entries=1), "--max_entries"),
    ],
)
def test_refusal_names_the_option(limits: Limits, option: str) -> None:
    budget = Budget(limits, archive_bytes=10)
    with pytest.raises(SkipError, match=f"allowed .* Raise it with {option}"):
        budget.pay(declaring(1, 1), depth=1)


def test_limits_may_be_switched_off() -> None:
    budget = Budget(Limits(max_ratio=float("inf"), max_unpacked_bytes=2**60), archive_bytes=1)
    budget.pay(declaring(2**31), depth=1)


def test_depth_is_refused_beyond_its_limit() -> None:
    budget = Budget(Limits(max_depth=2), archive_bytes=10)
    budget.check_depth(2)
    with pytest.raises(SkipError, match=r"nested 3 deep, allowed 2\. Raise it with --max_depth"):
        budget.check_depth(3)


def test_depth_has_an_end_even_where_the_limit_has_none() -> None:
    budget = Budget(Limits(max_depth=10**6), archive_bytes=10)
    budget.check_depth(MAX_DEPTH)
    with pytest.raises(SkipError, match="whatever is allowed"):
        budget.check_depth(MAX_DEPTH + 1)


def test_directories_are_bounded_before_they_are_read() -> None:
    file = io.BytesIO(zip_of(Part("x", RED, comment=bytes(3000)), Part("y", RED)))
    Budget(Limits(max_entries=4), 10).check_directory(end_of(file))
    with pytest.raises(SkipError, match="--max_entries"):
        Budget(Limits(max_entries=3), 10).check_directory(end_of(file))
