"""Archives that are odd or broken as a whole: not zip, cut off, ambiguous, too many entries."""

import gzip
from functools import cache

from shared.errors import Fate
from tests.archive_cases.case import ITSELF, Case, refused
from tests.archive_cases.others import OTHERS, tar_of
from tests.archive_cases.pictures import BLUE, GREEN, RED
from tests.archive_cases.zips import DEFLATED, Ending, Ending64, Part, zip_of

TWO = (Part("a.png", RED), Part("b/c.png", GREEN, DEFLATED))
BOTH = {"a.png": Fate.SCORED, "b/c.png": Fate.SCORED}
JUNK = b"MZ, say: a program that unpacks itself." * 50


@cache
def good() -> bytes:
    return zip_of(*TWO)


def without(place: int, n_bytes: int = 1) -> bytes:
    """Give the good archive without some of its bytes."""
    return good()[:place] + good()[place + n_bytes :]


def with_bytes(place: int, patch: bytes) -> bytes:
    """Give the good archive with some of its bytes replaced."""
    return good()[:place] + patch + good()[place + len(patch) :]


def directory_at() -> int:
    return good().index(b"PK\x01\x02")


def crowded(n_entries: int, comment: bytes = b"") -> bytes:
    return zip_of(*(Part(f"{n}.txt", comment=comment) for n in range(n_entries)))


def other(name: str, content: bytes, file_name: str) -> Case:
    return Case(name, lambda: content, {ITSELF: Fate.UNSUPPORTED_ARCHIVE}, file_name)


def ambiguous(hidden: bytes) -> bytes:
    return zip_of(*TWO, ending=Ending(comment=hidden))


def cut_behind_nested() -> bytes:
    """The nested archive is whole, and must not pass for the one that was cut."""
    outer = zip_of(Part("a.png", RED), Part("in.zip", good()), Part("b.png", BLUE))
    return outer[: outer.index(good()) + len(good()) + 40]


