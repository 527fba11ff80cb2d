"""Identity of pixels and of bytes. Nothing here opens a file or decodes a picture."""

import hashlib
from collections.abc import Iterable


def pixel_hash(pixels: bytes | memoryview) -> str:
    """Image hash of raw pixels: 128 lower-case hex digits of BLAKE2b.

    Parameters
    ----------
    pixels : bytes, or contiguous memoryview of bytes
        The pixels in the mode in which the picture was decoded, as ``Image.tobytes()`` gives them.
        Size and mode are not part of the hash: this is the format of users' existing metadata.

    Examples
    --------
    >>> pixel_hash(b"")[:16]
    '786a02f742015903'
    """
    return hashlib.blake2b(pixels).hexdigest()


def pixel_hash_of_strips(strips: Iterable[bytes]) -> str:
    """Image hash of raw pixels that come in strips of whole rows, from the top."""
    digest = hashlib.blake2b()
    for strip in strips:
        digest.update(strip)
    return digest.hexdigest()


def content_digest(content: bytes) -> bytes:
    """SHA-256 of a file's bytes, 32 bytes long.

    It stands for the file in every cache, so it has to be cryptographic: a stranger must not be
    able to make one picture pass for another. SHA-256 runs in hardware on current processors, is
    in the standard library, and anybody can recompute it with ``sha256sum``.
    """
    return hashlib.sha256(content).digest()
