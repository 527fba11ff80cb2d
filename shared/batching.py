"""A stream into lists, bounded by count and by weight, and a listing asked for page by page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Position = TypeVar("Position")


def iter_batches(
    items: Iterable[Item],
    max_items: int,
    max_weight: float = float("inf"),
    weight: Callable[[Item], float] = lambda _: 0,
) -> Iterator[list[Item]]:
    """Yield lists of at most ``max_items`` items that weigh at most ``max_weight`` together.

    An item that alone weighs more than ``max_weight`` is yielded in a list of its own. No list is
    empty, and the order is kept.

    Examples
    --------
    >>> list(iter_batches("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    batch: list[Item] = []
    total = 0.0
    for item in items:
        extra = weight(item)
        if batch and total + extra > max_weight:
            yield batch
            batch, total = [], 0.0
        batch.append(item)
        total += extra
        if len(batch) >= max_items:
            yield batch
            batch, total = [], 0.0
    if batch:
        yield batch


def iter_pages(
    ask: Callable[[Position], Sequence[Item]],
    start: Position,
    position: Callable[[Item], Position],
) -> Iterator[Sequence[Item]]:
    """Yield the pages of a listing until one is empty.

    Parameters
    ----------
    ask : callable
        Gives the page after a position.
    start : position
        The one before the first item.
    position : callable
        Tells an item's position, by which the next page is asked for.

    Examples
    --------
    >>> list(iter_pages(lambda after: [1, 2, 3, 4, 5][after : after + 2], 0, lambda item: item))
    [[1, 2], [3, 4], [5]]
    """
    after = start
    while page := ask(after):
        yield page
        after = position(page[-1])
