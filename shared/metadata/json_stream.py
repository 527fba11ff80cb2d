"""The bytes of a metadata file into its entries, one at a time.

Memory is bounded by the largest entry, whatever the file's size. Cuts and parses JSON; what an
entry means is not known here.
"""

import json
import re
from collections.abc import Callable, Iterator

import orjson

BLOCK_BYTES = 2**16  # larger ones go back to the system when freed, and cost page faults
MAX_ENTRY_BYTES = 2**24
MAX_DEPTH = 1000

_SPACES = b" \t\n\r"
_SPACE = re.compile(rb"[ \t\n\r]*+")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
_ATOM = re.compile(rb'[^ \t\n\r"\[\]{},:]*+')
_PLAIN_KEY = re.compile(rb'[ \t\n\r]*+"([ !#-\[\]-~]*+)"[ \t\n\r]*+:[ \t\n\r]*+')
_CUT_OFF_BYTES = 10  # a literal or an escape that is cut off is noticed where it starts
_CUT_OFF = "the file ends in the middle of its object, it is cut off"


class BrokenJsonError(Exception):
    """The text is no JSON object of entries.

    Attributes
    ----------
    offset : int
        The byte where that shows, counted from the start of the text in question.
    found : str
        What is wrong there.
    """

    def __init__(self, offset: int, found: str) -> None:
        super().__init__(offset, found)
        self.offset = offset
        self.found = found


class Window:
    """A part of the file that slides over it; ``at`` is the place of the next byte in ``text``."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._start = 0
        self.text = b""
        self.at = 0

    @property
    def offset(self) -> int:
        """Place of the next byte in the file."""
        return self._start + self.at

    def more(self) -> bool:
        """Read on, by at least what is held, so that looking again costs linear time in all."""
        held = self.text[self.at :]
        block = self._read(max(BLOCK_BYTES, len(held)))
        self._start, self.text, self.at = self.offset, held + block, 0
        return bool(block)

    def peek(self) -> bytes:
        """Step to the next byte that is no white space and show it; empty at the file's end."""
        while (byte := self.text[self.at : self.at + 1]) in _SPACES:
            self.at = _end(_SPACE, self.text, self.at)
            if self.at == len(self.text) and not self.more():
                return b""
        return byte

    def need(self, allowed: bytes, words: str) -> bytes:
        """Show the next byte that is no white space, which must be one of ``allowed``."""
        byte = self.peek()
        if not byte:
            raise BrokenJsonError(self.offset, _CUT_OFF)
        if byte not in allowed:
            raise BrokenJsonError(self.offset, f"{words} is needed, found {ascii(byte)[1:]}")
        return byte

    def take(self, allowed: bytes, words: str) -> bytes:
        """Step over the byte that `need` shows."""
        byte = self.need(allowed, words)
        self.at += 1
        return byte

    def key(self) -> str:
        """Parse the next key and step over it and its colon."""
        if match := _PLAIN_KEY.match(self.text, self.at):
            self.at = match.end()
            return match[1].decode()
        self.need(b'"', "a key in double quotes")
        key = str(self._exact_value())
        self.take(b":", "a colon after the key")
        return key

    def value(self) -> object:
        """Parse the next value and step over it.

        What starts as an object and parses as one up to the first ``}`` is complete. Where it
        does not, a brace stands in a text or in an inner object, or a number is one that only the
        standard library reads: then its end is looked for exactly.
        """
        if self.peek() == b"{" and (end := self._first_brace()):
            try:
                value: object = orjson.loads(self.text[self.at : end])
            except orjson.JSONDecodeError:
                return self._exact_value()
            self.at = end
            return value
        return self._exact_value()

    def _first_brace(self) -> int:
        """Place after the next ``}``; 0 where it is beyond what an entry may have."""
        while not (end := self.text.find(b"}", self.at) + 1):
            if len(self.text) - self.at > MAX_ENTRY_BYTES or not self.more():
                return 0
        return end

    def _exact_value(self) -> object:
        try:
            while (end := value_end(self.text, self.at)) < 0:
                self._reach_on()
            value = parsed(self.text[self.at : end])
        except BrokenJsonError as error:
            raise BrokenJsonError(self.offset + error.offset, error.found) from None
        self.at = end
        return value

    def _reach_on(self) -> None:
        """Read more of a value; where it ends nowhere, say where it breaks or that it goes on."""
        too_long = len(self.text) - self.at > MAX_ENTRY_BYTES
        if not too_long and self.more():
            return
        held = self.text[self.at :]
        try:
            parsed(held)
        except BrokenJsonError as error:
            is_whole = error.offset + _CUT_OFF_BYTES >= len(held) or "Unterminated" in error.found
            if not is_whole:
                raise
        if too_long:
            raise BrokenJsonError(0, f"an entry is longer than {MAX_ENTRY_BYTES >> 20} MiB")
        raise BrokenJsonError(len(held), _CUT_OFF)


def iter_entries(window: Window) -> Iterator[tuple[str, object]]:
    """Yield the keys and parsed values of the file's one object, in the file's order.

    Raises
    ------
    BrokenJsonError
        At the first place where the file is no JSON, or goes on after its object has ended.
    """
    window.take(b"{", "{")
    if window.need(b'"}', "a key in double quotes or }") == b"}":
        window.at += 1
    else:
        yield from _iter_pairs(window)
    if window.peek():
        raise BrokenJsonError(window.offset, "the object has ended, but the file goes on")


def _iter_pairs(window: Window) -> Iterator[tuple[str, object]]:
    more = True
    while more:
        yield window.key(), window.value()
        more = window.take(b",}", "a comma or } after the entry") == b","


def value_end(text: bytes, at: int) -> int:
    """Place after the value that starts at ``at``; -1 where the text ends before it does."""
    if text[at : at + 1] not in (b"{", b"[", b'"'):
        end = _end(_ATOM, text, at)
        return -1 if end == len(text) else max(end, at + 1)
    depth = 0
    for token in _TOKEN.finditer(text, at):
        first = text[token.start()]
        if first != ord('"'):
            depth += 1 if first in b"{[" else -1
        elif token.end() == token.start() + 1:
            return -1
        if depth == 0:
            return token.end()
        if depth > MAX_DEPTH:
            raise BrokenJsonError(token.start() - at, f"nests deeper than {MAX_DEPTH} levels")
    return -1


def parsed(text: bytes) -> object:
    """Value of a JSON text, by orjson or, for NaN and numbers beyond float64, by the slow reader.

    Integers beyond 64 bits become floats.

    Raises
    ------
    BrokenJsonError
        With the offset in this text.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parsed_slowly(text)


def _parsed_slowly(text: bytes) -> object:
    try:
        return json.loads(text.decode())
    except UnicodeDecodeError as error:
        raise BrokenJsonError(error.start, "is not UTF-8") from None
    except json.JSONDecodeError as error:
        offset = len(error.doc[: error.pos].encode())
        raise BrokenJsonError(offset, error.msg.removesuffix(" at")) from None
    except ValueError:
        raise BrokenJsonError(0, "holds an integer of more digits than can be read") from None
    except RecursionError:
        raise BrokenJsonError(0, f"nests deeper than {MAX_DEPTH} levels") from None


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, "a pattern that may be empty always matches"
    return match.end()
