"""Tiny real pictures, written by hand so that a case needs no decoder."""

import struct
import zlib


def png(red: int, green: int, blue: int, side: int = 2) -> bytes:
    """Give a PNG of one colour."""
    header = struct.pack(">2L5B", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes((red, green, blue)) * side) * side
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">L", len(content)) + body + struct.pack(">L", zlib.crc32(body))


RED, GREEN, BLUE = png(200, 30, 30), png(30, 200, 30), png(30, 30, 200)
PICTURES = (RED, GREEN, BLUE)
