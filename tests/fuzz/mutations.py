"""Damage to bytes: the same seed always does the same, and one function serves every format."""

from collections.abc import Callable
from random import Random

N_STROKES = (1, 1, 1, 2, 4)
"""To choose from: one stroke gets past the first checks more often than many."""
MAX_SPAN_BYTES = 64
_EDGES = (0, 1, 0x7F, 0x80, 0xFF)
_LENGTHS = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)


def mutations(data: bytes, seed: int) -> bytes:
    """Return a damaged copy of some bytes.

    Parameters
    ----------
    data : bytes
        A good file.
    seed : int
        Which of the endless ways to damage it.

    Returns
    -------
    bytes
        A copy after one to four strokes: bits flipped, bytes set to edge values, spans removed,
        doubled, exchanged or overwritten from elsewhere in the file, numbers made extreme, the end
        cut off. It can turn out equal to the original.
    """
    random = Random(seed)
    damaged = bytearray(data)
    for _ in range(random.choice(N_STROKES)):
        random.choice(_STROKES)(damaged, random)
    return bytes(damaged)


def _flip(data: bytearray, random: Random) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _edge(data: bytearray, random: Random) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice(_EDGES)


def _number(data: bytearray, random: Random) -> None:
    n_bytes = random.choice((2, 4, 8))
    start = random.randrange(len(data) + 1)
    number = random.choice(_LENGTHS) % 2 ** (8 * n_bytes)
    data[start : start + n_bytes] = number.to_bytes(n_bytes, random.choice(("little", "big")))


def _remove(data: bytearray, random: Random) -> None:
    del data[_span(data, random)]


def _double(data: bytearray, random: Random) -> None:
    span = _span(data, random)
    data[span.start : span.start] = data[span]


def _insert(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data) + 1)
    data[start:start] = random.randbytes(random.randint(1, 8))


def _transplant(data: bytearray, random: Random) -> None:
    piece = data[_span(data, random)]
    start = random.randrange(len(data) + 1)
    data[start : start + len(piece)] = piece


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data) + 1) :]


def _span(data: bytearray, random: Random) -> slice:
    start = random.randrange(len(data) + 1)
    return slice(start, start + random.randint(1, MAX_SPAN_BYTES))


# Cutting off the end hides what comes after it, so it has a small share.
_STROKES: tuple[Callable[[bytearray, Random], None], ...] = (
    *(2 * (_flip, _edge, _number, _remove, _double, _insert, _transplant)),
    _cut,
)
