"""Entries that are odd or broken among good ones, which must not suffer from it."""

import bz2
import lzma
import stat
from functools import cache, partial

from shared.errors import Fate
from shared.records import MEBIBYTE
from tests.archive_cases.case import Case
from tests.archive_cases.others import OTHERS, tar_of
from tests.archive_cases.pictures import BLUE, GREEN, RED
from tests.archive_cases.zips import (
    AES,
    BZIP2,
    DEFLATED,
    DESCRIPTOR,
    DOS,
    ENCRYPTED,
    LZMA,
    STRONG,
    Part,
    deflate,
    extra_field,
    shared_zip,
    zip64_numbers,
    zip_of,
)

FIRST, LAST = Part("first.png", RED, DEFLATED), Part("last.png", GREEN)
AROUND = {"first.png": Fate.SCORED, "last.png": Fate.SCORED}
TEXT = b"no picture, but some text that is long enough to be packed, packed, packed"
INNER_AND_OUTER = {"outer.png": Fate.OVERLAP, "inner.png": Fate.OVERLAP}
SATURATED = 0xFFFFFFFF
X = partial(Part, "x.png", BLUE)


def entry(name: str, part: Part, fate: Fate, address: str = "x.png") -> Case:
    """Give a case of one entry between two good pictures."""
    return Case(name, lambda: zip_of(FIRST, part, LAST), {**AROUND, address: fate})


def litter(path: str) -> Case:
    name = f"litter-{path.replace('/', '-')}"
    return entry(name, Part(path, BLUE), Fate.IGNORED, path)


def special(name: str, kind: int) -> Case:
    part = Part("x.png", b"/etc/passwd", attributes=(kind | 0o644) << 16)
    return entry(name, part, Fate.NOT_REGULAR)


@cache
def bomb(size: int) -> bytes:
    """20 MiB that declare another size; they begin like a picture so that they are read."""
    part = X(method=DEFLATED, data=deflate(BLUE + bytes(20 * MEBIBYTE)), size=size)
    return zip_of(FIRST, part, LAST)


def one_place(n_names: int) -> bytes:
    """Many entries, and one place where all of them are."""
    body = X(method=DEFLATED).local()
    names = (f"{n}.png" for n in range(n_names))
    start = len(FIRST.local())
    records = [Part(name, BLUE, DEFLATED, local_name=b"x.png").record(start) for name in names]
    after = [LAST.record(start + len(body))]
    return shared_zip((FIRST.local(), body, LAST.local()), (FIRST.record(0), *records, *after))


def quoted(outer: Part, inner: Part) -> bytes:
    """The inner entry is the end of the outer one, which knows nothing of it."""
    start = len(FIRST.local())
    after = start + len(outer.local())
    inner_at = after - len(inner.local())
    records = (FIRST.record(0), outer.record(start), inner.record(inner_at), LAST.record(after))
    return shared_zip((FIRST.local(), outer.local(), LAST.local()), records)


def quoted_in_data() -> bytes:
    inner = Part("inner.png", BLUE)
    return quoted(Part("outer.png", RED + inner.local()), inner)


def quoted_in_extra(n_before: int) -> bytes:
    """The inner header stands in an extra field of the outer one; the data is that of both."""
    inner = Part("inner.png", BLUE)
    hidden = bytes(n_before) + inner.local()[: -len(BLUE)]
    return quoted(Part("outer.png", BLUE, local_extra=extra_field(0xFFFF, hidden)), inner)


