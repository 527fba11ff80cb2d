"""A sidecar gets machine tags, and loses nothing that a person has put there."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.errors import SkipError
from shared.exporting.xmp import MAX_DEPTH, merged
from tests.shared.exporting.exiftool import exiftool, tags_of

KNOWN = ["bird", "cat", "dog"]
NAMESPACES = (
    'xmlns:x="adobe:ns:meta/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" '
    'xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:mine="http://example.org/mine/"'
)


def sidecar(inside: str, attributes: str = "") -> bytes:
    """A sidecar as another program writes it."""
    return (
        f"<x:xmpmeta {NAMESPACES}><rdf:RDF><rdf:Description rdf:about='' {attributes}>{inside}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def listed(name: str, *texts: str, kind: str = "Bag") -> str:
    items = "".join(f"<rdf:li>{text}</rdf:li>" for text in texts)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def merge(content: bytes | None, tags: Sequence[str], *, subjects: bool = False) -> str:
    new = merged(content, tags, KNOWN, subjects=subjects)
    assert new is not None
    assert merged(new, tags, KNOWN, subjects=subjects) is None, "a second time changes nothing"
    return new.decode()


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(f">{part}<") for part in parts]
    return -1 not in places and places == sorted(places)


def test_tags_stand_under_one_root() -> None:
    text = merge(None, ["cat", "dog"])
    assert in_order(text, "auto|cat", "auto|dog")
    assert "dc:subject" not in text.replace("xmlns:dc", "")


def test_a_picture_without_tags_gets_no_sidecar() -> None:
    assert merged(None, [], KNOWN, subjects=True) is None


def test_keywords_are_given_where_they_are_asked_for() -> None:
    assert in_order(merge(None, ["cat"], subjects=True), "auto|cat", "cat")


def test_what_a_person_has_put_there_stays() -> None:
    before = sidecar(
        listed("dc:subject", "mine", "dog")
        + listed("lr:hierarchicalSubject", "auto", "auto|BMW", "pets|dog", "auto|dog")
        + "<mine:note xml:lang='de'>Käse &amp; <!-- a remark --></mine:note>",
        "xmp:Rating='4'",
    )
    text = merge(before, ["cat"])
    assert in_order(text, "mine", "dog", "auto", "auto|BMW", "pets|dog", "auto|cat")
    assert 'xmp:Rating="4"' in text
    assert '<mine:note xml:lang="de">Käse &amp; <!-- a remark --></mine:note>' in text


def test_a_tag_that_is_decided_no_more_goes() -> None:
    before = sidecar(listed("lr:hierarchicalSubject", "auto|cat", "auto|dog", "auto|horse"))
    text = merge(before, ["cat"])
    assert in_order(text, "auto|cat", "auto|horse")
    assert "auto|dog" not in text


def test_a_keyword_never_goes() -> None:
    before = sidecar(listed("lr:hierarchicalSubject", "auto|dog") + listed("dc:subject", "dog"))
    assert in_order(merge(before, [], subjects=True), "dog")


def test_what_is_as_it_is_to_be_is_not_written() -> None:
    before = sidecar(listed("lr:hierarchicalSubject", "auto|cat", kind="Seq"))
    assert merged(before, ["cat"], KNOWN, subjects=False) is None


def test_the_list_that_digikam_reads_first_has_them_too_where_it_is_there() -> None:
    text = merge(sidecar(listed("digiKam:TagsList", "auto/dog", "people/Ann", kind="Seq")), ["cat"])
    assert in_order(text, "people/Ann", "auto/cat", "auto|cat")
    assert "auto/dog" not in text
    assert "TagsList" not in merge(None, ["cat"]).replace("xmlns:digiKam", "")


def test_a_tag_that_xml_cannot_spell_is_spelled_out() -> None:
    text = merge(None, ["<b>&\x01\ufffe"])
    assert r"auto|&lt;b&gt;&amp;\x01\ufffe<" in text


def test_utf_16_is_read() -> None:
    before = sidecar(listed("dc:subject", "Käse")).decode().encode("utf-16")
    assert in_order(merge(before, ["cat"]), "Käse", "auto|cat")


ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>" + sidecar(
    "<mine:note>&b;</mine:note>"
)
FILES = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + sidecar("&a;")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(ENTITIES, "document type", id="entities"),
        pytest.param(FILES, "document type", id="a file"),
        pytest.param(b"<!DOCTYPE x SYSTEM 'x.dtd'><x/>", "document type", id="a dtd"),
        pytest.param(b"<a>" * (MAX_DEPTH + 1), "in each other", id="deep"),
        pytest.param(b"", "no XML", id="empty"),
        pytest.param(b"\x00\xff" * 9, "no XML", id="bytes"),
        pytest.param(b"<?xml version='1.0' encoding='x-none'?><x/>", "no XML", id="encoding"),
        pytest.param(b"<x/>", "no rdf:RDF", id="no rdf"),
        pytest.param(sidecar("", "lr:hierarchicalSubject='a'"), "is no list", id="attribute"),
        pytest.param(
            sidecar("<lr:hierarchicalSubject>a</lr:hierarchicalSubject>"), "is no list", id="text"
        ),
        pytest.param(
            sidecar(listed("lr:hierarchicalSubject", "a") * 2), "more than once", id="twice"
        ),
    ],
)
def test_what_cannot_be_changed_without_a_loss_is_left_alone(content: bytes, found: str) -> None:
    with pytest.raises(SkipError, match=f"left alone: .*{found}"):
        merged(content, ["cat"], KNOWN, subjects=False)


@pytest.mark.slow
def test_exiftool_reads_what_is_written_and_merged(tmp_path: Path) -> None:
    path = tmp_path / "1.png.xmp"
    path.write_text(merge(None, ["cat"], subjects=True))
    assert tags_of(path) == {"HierarchicalSubject": ["auto|cat"], "Subject": ["cat"]}
    added = ("-XMP-dc:Subject+=mine", "-XMP-lr:HierarchicalSubject+=auto|BMW", "-XMP-xmp:Rating=4")
    exiftool("-overwrite_original", *added, str(path))
    path.write_text(merge(path.read_bytes(), ["dog"]))
    assert tags_of(path) == {
        "HierarchicalSubject": ["auto|BMW", "auto|dog"],
        "Subject": ["cat", "mine"],
        "Rating": 4,
    }
