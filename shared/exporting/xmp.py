"""Tags in an XMP sidecar, as digiKam and Lightroom read them. No file is opened here.

Machine tags stand under one root, `auto|cat` in `lr:hierarchicalSubject`. Only what a classifier
may have put there is ever taken away: `auto|BMW` may be a person's. Where digiKam's own list is
there, which it reads in the place of that one, they stand in it too. The format is that of the XMP
specification, part 1 (ISO 16684-1).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from xml.etree import ElementTree as ET
from xml.parsers import expat

from shared.errors import Fate, SkipError
from shared.names import printable

ROOT = "auto"
MAX_DEPTH = 100
"""Of elements in elements; a usual sidecar has six."""
_X = "adobe:ns:meta/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMESPACES = {
    "x": _X,
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
}
_HIERARCHY = f"{{{_NAMESPACES['lr']}}}hierarchicalSubject"
_SUBJECT = f"{{{_NAMESPACES['dc']}}}subject"
_READ_FIRST = (
    f"{{{_NAMESPACES['digiKam']}}}TagsList",
    f"{{{_NAMESPACES['MicrosoftPhoto']}}}LastKeywordXMP",
)
_LISTS = {f"{{{_RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt")}
_ITEM = f"{{{_RDF}}}li"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_END = '\n<?xpacket end="w"?>\n'


def merged(
    content: bytes | None, tags: Sequence[str], known: Collection[str], *, subjects: bool
) -> bytes | None:
    """Put machine tags into a sidecar.

    Parameters
    ----------
    content : bytes or None
        The sidecar that is there, if one is.
    tags : sequence of str
        The machine tags of the picture as of now.
    known : collection of str
        All tags that it could have; those of them that it has not are taken away.
    subjects : bool
        Whether they are to be keywords as well, in `dc:subject`. Nothing is taken away there, as
        nobody knows whose a keyword is.

    Returns
    -------
    bytes or None
        The new sidecar; None where nothing is to be changed.

    Raises
    ------
    SkipError
        Where what is there is no XMP that can be changed without a loss.
    """
    if content is None and not tags:
        return None
    xmp = _empty() if content is None else _parsed(content)
    rdf = xmp if xmp.tag == f"{{{_RDF}}}RDF" else xmp.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        raise _odd("no rdf:RDF in it")
    names = list(map(_writable, tags))
    gone = set(map(_writable, known)).difference(names)
    changes = [_set_machine_tags(rdf, _HIERARCHY, "|", names, gone)]
    changes += [
        _set_machine_tags(rdf, one, "/", names, gone)
        for one in _READ_FIRST
        if _items(rdf, one, is_needed=False) is not None
    ]
    keywords = _items(rdf, _SUBJECT, is_needed=True) if subjects and names else None
    if keywords is not None:
        changes.append(_add(keywords, names))
    return _written(xmp, is_new=content is None) if any(changes) else None


def _writable(tag: str) -> str:
    return _NOT_XML.sub(lambda match: printable(match[0]), tag)


def _set_machine_tags(
    rdf: ET.Element, name: str, separator: str, tags: Sequence[str], gone: Collection[str]
) -> bool:
    """Add machine tags to a list, and take others away; tell whether that changed anything."""
    items = _items(rdf, name, is_needed=bool(tags))
    if items is None:
        return False
    taken_away = {f"{ROOT}{separator}{tag}" for tag in gone}
    stale = [one for one in items if one.text in taken_away]
    for one in stale:
        items.remove(one)
    return _add(items, [f"{ROOT}{separator}{tag}" for tag in tags]) or bool(stale)


def _add(items: ET.Element, texts: Sequence[str]) -> bool:
    """Add what is missing in a list; tell whether something was."""
    there = {one.text for one in items}
    missing = [text for text in texts if text not in there]
    for text in missing:
        ET.SubElement(items, _ITEM).text = text
    return bool(missing)


def _items(rdf: ET.Element, name: str, *, is_needed: bool) -> ET.Element | None:
    """Find the list of a property; where it is needed and not there, make one."""
    descriptions = rdf.findall(f"{{{_RDF}}}Description")
    if any(name in one.attrib for one in descriptions):
        raise _odd(f"{_short(name)} is no list")
    properties = [found for one in descriptions for found in one.findall(name)]
    if len(properties) > 1:
        raise _odd(f"{_short(name)} is there more than once")
    if properties:
        lists = [one for one in properties[0] if one.tag in _LISTS]
        if len(lists) != 1 or len(properties[0]) != 1:
            raise _odd(f"{_short(name)} is no list")
        return lists[0]
    if not is_needed:
        return None
    about = {f"{{{_RDF}}}about": ""}
    holder = (
        descriptions[0] if descriptions else ET.SubElement(rdf, f"{{{_RDF}}}Description", about)
    )
    return ET.SubElement(ET.SubElement(holder, name), f"{{{_RDF}}}Bag")


def _short(name: str) -> str:
    namespace, _, local = name[1:].partition("}")
    return next(f"{short}:{local}" for short, one in _NAMESPACES.items() if one == namespace)


def _empty() -> ET.Element:
    for prefix, namespace in _NAMESPACES.items():
        ET.register_namespace(prefix, namespace)
    xmp = ET.Element(f"{{{_X}}}xmpmeta")
    ET.SubElement(xmp, f"{{{_RDF}}}RDF")
    return xmp


def _parsed(content: bytes) -> ET.Element:
    try:
        for prefix, namespace in (*_NAMESPACES.items(), *_iter_prefixes(content)):
            if not re.fullmatch(r"ns\d+", prefix):  # those are what is given to the nameless
                ET.register_namespace(prefix, namespace)
        builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
        parser = ET.XMLParser(target=builder)  # noqa: S314 - looked through by now
        parser.feed(content)
        root = parser.close()
    except (expat.ExpatError, ET.ParseError, LookupError, ValueError) as error:
        raise _odd(f"no XML ({error})") from error
    return root


def _iter_prefixes(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the namespaces that a document declares; refuse one that could grow while it is read.

    A document type can define texts that stand for longer ones; no XMP needs one.
    """
    prefixes: list[tuple[str, str]] = []
    depth = 0

    def refuse(*_: object) -> None:
        raise _odd("a document type is declared in it, which XMP does not need")

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _odd(f"more than {MAX_DEPTH} elements in each other")

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    parser.StartNamespaceDeclHandler = lambda prefix, uri: prefixes.append(
        (prefix or "", uri or "")
    )
    parser.Parse(content, True)
    return iter(prefixes)


def _written(xmp: ET.Element, *, is_new: bool) -> bytes:
    if is_new:
        ET.indent(xmp)
    return f"{_BEGIN}{ET.tostring(xmp, encoding='unicode')}{_END}".encode()


def _odd(found: str) -> SkipError:
    return SkipError(Fate.CORRUPT, f"its sidecar is left alone: {found}")