SOUND = (
    entry("stored", X(), Fate.SCORED),
    entry("deflated", X(method=DEFLATED), Fate.SCORED),
    entry("descriptor", X(flags=DESCRIPTOR, tail=b"PK\x07\x08" + bytes(12)), Fate.SCORED),
    entry("descriptor-bare", X(method=DEFLATED, flags=DESCRIPTOR, tail=bytes(12)), Fate.SCORED),
    entry("zip64-entry", X(size=SATURATED, extra=zip64_numbers(len(BLUE))), Fate.SCORED),
    entry("extra-field-unknown", X(extra=extra_field(0xCAFE, b"?")), Fate.SCORED),
    entry("extra-field-too-long", X(extra=extra_field(0x5455, b"?", 999)), Fate.SCORED),
    entry("extra-field-cut", X(extra=b"UT\x05"), Fate.SCORED),
    entry("extra-field-beside-its-data", X(local_extra=b"ab" * 500), Fate.SCORED),
    entry("bytes-behind-the-stream", X(method=DEFLATED, data=deflate(BLUE) + b"??"), Fate.SCORED),
    entry("odd-attributes-of-dos", X(system=DOS, attributes=0xA1FF0020), Fate.SCORED),
    entry("text", Part("x.txt", TEXT, DEFLATED), Fate.NOT_AN_IMAGE, "x.txt"),
    entry("no-content", Part("x.txt"), Fate.NOT_AN_IMAGE, "x.txt"),
)
OTHER_ARCHIVES = (
    entry("rar-inside", Part("x.rar", OTHERS["RAR"]), Fate.UNSUPPORTED_ARCHIVE, "x.rar"),
    entry("tar-inside", Part("x", tar_of(RED), DEFLATED), Fate.UNSUPPORTED_ARCHIVE, "x"),
    entry("seven-zip-inside-named-png", Part("x.png", OTHERS["7z"]), Fate.UNSUPPORTED_ARCHIVE),
    entry("seven-zip-inside-by-name", Part("x.7z", TEXT), Fate.UNSUPPORTED_ARCHIVE, "x.7z"),
    entry("picture-inside-named-tar", Part("x.tar", BLUE), Fate.SCORED, "x.tar"),
)
NO_FILE = (
    entry("folder", Part("folder/"), Fate.IGNORED, "folder/"),
    entry("folder-with-content", Part("folder/", BLUE), Fate.IGNORED, "folder/"),
    entry("folder-of-unix", Part("d", attributes=stat.S_IFDIR << 16), Fate.IGNORED, "d"),
    entry("folder-of-dos", Part("d\\", system=DOS, attributes=0x10), Fate.IGNORED, "d\\"),
    litter("__MACOSX/cats/._1.png"),
    litter("__MACOSX/1.png"),
    litter("cats/._1.png"),
    litter("cats/.DS_Store"),
    litter("Thumbs.db"),
    litter("cats/Desktop.ini"),
    litter("cats/@eaDir/1.png/SYNOPHOTO_THUMB_M.png"),
    special("link", stat.S_IFLNK),
    special("character-device", stat.S_IFCHR),
    special("block-device", stat.S_IFBLK),
    special("pipe", stat.S_IFIFO),
    special("socket", stat.S_IFSOCK),
)
METHODS = (
    entry("bzip2", X(method=BZIP2, data=bz2.compress(BLUE)), Fate.UNSUPPORTED_METHOD),
    entry("lzma", X(method=LZMA, data=lzma.compress(BLUE)), Fate.UNSUPPORTED_METHOD),
    entry(
        "bzip2-bomb-of-ten-bytes",
        X(method=BZIP2, data=bz2.compress(bytes(MEBIBYTE)), size=10),
        Fate.UNSUPPORTED_METHOD,
    ),
    entry("deflate64", X(method=9), Fate.UNSUPPORTED_METHOD),
    entry("zstandard", X(method=93), Fate.UNSUPPORTED_METHOD),
    entry("method-unknown", X(method=0xFFFF), Fate.UNSUPPORTED_METHOD),
    entry("encrypted", X(flags=ENCRYPTED), Fate.ENCRYPTED),
    entry("encrypted-strongly", X(flags=ENCRYPTED | STRONG), Fate.ENCRYPTED),
    entry("encrypted-by-aes", X(method=AES, flags=ENCRYPTED), Fate.ENCRYPTED),
    entry("aes-without-flag", X(method=AES), Fate.ENCRYPTED),
)
SIZES = (
    entry("crc-wrong", X(crc=1), Fate.CRC),
    entry("crc-wrong-deflated", X(method=DEFLATED, crc=1), Fate.CRC),
    entry("one-bit-changed", X(data=BLUE[:-1] + b"\0"), Fate.CRC),
    entry("declared-larger", X(method=DEFLATED, size=999), Fate.SIZE_MISMATCH),
    entry("declared-smaller", X(method=DEFLATED, size=70), Fate.SIZE_MISMATCH),
    entry("declared-empty", X(method=DEFLATED, size=0), Fate.SIZE_MISMATCH),
    entry("stored-larger", X(size=999), Fate.SIZE_MISMATCH),
    entry("stored-smaller", X(size=10), Fate.SIZE_MISMATCH),
    Case("bomb-of-ten-bytes", lambda: bomb(10), {**AROUND, "x.png": Fate.SIZE_MISMATCH}),
    Case("bomb-of-one-mebibyte", lambda: bomb(2**20), {**AROUND, "x.png": Fate.SIZE_MISMATCH}),
    Case("bomb-declared", lambda: bomb(20 * 2**20), {**AROUND, "x.png": Fate.TOO_LARGE}),
    entry("stream-cut", X(method=DEFLATED, data=deflate(BLUE)[:-9]), Fate.TRUNCATED),
    entry("stream-empty", X(method=DEFLATED, data=b""), Fate.TRUNCATED),
    entry("stream-not-deflate", X(method=DEFLATED, data=b"\xff" * 90), Fate.CORRUPT),
    entry("too-large", X(size=MEBIBYTE + 1), Fate.TOO_LARGE),
    entry("packed-beyond-the-file", X(packed=MEBIBYTE), Fate.CORRUPT),
    entry("largest", Part("x.png", BLUE.ljust(MEBIBYTE, b"\0"), DEFLATED), Fate.SCORED),
    entry("zip64-exabyte", X(size=SATURATED, extra=zip64_numbers(2**62)), Fate.CORRUPT),
    entry("zip64-tebibyte", X(size=SATURATED, extra=zip64_numbers(2**40)), Fate.TOO_LARGE),
    entry("zip64-number-missing", X(size=SATURATED), Fate.CORRUPT),
    entry("zip64-field-cut", X(size=SATURATED, extra=extra_field(1, b"\1\0")), Fate.CORRUPT),
)
PLACES = (
    entry("other-name-beside-data", X(local_name=b"y.png"), Fate.NAME_MISMATCH),
    entry("longer-name-beside-data", X(local_name=b"x.png.exe"), Fate.NAME_MISMATCH),
    entry("no-name-beside-data", X(local_name=b""), Fate.NAME_MISMATCH),
    entry("header-missing", X(magic=b"PK\x03\x05"), Fate.CORRUPT),
    entry("offset-behind-directory", X(offset=2**31), Fate.CORRUPT),
    Case(
        "offset-inside-another",
        lambda: zip_of(FIRST, X(offset=7), LAST),
        {**AROUND, "first.png": Fate.OVERLAP, "x.png": Fate.OVERLAP},
    ),
    entry("on-another-disk", X(disk=3), Fate.CORRUPT),
    Case(
        "all-in-one-place",
        lambda: one_place(50),
        {**AROUND, **{f"{n}.png": Fate.OVERLAP for n in range(50)}},
    ),
    Case("quoted", quoted_in_data, {**AROUND, **INNER_AND_OUTER}),
    Case("quoted-in-extra-field", lambda: quoted_in_extra(0), {**AROUND, **INNER_AND_OUTER}),
    Case(
        "quoted-in-long-extra-field",
        lambda: quoted_in_extra(500),
        {**AROUND, "outer.png": Fate.OVERLAP, "inner.png": Fate.SCORED},
    ),
    Case(
        "reaches-into-directory",
        lambda: zip_of(FIRST, LAST, X(packed=len(BLUE) + 9, size=len(BLUE) + 9)),
        {**AROUND, "x.png": Fate.CORRUPT},
    ),
)
ENTRIES = (*SOUND, *OTHER_ARCHIVES, *NO_FILE, *METHODS, *SIZES, *PLACES)
