"""Names that mislead, that collide, and that were written in many character sets."""

import unicodedata

from shared.errors import Fate
from tests.archive_cases.case import Case
from tests.archive_cases.pictures import BLUE, GREEN, RED
from tests.archive_cases.zips import UTF8, Part, unicode_path, zip_of

PICTURES = (RED, GREEN, BLUE)


def named(case: str, *names: str | bytes | Part, expect: tuple[str, ...] = ()) -> Case:
    """Give a case of pictures of these names, all scored at addresses that end as expected."""
    parts = [n if isinstance(n, Part) else Part(n, PICTURES[i % 3]) for i, n in enumerate(names)]
    addresses = expect or tuple(n for n in names if isinstance(n, str))
    assert len(addresses) == len(names), f"{case}: an address for each name"
    return Case(case, lambda: zip_of(*parts), dict.fromkeys(addresses, Fate.SCORED))


SAME = (
    named("same-name", "1.png", "1.png", expect=("1.png", "1.png#2")),
    named("same-name-thrice", *["1.png"] * 3, expect=("1.png", "1.png#2", "1.png#3")),
    named(
        "same-name-and-rival", "1.png", "1.png#2", "1.png", expect=("1.png", "1.png#2", "1.png#3")
    ),
    named(
        "same-name-and-later-rival",
        *("1.png", "1.png", "1.png#2"),
        expect=("1.png", "1.png#3", "1.png#2"),
    ),
    named("differ-in-case", "cat.png", "CAT.PNG", "Cat.png"),
    named(
        "differ-in-unicode-form",
        *(unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD")),
    ),
    named("same-escaped", "a\0.png", "a\\x00.png", expect=("a\\x00.png", "a\\x5cx00.png")),
    named("like-nested", "in.zip!/1.png", expect=("in.zip%21/1.png",)),
)
PATHS = (
    named("parent-folders", "../../../../tmp/1.png", "..\\..\\1.png", "a/../../1.png"),
    named("absolute", "/etc/1.png", "//server/share/1.png"),
    named("drive", "C:\\Windows\\1.png", "C:1.png", "\\\\?\\C:\\1.png"),
    named("dots", ".", "..", "..."),
    named("no-name", b"", expect=("",)),
    named("reserved", "CON.png", "nul", "aux.jpg.png", "LPT1.png"),
    named("shell", "$(reboot).png", "`id`.png", "-rf", "~", "*.png", "a;b|c&d.png"),
    named("formula", "=1+1.png", "@SUM(1).png", "+1.png"),
    named("deep", "d/" * 2000 + "1.png"),
    named("300-bytes", "n" * 296 + ".png"),
    named("65535-bytes", "n" * 65_531 + ".png"),
    named("alternate-stream", "1.png:stream", "1.png::$DATA"),
)
CONTROLS = (
    named("nul", "1.png\0.exe", expect=("1.png\\x00.exe",)),
    named("newline", "1\n2.png", "1\r\n2.png"),
    named("escape-sequence", "\x1b[2J\x1b]0;title\x07.png"),
    named("right-to-left", "\u202egnp.1.exe", "a\u200bb.png", "\ufeff1.png"),
    named("line-separators", "a\u2028b\u2029c\x85.png"),
    named("control-bytes", b"\x01\x02\x7f.png", expect=("\x01\x02\x7f.png",)),
    named("emoji", "🐈‍⬛.png", "👩🏽‍🚀.png"),
)
CHARSETS = (
    named("utf8-unflagged", "猫.png".encode(), expect=("猫.png",)),
    named("utf8-unflagged-and-ascii", "1.png", "ü.png".encode(), expect=("1.png", "ü.png")),
    named(
        "utf8-flagged-and-not",
        Part(b"caf\x82.png", RED, flags=UTF8),
        "2.png",
        expect=("café.png", "2.png"),
    ),
    named(
        "surrogates-flagged-utf8",
        Part(b"\xed\xa0\x80.png", RED, flags=UTF8),
        expect=("эаА.png",),
    ),
    named(
        "unicode-path",
        Part(b"?.png", RED, extra=unicode_path(b"?.png", "猫.png")),
        expect=("猫.png",),
    ),
    named(
        "unicode-path-of-another-name",
        Part(b"1.png", RED, extra=unicode_path(b"2.png", "猫.png")),
        expect=("1.png",),
    ),
)


def encoded(charset: str, *names: str) -> Case:
    """Give a case of names in an old character set, which is to be found out."""
    return named(charset, *(name.encode(charset) for name in names), expect=names)


OLD_CHARSETS = (
    encoded("cp932", "写真/猫.png", "写真/テスト画像 1.png", "スクリーンショット.png"),
    encoded("gbk", "照片/猫.png", "照片/测试图片 1.png", "模板.png"),
    encoded("cp866", "фото/Кошка.png", "фото/КОШКА 1.png", "Новая папка/ёж.png"),
    encoded("cp437", "café.png", "Mädchen/schön.png", "crème brûlée.png", "año.png"),
    named(
        "nothing-fits-all",
        *(b"caf\x82.png", "写真.png".encode("cp932")),
        expect=("café.png", "写真.png".encode("cp932").decode("cp437")),
    ),
)
NAMES = (*SAME, *PATHS, *CONTROLS, *CHARSETS, *OLD_CHARSETS)
