"""Names that strangers chose, made fit for each place where they appear.

`storable` for databases and JSON, `printable` for terminals and CSV, `file_name` for the results
folder. Addresses are joined here too, and entries of a listing get one spelling each: archives and
folders share these rules, so that the same files get the same fates from either.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import count

NESTED = "!/"
MAX_FILE_NAME_BYTES = 120
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|(com|lpt)[0-9¹²³]) *")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]|\\(?=x00|x5c|ud[89a-f][0-9a-f]{2})")
_NEVER_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\[xu](00|5c|d[89a-f][0-9a-f]{2})")
_ESCAPED_BACKSLASH = r"\x5c"
_LIKE_NESTED = re.compile(r"!(?=/)|%(?=(?:25)*21/)")
_MARKED = re.compile(r"%((?:25)*)21(?=/)")
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def member_address(archive: str, member: str) -> str:
    """Address of a member: ``pets.zip!/cats/1.png``."""
    return f"{archive}{NESTED}{member}"


def container_address(location: str) -> str:
    """Address of an archive on disk or of a folder, from its path.

    A folder whose own name ends in an exclamation mark is spelled ``%21``, so that what lies in
    it cannot be taken for the members of an archive. No two paths have the same address.
    """
    return storable(_without_mark(location))


def container_location(address: str) -> str:
    """Path of a container on disk, from its address."""
    return unspelled(_MARKED.sub(lambda match: _marked(match[1]), address))


def _marked(escapes: str) -> str:
    return f"%{escapes[2:]}21" if escapes else "!"


def address_below(folder: str) -> str:
    """How the addresses of what lies in a folder begin, from the folder's own address."""
    above, slash, name = folder.rstrip("/").rpartition("/")
    return above + slash + _without_mark(f"{name}/")


def base_name(path: str) -> str:
    r"""Last part of a path, whichever slash its archive uses: ``a\b/1.png`` is ``1.png``."""
    return path.rstrip("/\\").rpartition("/")[2].rpartition("\\")[2]


def extension(name: str) -> str:
    """File extension with its dot, in the name's own spelling; empty where there is none."""
    stem, _, last = name.rpartition(".")
    return f".{last}" if stem.strip(".") and last else ""


def storable(text: str) -> str:
    r"""Spell a text so that every database and JSON reader keeps it as it is.

    NUL and lone surrogates, which PostgreSQL or UTF-8 refuse, become escapes like ``\x00`` and
    ``\udc80``, and so does a backslash that begins what looks like one of these: no two texts are
    spelled alike. All else stays.
    """
    return _UNSTORABLE.sub(
        lambda match: _ESCAPED_BACKSLASH if match[0] == "\\" else _escape(match[0]), text
    )


def storable_label(text: str) -> str:
    """Spell a text that may have been spelled by `storable` already: what that left stays.

    A label goes through files that strangers write too, and comes back in the spelling that it has.
    """
    return _NEVER_STORABLE.sub(lambda match: _escape(match[0]), text)


def unspelled(text: str) -> str:
    """Give back the text that `storable` has spelled; only whole ones can be taken apart."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def printable(text: str) -> str:
    r"""Spell a text so that it stays on one line and cannot steer a terminal.

    Control characters, line and paragraph separators, format characters such as right-to-left
    marks, and lone surrogates become escapes like ``\x1b``.
    """
    if text.isprintable():  # as nearly all are, and a table has millions
        return text
    return "".join(c if c == " " or _is_plain(c) else _escape(c) for c in text)


def file_name(name: str, distinction: str = "") -> str:
    """Name for a file in the results folder, readable and fit for common file systems.

    Parameters
    ----------
    name : str
        The member's base name, as its archive gives it.
    distinction : str
        Hex digits that set it apart from another picture of the same name; placed before the
        extension.

    Returns
    -------
    str
        At most 120 bytes of UTF-8, without separators, control or reserved characters, never
        empty, hidden, or a reserved device name; the extension is kept where it is a short one.
    """
    cleaned = "".join(
        c if _is_plain(c) else "_" for c in _UNFIT.sub("_", base_name(unspelled(name)))
    )
    cleaned = cleaned.strip(" .")
    stem, dot, suffix = cleaned.rpartition(".")
    if not dot or len(suffix.encode()) > 10:
        stem, suffix = cleaned, ""
    if _RESERVED.fullmatch(stem.partition(".")[0]):
        stem = "_" + stem
    tail = (f"~{distinction}" if distinction else "") + (f".{suffix}" if suffix else "")
    return _cut(stem or "picture", MAX_FILE_NAME_BYTES - len(tail.encode())) + tail


def _is_plain(character: str) -> bool:
    return character == " " or unicodedata.category(character) not in _UNPRINTABLE


_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _cut(text: str, n_bytes: int) -> str:
    return text.encode()[:n_bytes].decode(errors="ignore").rstrip(" .")


def _without_mark(path: str) -> str:
    return _LIKE_NESTED.sub(lambda match: f"%{ord(match[0]):02x}", path)


LITTER_FOLDERS = frozenset({"__macosx", "@eadir"})
LITTER_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_SEPARATORS = re.compile(r"[/\\]")


def is_litter(path: str) -> bool:
    """Tell what operating systems leave behind beside people's files, by its path."""
    *folders, name = _SEPARATORS.split(path.rstrip("/\\").lower())
    return (
        name.startswith("._")
        or name in LITTER_FILES
        or name in LITTER_FOLDERS
        or not LITTER_FOLDERS.isdisjoint(folders)
    )


def spelling(name: str) -> str:
    """Spell an entry's name for its address: storable, and without the mark of a nested archive."""
    return storable(name).replace(NESTED, "%21/")


def respelled(names: Iterable[str]) -> dict[int, str]:
    """Find a spelling of its own for each entry that is spelled like an earlier one.

    Parameters
    ----------
    names : iterable of str
        The `spelling` of each entry, in the order of the listing.

    Returns
    -------
    dict of int to str
        From index to spelling, only where it differs: the second ``1.png`` is ``1.png#2``, unless
        some entry is really called so.

    Examples
    --------
    >>> respelled(["1.png", "1.png", "1.png#2"])
    {1: '1.png#3'}
    """
    taken: set[str] = set()
    repeated: list[tuple[int, str]] = []
    for index, name in enumerate(names):
        if name in taken:
            repeated.append((index, name))
        taken.add(name)
    # One counter per name: a listing of one name 100,000 times must not take quadratic time.
    numbers = {name: count(2) for _, name in repeated}
    fresh = {}
    for index, name in repeated:
        fresh[index] = next(s for n in numbers[name] if (s := f"{name}#{n}") not in taken)
        taken.add(fresh[index])
    return fresh
