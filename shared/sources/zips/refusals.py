"""Which entries are refused by what the directory says of them, before anything is read."""

from stat import S_IFDIR, S_IFMT, S_IFREG

from shared.errors import Fate, SkipError
from shared.names import is_litter
from shared.records import MEBIBYTE
from shared.sources.zips.directory import DEFLATED, ENCRYPTED_FLAGS, STORED, Entry

_UNIX_SYSTEMS = frozenset({3, 19})
_DOS_DIRECTORY = 0x10
_METHODS = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    12: "bzip2",
    14: "LZMA",
    20: "Zstandard",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
    99: "AES",
}
_AES = 99


def check_entry(entry: Entry, max_member_bytes: int) -> None:
    """Let only entries through that may be read; raise `SkipError` for the others."""
    kind = _kind(entry)
    if _is_directory(entry, kind) or is_litter(entry.name):
        raise SkipError(Fate.IGNORED, "")
    if kind not in (0, S_IFREG):
        raise SkipError(Fate.NOT_REGULAR, "a symbolic link, a device or the like, no plain file")
    if not entry.sound:
        raise SkipError(Fate.CORRUPT, "its size or place in the directory makes no sense")
    if entry.flags & ENCRYPTED_FLAGS or entry.method == _AES:
        raise SkipError(Fate.ENCRYPTED, "needs a password; unpack it yourself")
    if entry.method not in (STORED, DEFLATED):
        method = _METHODS.get(entry.method, f"method {entry.method}")
        raise SkipError(
            Fate.UNSUPPORTED_METHOD, f"packed with {method}; only store and deflate are read"
        )
    _check_extent(entry, max_member_bytes)


def _check_extent(entry: Entry, max_member_bytes: int) -> None:
    n_bytes = max(entry.size, entry.packed)
    if n_bytes > max_member_bytes:
        raise SkipError(
            Fate.TOO_LARGE,
            f"{n_bytes / MEBIBYTE:,.1f} MiB, allowed {max_member_bytes / MEBIBYTE:,.1f}. "
            "Raise it with --max_member_mb.",
        )
    if entry.overlaps:
        raise SkipError(Fate.OVERLAP, "shares bytes of its archive with another entry")


def _kind(entry: Entry) -> int:
    return S_IFMT(entry.attributes >> 16) if entry.system in _UNIX_SYSTEMS else 0


def _is_directory(entry: Entry, kind: int) -> bool:
    marked = kind == S_IFDIR or (entry.attributes & _DOS_DIRECTORY and not entry.size)
    return bool(marked) or entry.name.endswith("/")
