"""Names as text: Unicode first, then the one old character set that fits them all."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sources.zips.charsets import Charset, charset_of
from shared.sources.zips.listing import RawName
from tests.archive_cases.zips import unicode_path

JAPANESE = (
    "写真",
    "猫",
    "テスト画像",
    "スクリーンショット",
    "新しいフォルダー",
    "東京 2020",
    "B面",
)
CHINESE = ("照片", "测试图片", "模板", "联通", "新建文件夹", "第1话", "中国")
RUSSIAN = ("фото", "Кошка", "КОШКА", "Новая папка", "ёж", "рисунок 1", "Яндекс")
WESTERN = (
    *("café", "Mädchen", "schön", "über", "Ångström", "año", "père", "château", "créée", "naïve"),
    *("Öl", "été", "à côté", "Straße", "piñata", "señor é", "Æsop", "hôtel"),
)


def raw(*names: bytes) -> list[RawName]:
    return [RawName(name, flagged=False, extra=b"") for name in names]


@pytest.mark.parametrize(
    ("charset", "names"), [("cp932", JAPANESE), ("gbk", CHINESE), ("cp866", RUSSIAN)]
)
def test_old_charset_is_found_from_all_names(charset: str, names: tuple[str, ...]) -> None:
    coded = raw(*(f"{name}.png".encode(charset) for name in names))
    found = charset_of(coded)
    assert [found.text(name) for name in coded] == [f"{name}.png" for name in names]


@pytest.mark.parametrize("name", WESTERN)
def test_accents_of_the_standard_charset_are_not_mistaken(name: str) -> None:
    (coded,) = raw(f"{name} 1.png".encode("cp437"))
    assert charset_of([coded]).text(coded) == f"{name} 1.png"


@pytest.mark.parametrize("name", ["写真", "テスト", "照片", "фото", "カフェ"])
def test_one_name_of_a_few_letters_can_be_enough(name: str) -> None:
    charset = "gbk" if name == "照片" else "cp866" if name == "фото" else "cp932"
    (coded,) = raw(f"{name}.png".encode(charset))
    assert charset_of([coded]).text(coded) == f"{name}.png"


@pytest.mark.parametrize("name", ["模", "联通"])
def test_old_name_that_happens_to_be_utf8_goes_with_the_others(name: str) -> None:
    """The second is a known one: it was taken for UTF-8 by an editor for years."""
    coded = raw(*(f"{text}.png".encode("gbk") for text in (name, "照片", "测试图片")))
    assert charset_of(coded).text(coded[0]) == f"{name}.png"


def test_utf8_names_beside_old_ones_are_read_as_utf8() -> None:
    coded = raw("猫のテスト画像 №1.png".encode(), b"caf\x82.png")
    found = charset_of(coded)
    assert [found.text(name) for name in coded] == ["猫のテスト画像 №1.png", "café.png"]


def test_plain_and_flagged_names_have_no_say() -> None:
    flagged = RawName("фото".encode(), flagged=True, extra=b"")
    assert charset_of([flagged, *raw(b"a.png", b"b.png")]) == Charset()


def test_unicode_field_has_the_last_word() -> None:
    name = RawName(b"\x8e\xca.png", flagged=False, extra=unicode_path(b"\x8e\xca.png", "猫.png"))
    assert Charset("cp932").text(name) == "猫.png"


@pytest.mark.parametrize("name", [b"\x80" * 65_535, b"a\x80" * 30_000, b"\x80" * 60_000 + b"a"])
def test_long_names_take_linear_time(name: bytes) -> None:
    started = time.process_time()
    charset_of(raw(*[name] * 20))
    assert time.process_time() - started < 2


@given(st.lists(st.tuples(st.binary(max_size=9), st.booleans(), st.binary(max_size=9)), max_size=5))
def test_any_bytes_become_text_that_utf8_can_write(names: list[tuple[bytes, bool, bytes]]) -> None:
    coded = [RawName(*name) for name in names]
    found = charset_of(coded)
    assert all(found.text(name).encode() is not None for name in coded)


@given(st.text(st.characters(max_codepoint=0x7F), min_size=1))
def test_ascii_stays_as_it_is(name: str) -> None:
    for charset in (Charset(), Charset("cp932", trusts_utf8=False), Charset("gbk")):
        assert charset.text(RawName(name.encode(), flagged=False, extra=b"")) == name
