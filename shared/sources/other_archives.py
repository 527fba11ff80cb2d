"""Archives that are no zip: nothing here reads them, and nobody is to believe they were read.

They are told by their first bytes, and by their names where those bytes say nothing.
"""

import re

from shared.errors import Fate, SkipError
from shared.names import extension

_MAGIC = {
    "a 7z archive": rb"7z\xbc\xaf\x27\x1c",
    "a RAR archive": rb"Rar!\x1a\x07",
    "a tar archive": rb".{257}ustar[ \0]",
    "packed with gzip": rb"\x1f\x8b\x08",
    "packed with bzip2": rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)",
    "packed with XZ": rb"\xfd7zXZ\0",
    "packed with Zstandard": rb"\x28\xb5\x2f\xfd",
    "an LHA archive": rb".{2}-l[hz][0-9ds]-",
    "a CAB archive": rb"MSCF\0{4}",
}
_KINDS = {kind: re.compile(magic, re.DOTALL) for kind, magic in _MAGIC.items()}
_NAMED = re.compile(
    r"\.(?:7z|rar|tar|t[gx]z|tbz2?|tzst|gz|bz2|xz|zst|lzma|lz4|lzh|lha|cab|arj|ace|sitx?|iso"
    r"|cb[7rt])"
)


def other_archive(name: str, head: bytes) -> str:
    """Say what kind of archive a file is, other than zip; empty where it is none of those.

    Parameters
    ----------
    name : str
        The file's name or path; only its extension counts, and only where its bytes say nothing.
    head : bytes
        Its first `HEAD_BYTES` bytes, or all of them where it is shorter.
    """
    if found := next((kind for kind, magic in _KINDS.items() if magic.match(head)), ""):
        return found
    suffix = extension(name).lower()
    return f"a {suffix} file" if _NAMED.fullmatch(suffix) else ""


def check_no_other_archive(name: str, head: bytes) -> None:
    """Raise `SkipError` with the fate ``unsupported_archive`` for an archive that is no zip."""
    if kind := other_archive(name, head):
        raise SkipError(Fate.UNSUPPORTED_ARCHIVE, f"{kind}; zip is read")
