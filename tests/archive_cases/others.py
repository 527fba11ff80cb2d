"""Archives that are no zip: real ones where Python can make them, else how they begin."""

import bz2
import gzip
import io
import lzma
import tarfile

from tests.archive_cases.pictures import RED


def tar_of(content: bytes, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Give a tar archive of one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        entry = tarfile.TarInfo("a/1.png")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


OTHERS = {
    "7z": b"7z\xbc\xaf\x27\x1c\0\x04" + b"\x33" * 99,
    "RAR": b"Rar!\x1a\x07\x01\0" + b"\x33" * 99,
    "tar": tar_of(RED),
    "gzip": gzip.compress(RED),
    "bzip2": bz2.compress(RED),
    "XZ": lzma.compress(RED),
    "Zstandard": b"\x28\xb5\x2f\xfd\x24\0" + b"\x33" * 99,
    "LHA": b"\x20\x31-lh5-" + b"\x33" * 99,
    "CAB": b"MSCF\0\0\0\0" + b"\x33" * 99,
}