NOT_ZIP = (
    refused("empty-file", lambda: b"", Fate.NOT_A_ZIP),
    refused("one-byte", lambda: b"P", Fate.NOT_A_ZIP),
    refused("web-page", lambda: b"<!DOCTYPE html><title>404</title>" * 9, Fate.NOT_A_ZIP),
    refused("rar", lambda: OTHERS["RAR"], Fate.NOT_A_ZIP),
    refused("seven-zip", lambda: OTHERS["7z"], Fate.NOT_A_ZIP),
    refused("picture-named-zip", lambda: RED, Fate.NOT_A_ZIP),
    refused("zeros", lambda: bytes(100_000), Fate.NOT_A_ZIP),
)
OTHER_KINDS = (
    other("seven-zip-of-any-name", OTHERS["7z"], "hostile"),
    other("seven-zip-by-name", b"neither", "hostile.7z"),
    other("rar-named-so", OTHERS["RAR"], "hostile.rar"),
    other("tar-with-a-zip-at-its-end", tar_of(zip_of(*TWO)), "hostile.tar"),
    other("tar-packed", gzip.compress(tar_of(zip_of(*TWO))), "hostile.tgz"),
)
CUT_OFF = (
    refused("half-a-file", lambda: good()[: len(good()) // 2], Fate.TRUNCATED),
    refused("only-a-magic", lambda: b"PK\x03\x04", Fate.TRUNCATED),
    refused("first-byte-missing", lambda: without(0), Fate.TRUNCATED),
    refused("byte-missing-in-data", lambda: without(50), Fate.TRUNCATED),
    refused("byte-missing-in-directory", lambda: without(directory_at() + 50), Fate.TRUNCATED),
    refused("last-byte-missing", lambda: good()[:-1], Fate.TRUNCATED),
    refused("end-missing", lambda: good()[:-22], Fate.TRUNCATED),
    refused("cut-behind-a-nested-archive", cut_behind_nested, Fate.TRUNCATED),
    refused("last-of-three-disks", lambda: zip_of(*TWO, ending=Ending(disk=2)), Fate.TRUNCATED),
    Case("comment-cut", lambda: zip_of(*TWO, ending=Ending(comment_bytes=9)), BOTH),
)

ACCEPTED = (
    Case("plain", good, BOTH),
    Case("comic-book", good, BOTH, "hostile.cbz"),
    Case("upper-case-extension", good, BOTH, "HOSTILE.ZIP"),
    Case("no-extension", good, BOTH, "hostile"),
    Case("no-entries", zip_of, {}),
    Case("comment", lambda: zip_of(*TWO, ending=Ending(comment=b"hello" * 99)), BOTH),
    Case("longest-comment", lambda: zip_of(*TWO, ending=Ending(comment=b"c" * 65_535)), BOTH),
    Case("junk-before", lambda: JUNK + good(), BOTH),
    Case("junk-before-and-known", lambda: JUNK + zip_of(*TWO, start=len(JUNK)), BOTH),
    Case("junk-after", lambda: good() + JUNK, BOTH),
    Case("junk-before-and-after", lambda: JUNK + good() + JUNK, BOTH),
    Case("magic-in-comment", lambda: ambiguous(b"PK\x05\x06 and so on, and so on"), BOTH),
    Case("junk-after-with-magic", lambda: good() + JUNK + b"PK\x05\x06" + b"\xff" * 30, BOTH),
    Case("junk-after-like-no-entries", lambda: good() + JUNK + zip_of() + JUNK, BOTH),
    Case("fewer-declared", lambda: zip_of(*TWO, ending=Ending(n_entries=1)), BOTH),
    Case("zip64", lambda: zip_of(*TWO, ending=Ending64()), BOTH),
    Case("zip64-not-needed", lambda: zip_of(*TWO, ending=Ending64(narrow=Ending())), BOTH),
    Case("zip64-junk-before", lambda: JUNK + zip_of(*TWO, ending=Ending64()), BOTH),
)
AMBIGUOUS = (
    refused("empty-zip-in-comment", lambda: ambiguous(zip_of()), Fate.CORRUPT),
    refused("zip-in-comment", lambda: ambiguous(zip_of(Part("z.png", BLUE))), Fate.CORRUPT),
    refused("two-joined", lambda: zip_of(Part("z.png", BLUE)) + good(), Fate.CORRUPT),
    refused(
        "zip64-locator-elsewhere", lambda: zip_of(*TWO, ending=Ending64(astray=-9)), Fate.CORRUPT
    ),
    refused(
        "zip64-record-missing",
        lambda: zip_of(*TWO, ending=Ending64(magic=b"PK\x06\x08")),
        Fate.CORRUPT,
    ),
    refused(
        "zip64-disagrees",
        lambda: zip_of(*TWO, ending=Ending64(narrow=Ending(n_entries=1))),
        Fate.CORRUPT,
    ),
    refused(
        "zip64-declares-more",
        lambda: zip_of(*TWO, ending=Ending64(extra_entries=2**40)),
        Fate.CORRUPT,
    ),
    refused("more-declared", lambda: zip_of(*TWO, ending=Ending(n_entries=3)), Fate.CORRUPT),
    refused("none-there", lambda: Ending().pack(2, 0, 0), Fate.CORRUPT),
    refused("directory-elsewhere", lambda: zip_of(*TWO, ending=Ending(size=50)), Fate.CORRUPT),
    refused("offset-too-far", lambda: zip_of(*TWO, ending=Ending(offset=2**31)), Fate.TRUNCATED),
    refused("directory-magic-damaged", lambda: with_bytes(directory_at() + 51, b"?"), Fate.CORRUPT),
    refused(
        "directory-name-too-long",
        lambda: with_bytes(directory_at() + 28, b"\xff\xff"),
        Fate.CORRUPT,
    ),
)
CROWDED = (
    refused("too-many-entries", lambda: crowded(1001), Fate.BUDGET),
    refused("too-large-a-directory", lambda: crowded(17, b"c" * 65_535), Fate.BUDGET),
    Case(
        "as-many-entries-as-allowed",
        lambda: crowded(1000),
        {f"{n}.txt": Fate.NOT_AN_IMAGE for n in range(1000)},
    ),
)
WHOLE = (*NOT_ZIP, *OTHER_KINDS, *CUT_OFF, *ACCEPTED, *AMBIGUOUS, *CROWDED)
