"""Archives in archives: sound ones, broken ones, too deep, too many, too large."""

from dataclasses import replace

from shared.errors import Fate
from shared.records import MEBIBYTE
from tests.archive_cases.case import ITSELF, Case, Fates
from tests.archive_cases.pictures import BLUE, GREEN, RED
from tests.archive_cases.zips import (
    DEFLATED,
    ENCRYPTED,
    Ending64,
    Part,
    deflate,
    zip_of,
)

INNER = zip_of(Part("1.png", BLUE), Part("2.png", GREEN, DEFLATED))
LAST = Part("last.png", RED)


def nested(name: str, content: bytes, fates: Fates, file_name: str = "in.zip") -> Case:
    """Give a case of one archive in another, between a good one and a picture.

    ``fates`` are those of its members, or `ITSELF` alone where it does not open.
    """
    good = {
        "good.zip": Fate.ARCHIVE,
        "good.zip!/1.png": Fate.SCORED,
        "good.zip!/2.png": Fate.SCORED,
    }
    own = {f"{file_name}!/{address}": fate for address, fate in fates.items()}
    if ITSELF in fates:
        own = {file_name: fates[ITSELF]}
    else:
        own[file_name] = Fate.ARCHIVE
    parts = (Part("good.zip", INNER, DEFLATED), Part(file_name, content, DEFLATED), LAST)
    return Case(f"nested-{name}", lambda: zip_of(*parts), {**good, **own, "last.png": Fate.SCORED})


def deep(name: str, depth: int, allowed: int = 3) -> Case:
    """Give a case of archives that each hold a picture and the next archive, nested so deep."""
    fates = {"1.png": Fate.SCORED}
    for level in range(1, min(depth, allowed) + 1):
        address = "!/".join(["in.zip"] * level)
        fates |= {address: Fate.ARCHIVE, f"{address}!/1.png": Fate.SCORED}
    if depth > allowed:
        fates["!/".join(["in.zip"] * (allowed + 1))] = Fate.BUDGET
    return Case(name, lambda: chain(depth), fates)


def chain(depth: int) -> bytes:
    content = zip_of(Part("1.png", BLUE))
    for _ in range(depth):
        content = zip_of(Part("1.png", BLUE), Part("in.zip", content))
    return content


def texts(n_members: int) -> dict[str, Fate]:
    return {f"{n}.txt": Fate.NOT_AN_IMAGE for n in range(n_members)}


def crowded(n_members: int) -> bytes:
    return zip_of(*(Part(name) for name in texts(n_members)))


def zeros(n_members: int) -> tuple[Part, ...]:
    """Give members of one mebibyte each that pack to a kilobyte."""
    one = Part("", bytes(MEBIBYTE), DEFLATED)
    packed = replace(one, content=b"", data=one.all_data, size=MEBIBYTE, crc=one.numbers[0])
    return tuple(replace(packed, name=name) for name in texts(n_members))


def of_two(first: bytes, second: bytes) -> bytes:
    return zip_of(Part("a.zip", first, DEFLATED), Part("b.zip", second, DEFLATED), LAST)


BOTH = {"1.png": Fate.SCORED, "2.png": Fate.SCORED}
ONE_BAD = zip_of(Part("1.png", BLUE, crc=1), Part("2.png", GREEN))

