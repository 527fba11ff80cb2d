"""Names of zip entries as text, in the character set that their archive was most likely made in.

A name is UTF-8 where it is flagged so, or has Info-ZIP's Unicode field, or simply is valid UTF-8.
What is left is the old DOS set, cp437, by the standard; but archives made on Japanese, Chinese and
Russian computers hold cp932, GBK and cp866 there. One of those is taken where it fits all such
names of the archive at once: each decodes, and most of what is not ASCII are everyday letters.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from shared.sources.zips.listing import RawName, unicode_path

_STANDARD = "cp437"
_EVERYDAY_CODES = {
    # the long vowel mark, hiragana, katakana, kanji of JIS level 1
    "cp932": ((0x815B, 0x815B), (0x829F, 0x82F1), (0x8340, 0x8396), (0x889F, 0x9872)),
    # hanzi of GB 2312 level 1
    "gbk": ((0xB0A1, 0xD7F9),),
    # Cyrillic letters
    "cp866": ((0x80, 0xAF), (0xE0, 0xF1)),
}
# Accented letters of cp437 read as lone kanji inside a Latin word, or as Cyrillic next to Latin.
_LONE_IN_WORD = r"(?<=[A-Za-z])[^\0-\x7f](?![^\0-\x7f])|(?<![^\0-\x7f])[^\0-\x7f](?=[A-Za-z])"
_NEXT_TO_WORD = r"(?<=[A-Za-z])[^\0-\x7f]+|(?<![^\0-\x7f])[^\0-\x7f]++(?=[A-Za-z])"
_MISREAD = {"cp932": _LONE_IN_WORD, "gbk": _LONE_IN_WORD, "cp866": _NEXT_TO_WORD}
_SAMPLE_BYTES = 2**20
"""Names can take a hundred times as much; all have to decode, these are looked at closely."""
_ASCII = re.compile(r"[\0-\x7f]+")


@dataclass(frozen=True, slots=True)
class Charset:
    """How one archive's names are read.

    ``legacy`` is the character set of names that are not Unicode; ``trusts_utf8`` tells whether
    an unflagged name that happens to be valid UTF-8 is read so.
    """

    legacy: str = _STANDARD
    trusts_utf8: bool = True

    def text(self, name: RawName) -> str:
        """Read a name; nothing is refused and no lone surrogate comes out."""
        if b"up" in name.extra and (text := unicode_path(name.extra, name.content)) is not None:
            return text
        if self.trusts_utf8 or name.flagged or name.content.isascii():
            try:
                return name.content.decode("utf-8")
            except UnicodeDecodeError:
                pass
        try:
            return name.content.decode(self.legacy)
        except UnicodeDecodeError:
            return name.content.decode(_STANDARD)


def charset_of(names: Iterable[RawName]) -> Charset:
    """Choose how to read the names of one archive: by what fits all of them, else the standard."""
    unflagged = [name.content for name in names if _is_open(name)]
    legacy = [content for content in unflagged if not _decodes(content, "utf-8")]
    if not legacy:
        return Charset()
    # Some short names in a two-byte set are valid UTF-8 by chance. The other way round, much UTF-8
    # looks like Cyrillic, so cp866 may only speak for what is no UTF-8.
    if charset := _fitting(unflagged, ("cp932", "gbk")):
        return Charset(charset, trusts_utf8=False)
    return Charset(_fitting(legacy, ("cp932", "gbk", "cp866")) or _STANDARD)


def _is_open(name: RawName) -> bool:
    return not (
        name.content.isascii()
        or (name.flagged and _decodes(name.content, "utf-8"))
        or (b"up" in name.extra and unicode_path(name.extra, name.content) is not None)
    )


def _decodes(content: bytes, charset: str) -> bool:
    try:
        content.decode(charset)
    except UnicodeDecodeError:
        return False
    return True


def _fitting(names: Sequence[bytes], charsets: Iterable[str]) -> str | None:
    """Find the set under which more than half of the foreign letters are everyday ones."""
    for charset in charsets:
        if all(_decodes(name, charset) for name in names):
            text = b"\n".join(_sample(names)).decode(charset)
            n_foreign = len(_ASCII.sub("", text))
            credible = _ASCII.sub("", re.sub(_MISREAD[charset], "", text))
            if 2 * sum(letter in _everyday(charset) for letter in credible) > n_foreign:
                return charset
    return None


def _sample(names: Iterable[bytes]) -> Iterator[bytes]:
    n_bytes = 0
    for name in names:
        yield name
        n_bytes += len(name)
        if n_bytes > _SAMPLE_BYTES:
            return


@cache
def _everyday(charset: str) -> frozenset[str]:
    codes = (range(first, last + 1) for first, last in _EVERYDAY_CODES[charset])
    raw = (c.to_bytes(2 if c > 0xFF else 1, "big") for span in codes for c in span)
    return frozenset(content.decode(charset, "ignore") for content in raw)
