"""What a container's listing says about its entries: which are litter, and one spelling for each.

Archives and folders share these rules, so that the same files get the same fates from either.
"""

import re
from collections.abc import Iterable
from itertools import count

from shared.names import NESTED, storable

LITTER_FOLDERS = frozenset({"__macosx", "@eadir"})
LITTER_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_SEPARATORS = re.compile(r"[/\\]")


def is_litter(path: str) -> bool:
    """Tell what operating systems leave behind beside people's files, by its path."""
    *folders, name = _SEPARATORS.split(path.rstrip("/\\").lower())
    return (
        name.startswith("._")
        or name in LITTER_FILES
        or name in LITTER_FOLDERS
        or not LITTER_FOLDERS.isdisjoint(folders)
    )


def spelling(name: str) -> str:
    """Spell an entry's name for its address: storable, and without the mark of a nested archive."""
    return storable(name).replace(NESTED, "%21/")


def respelled(names: Iterable[str]) -> dict[int, str]:
    """Find a spelling of its own for each entry that is spelled like an earlier one.

    Parameters
    ----------
    names : iterable of str
        The `spelling` of each entry, in the order of the listing.

    Returns
    -------
    dict of int to str
        From index to spelling, only where it differs: the second ``1.png`` is ``1.png#2``, unless
        some entry is really called so.

    Examples
    --------
    >>> respelled(["1.png", "1.png", "1.png#2"])
    {1: '1.png#3'}
    """
    taken: set[str] = set()
    repeated: list[tuple[int, str]] = []
    for index, name in enumerate(names):
        if name in taken:
            repeated.append((index, name))
        taken.add(name)
    # One counter per name: a listing of one name 100,000 times must not take quadratic time.
    numbers = {name: count(2) for _, name in repeated}
    fresh = {}
    for index, name in repeated:
        fresh[index] = next(s for n in numbers[name] if (s := f"{name}#{n}") not in taken)
        taken.add(fresh[index])
    return fresh