OPENED = (
    nested("plain", INNER, BOTH),
    nested("comic-book", INNER, BOTH, "in.cbz"),
    nested("told-by-content", INNER, BOTH, "in.docx"),
    nested("no-entries", zip_of(), {}),
    nested("in-a-folder", INNER, BOTH, "a/b/in.zip"),
    nested("parent-folders", INNER, BOTH, "../../in.zip"),
    nested("junk-before", b"junk" * 99 + INNER, BOTH),
    nested("zip64", zip_of(Part("1.png", BLUE), ending=Ending64()), {"1.png": Fate.SCORED}),
    nested("bad-member", ONE_BAD, {"1.png": Fate.CRC, "2.png": Fate.SCORED}),
    nested("encrypted-member", zip_of(Part("1.png", flags=ENCRYPTED)), {"1.png": Fate.ENCRYPTED}),
    nested("litter-in-it", zip_of(Part("__MACOSX/._1.png")), {"__MACOSX/._1.png": Fate.IGNORED}),
    deep("three-deep", 3),
    Case(
        "nested-same-name",
        lambda: zip_of(Part("in.zip", INNER), Part("in.zip", INNER)),
        {
            f"{archive}{member}": fate
            for archive in ("in.zip", "in.zip#2")
            for member, fate in (("", Fate.ARCHIVE), *((f"!/{m}", f) for m, f in BOTH.items()))
        },
    ),
    Case(
        "nested-and-like-nested",
        lambda: zip_of(Part("in.zip!/1.png", RED), Part("in.zip", INNER)),
        {
            "in.zip%21/1.png": Fate.SCORED,
            "in.zip": Fate.ARCHIVE,
            **{f"in.zip!/{member}": fate for member, fate in BOTH.items()},
        },
    ),
)
REFUSED = (
    nested("text", b"no archive at all", {ITSELF: Fate.NOT_A_ZIP}),
    nested("picture", BLUE, {ITSELF: Fate.NOT_A_ZIP}),
    nested("empty", b"", {ITSELF: Fate.NOT_A_ZIP}),
    nested("half", INNER[: len(INNER) // 2], {ITSELF: Fate.TRUNCATED}),
    nested("half-told-by-content", INNER[:99], {ITSELF: Fate.TRUNCATED}, "in.docx"),
    nested("byte-missing", INNER[1:], {ITSELF: Fate.TRUNCATED}),
    nested("two-joined", INNER + INNER, {ITSELF: Fate.CORRUPT}),
    nested("litter", INNER, {ITSELF: Fate.IGNORED}, "._in.zip"),
    nested("junk-before-unnamed", b"junk" + INNER, {ITSELF: Fate.NOT_AN_IMAGE}, "in.txt"),
    Case(
        "nested-crc",
        lambda: zip_of(Part("in.zip", INNER, crc=1), LAST),
        {"in.zip": Fate.CRC, "last.png": Fate.SCORED},
    ),
    Case(
        "nested-cut-in-its-archive",
        lambda: zip_of(Part("in.zip", INNER, DEFLATED, data=deflate(INNER)[:-20]), LAST),
        {"in.zip": Fate.TRUNCATED, "last.png": Fate.SCORED},
    ),
)
TOO_MUCH = (
    deep("four-deep", 4),
    deep("fifty-deep", 50),
    nested("too-large", INNER.rjust(2 * MEBIBYTE, b"\0"), {ITSELF: Fate.TOO_LARGE}),
    nested("too-many", crowded(1001), {ITSELF: Fate.BUDGET}),
    nested("zeros", zip_of(*zeros(300)), {ITSELF: Fate.BUDGET}),
    Case(
        "nested-too-many-together",
        lambda: zip_of(Part("in.zip", of_two(crowded(600), crowded(600))), LAST),
        {
            "in.zip": Fate.ARCHIVE,
            "in.zip!/a.zip": Fate.ARCHIVE,
            **{f"in.zip!/a.zip!/{name}": fate for name, fate in texts(600).items()},
            "in.zip!/b.zip": Fate.BUDGET,
            "in.zip!/last.png": Fate.SCORED,
            "last.png": Fate.SCORED,
        },
    ),
    Case(
        "nested-many-beside-each-other",
        lambda: of_two(crowded(600), crowded(600)),
        {
            **dict.fromkeys(("a.zip", "b.zip"), Fate.ARCHIVE),
            **{f"{n}.zip!/{name}": fate for n in "ab" for name, fate in texts(600).items()},
            "last.png": Fate.SCORED,
        },
    ),
    Case(
        "nested-too-much-together",
        lambda: of_two(zip_of(*zeros(150)), zip_of(*zeros(150))),
        {"a.zip": Fate.BUDGET, "b.zip": Fate.BUDGET, "last.png": Fate.SCORED},
    ),
    Case(
        "ratio",
        lambda: zip_of(Part("first.png", BLUE), *zeros(300), LAST),
        {"first.png": Fate.SCORED, **texts(255), "last.png": Fate.BUDGET}
        | {f"{n}.txt": Fate.BUDGET for n in range(255, 300)},
    ),
)
NESTING = (*OPENED, *REFUSED, *TOO_MUCH)
