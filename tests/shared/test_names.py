"""Whatever strangers call their files, names come out fit for where they appear."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.names import (
    MAX_FILE_NAME_BYTES,
    address_below,
    base_name,
    container_address,
    extension,
    file_name,
    is_litter,
    member_address,
    printable,
    respelled,
    spelling,
    storable,
    storable_label,
    unspelled,
)

ANY = st.text(st.characters(), max_size=150)  # lone surrogates too
NASTY = st.text("conCON1\u00b9. ~_/\\:\t\x1b\u202e\u00e9\U0001f600\udc80", max_size=12)
NAMES = ANY | NASTY
DIGITS = st.text("0123456789abcdef", max_size=64)
STEERING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
DEVICE = re.compile(r"(?i)(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *")


def has_no_steering_characters(text: str) -> bool:
    return STEERING.isdisjoint(map(unicodedata.category, text))


class TestAddresses:
    def test_a_member_follows_its_archive_and_a_mark(self) -> None:
        assert member_address("pets.zip!/more.zip", "cats/1.png") == (
            "pets.zip!/more.zip!/cats/1.png"
        )

    def test_a_folder_that_ends_in_the_mark_cannot_pass_for_an_archive(self) -> None:
        assert container_address("/a.zip!/b.zip") == "/a.zip%21/b.zip"

    def test_a_plain_location_is_its_own_address(self) -> None:
        assert container_address("/zips/p\u00e9ts!.zip") == "/zips/p\u00e9ts!.zip"

    def test_a_location_that_is_no_utf8_gets_an_address_that_is(self) -> None:
        assert container_address("/zips/\udcff.zip") == r"/zips/\udcff.zip"

    @given(st.text("a!%215\\x0\0\udcff/", max_size=8))
    def test_what_lies_below_a_folder_is_told_by_the_folders_own_address(self, path: str) -> None:
        folder = "/" + path.rstrip("/")
        inside = container_address(folder.rstrip("/") + "/1.png")
        assert inside == address_below(container_address(folder)) + "1.png"

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("1.png", "1.png"),
            ("cats/1.png", "1.png"),
            (r"cats\1.png", "1.png"),
            (r"C:\cats/more\1.png", "1.png"),
            ("../../1.png", "1.png"),
            ("cats/", "cats"),
            ("cats\\/", "cats"),
            ("/", ""),
            ("", ""),
        ],
    )
    def test_a_base_name_is_what_follows_the_last_slash(self, path: str, name: str) -> None:
        assert base_name(path) == name

    @pytest.mark.parametrize(
        ("name", "suffix"),
        [
            ("1.png", ".png"),
            ("1.tar.GZ", ".GZ"),
            (".png", ""),
            ("png", ""),
            ("1.", ""),
            ("..", ""),
            ("", ""),
        ],
    )
    def test_an_extension_has_its_dot_and_its_spelling(self, name: str, suffix: str) -> None:
        assert extension(name) == suffix


class TestStorable:
    @given(NAMES)
    @example("a\0b")
    def test_it_is_utf8_without_nul(self, text: str) -> None:
        assert b"\0" not in storable(text).encode()

    @given(st.text())
    def test_what_can_be_stored_stays_as_it_is(self, text: str) -> None:
        assert storable(text.replace("\0", "")) == text.replace("\0", "")

    @given(NAMES, NAMES)
    @example("\udcff", "\\udcff")
    @example("\\udcff", "\\x5cudcff")
    def test_no_two_are_spelled_alike(self, one: str, other: str) -> None:
        assert (storable(one) == storable(other)) == (one == other)

    def test_what_cannot_be_stored_is_spelled_out(self) -> None:
        assert storable("a\0b\udc80") == r"a\x00b\udc80"


class TestPrintable:
    @given(NAMES)
    @example("\u2028\u2029\x85\x0b\x0c\x1c")
    def test_it_is_one_line(self, text: str) -> None:
        assert len(printable(text).splitlines()) <= 1

    @given(NAMES)
    def test_it_steers_no_terminal(self, text: str) -> None:
        assert has_no_steering_characters(printable(text))

    @given(NAMES)
    def test_it_does_not_change_twice(self, text: str) -> None:
        assert printable(printable(text)) == printable(text)

    def test_it_keeps_what_people_write(self) -> None:
        text = "caf\u00e9 \u732b \U0001f600 (1), #2; \u00a0x\\y"
        assert printable(text) == text

    def test_what_steers_is_spelled_out(self) -> None:
        assert printable("a\n\x1b[0m\u202e\U000e0001") == r"a\n\x1b[0m\u202e\U000e0001"


@given(NAMES)
def test_what_is_storable_can_be_given_back(text: str) -> None:
    assert unspelled(storable(text)) == text


@given(NAMES)
def test_a_label_that_is_storable_stays_as_it_is(text: str) -> None:
    assert storable_label(storable(text)) == storable(text)
    assert "\x00" not in storable_label(text)
    storable_label(text).encode()


class TestFileName:
    @given(NAMES, DIGITS)
    @example(". .png", "")
    def test_it_is_neither_empty_nor_hidden(self, name: str, distinction: str) -> None:
        assert file_name(name, distinction)
        assert not file_name(name, distinction).startswith(".")

    @given(NAMES, DIGITS)
    @example("a" * 300 + ".jpeg", "0" * 64)
    @example("\U0001f600" * 80, "")
    @example("a" * 300 + ".\u732b\u732b\u732b", "")
    def test_it_is_at_most_120_bytes_long(self, name: str, distinction: str) -> None:
        assert len(file_name(name, distinction).encode()) <= MAX_FILE_NAME_BYTES == 120

    @given(NAMES)
    def test_it_has_no_separator_and_no_wildcard(self, name: str) -> None:
        assert set('<>:"/\\|?*').isdisjoint(file_name(name))

    @given(NAMES)
    def test_it_steers_no_terminal(self, name: str) -> None:
        assert has_no_steering_characters(file_name(name))

    @given(NAMES)
    @example("con")
    @example("CON.png")
    @example("nul.tar.gz")
    @example("com\u00b9.png")
    @example("CON .png")
    def test_it_is_no_device(self, name: str) -> None:
        assert not DEVICE.fullmatch(file_name(name).partition(".")[0])

    @given(NAMES)
    @example("a.b .")
    def test_it_ends_in_neither_dot_nor_space(self, name: str) -> None:
        assert not file_name(name).endswith((".", " "))

    @given(NAMES)
    @example(". a.png")
    def test_it_does_not_change_twice(self, name: str) -> None:
        assert file_name(file_name(name)) == file_name(name)

    @given(NAMES, st.sampled_from([".png", ".JPEG", ".x", ".123456789"]))
    def test_it_keeps_a_short_extension(self, name: str, suffix: str) -> None:
        assert file_name(f"{name}a{suffix}").endswith(suffix)

    @given(NAMES, st.sets(DIGITS, min_size=2))
    def test_different_distinctions_give_different_names(
        self, name: str, distinctions: set[str]
    ) -> None:
        assert len({file_name(name, one) for one in distinctions}) == len(distinctions)

    @pytest.mark.parametrize(
        "name", ["1.png", "p\u00e9ts (2).jpeg", "a.b.c", "no extension", "\u732b.webp"]
    )
    def test_a_plain_name_stays_as_it_is(self, name: str) -> None:
        assert file_name(name) == name

    def test_what_could_not_be_stored_is_no_folder(self) -> None:
        assert file_name(storable("caf\udce9.png")) == "caf_.png"

    def test_a_path_comes_down_to_its_last_part(self) -> None:
        assert file_name(r"..\../etc/passwd") == "passwd"

    def test_a_distinction_stands_before_the_extension(self) -> None:
        assert file_name("1.png", "ab") == "1~ab.png"

    def test_a_long_extension_is_part_of_the_name(self) -> None:
        assert file_name("1.this is no extension", "ab") == "1.this is no extension~ab"

    def test_a_name_of_nothing_usable_is_a_picture(self) -> None:
        assert file_name("...") == "picture"

    def test_a_long_name_is_cut_between_characters(self) -> None:
        assert file_name("\u732b" * 100 + ".png") == "\u732b" * 38 + ".png"


LISTINGS = st.lists(st.sampled_from(["a", "a#2", "a#3", "b", "b#2", "a#2#2", ""]), max_size=12)


@pytest.mark.parametrize(
    "path",
    [
        "__MACOSX/a.png",
        "x/__macosx/a/b.png",
        "._a.png",
        "x/._a.png",
        "x\\Thumbs.db",
        "THUMBS.DB",
        ".DS_Store",
        "Desktop.ini",
        "@eaDir/x.jpg",
        "a/@eaDir",
    ],
)
def test_litter_is_told_by_path(path: str) -> None:
    assert is_litter(path)


@pytest.mark.parametrize("path", ["a.png", "_.png", "my__MACOSX/a.png", "thumbs.db.png", ".a", ""])
def test_what_only_looks_like_litter_is_kept(path: str) -> None:
    assert not is_litter(path)


@given(LISTINGS)
def test_every_spelling_is_unique(names: list[str]) -> None:
    fresh = respelled(names)
    assert len({fresh.get(i, name) for i, name in enumerate(names)}) == len(names)


@given(LISTINGS)
def test_first_of_a_name_keeps_it(names: list[str]) -> None:
    assert not {names.index(name) for name in names} & respelled(names).keys()


def test_one_name_for_all_takes_linear_time() -> None:
    assert respelled(["1.png"] * 50_000)[49_999] == "1.png#50000"


@given(st.text())
def test_spelling_can_be_stored_and_shows_no_nesting(name: str) -> None:
    spelled = spelling(name)
    assert "!/" not in spelled
    assert "\0" not in spelled
    spelled.encode("utf-8")


def test_plain_name_is_spelled_as_it_is() -> None:
    assert spelling("a b/猫!.png") == "a b/猫!.png"
