"""The metadata file as the user named it: opening, reading, and why it is refused.

What the entries say is judged elsewhere.
"""

import os
from pathlib import Path
from typing import Self

from shared.errors import RunError
from shared.metadata.json_stream import BrokenJsonError, Window
from shared.regular_files import NotRegularError, open_regular

MAKE_IT = "Make one with stage 1, or name another with --metadata_json."
_UTF_16 = ("is UTF-16 or UTF-32 text, UTF-8 is needed", "Save it as UTF-8.")
_PARQUET = b"PAR1"
_KINDS = {
    b"\x1f\x8b": ("is packed with gzip", "Unpack it first."),
    b"PK\x03\x04": ("is a zip archive", "Unpack it first."),
    b"version https://git-lfs": (
        "is a Git-LFS pointer, not the file",
        "Fetch it with `git lfs pull`.",
    ),
    b"\xef\xbb\xbf": ("begins with a byte-order mark", "Save it as UTF-8 without one."),
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"\0{": _UTF_16,
    b"{\0": _UTF_16,
    b"<": ("is a web page, not JSON", "Download the file itself."),
    b"[": ("is a list at its top level, an object keyed by image hash is needed", MAKE_IT),
}


class MetadataFile:
    """An open metadata file; each method that fails raises `RunError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open_regular(path)
        except NotRegularError:
            raise self.refusal("is a folder or device, a file is needed", MAKE_IT) from None
        except FileNotFoundError:
            raise self.refusal("does not exist", MAKE_IT) from None
        except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
            raise self._unreadable(error) from None
        self.status = os.fstat(self._file.fileno())

    def refusal(self, found: str, remedy: str = "") -> RunError:
        """Error that names this file."""
        return RunError(str(self.path), found, remedy)

    def is_parquet(self) -> bool:
        """Whether it begins as such files do."""
        self.seek(0)
        return self.read(len(_PARQUET)) == _PARQUET

    @property
    def closed(self) -> bool:
        """Whether it is closed: like the next three, what pyarrow asks of a file."""
        return self._file.closed

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and tell which it is."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Place of the next byte to be read."""
        return self._file.tell()

    def read(self, n_bytes: int) -> bytes:
        """Read so many bytes; fewer at the end, and no more are allocated, whatever is asked."""
        try:
            return self._file.read(min(n_bytes, max(0, self.status.st_size - self.tell()))) or b""
        except OSError as error:
            raise self._unreadable(error) from None

    def window(self) -> Window:
        """Start to read, from the front, what has to be an object in JSON."""
        self.seek(0)
        window = Window(self.read)
        window.more()
        for magic, (found, remedy) in _KINDS.items():
            if window.text[:100].lstrip().startswith(magic):
                raise self.refusal(found, remedy)
        if not window.peek():
            raise self.refusal("is empty", MAKE_IT)
        return window

    def check_unchanged(self) -> None:
        """Raise where what was read may be of two states of the file."""
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.status.st_size, self.status.st_mtime_ns):
            raise self.refusal("was changed while it was read", "Run again when it is complete.")

    def broken(self, error: BrokenJsonError) -> RunError:
        """Say where the JSON breaks, in lines and bytes as editors count them."""
        self.seek(0)
        line, left = 1, error.offset
        while left > 0 and (block := self.read(min(left, 2**20))):
            line += block.count(b"\n")
            left -= len(block)
        where = f"line {line:,}, byte {error.offset + 1:,}"
        return self.refusal(f"is broken JSON at {where}: {error.found}", MAKE_IT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _unreadable(self, error: OSError | ValueError) -> RunError:
        cause = error.strerror if isinstance(error, OSError) else None
        return self.refusal(f"cannot be read: {cause or error}", MAKE_IT)
