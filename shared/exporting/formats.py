"""The formats of an export, by what they are for a reader: one table, or texts beside pictures."""

from typing import Literal

Format = Literal["csv", "parquet", "jsonl", "imagefolder", "txt", "txt-lines", "xmp"]
FORMATS: tuple[Format, ...] = (
    *("csv", "parquet", "jsonl"),
    *("imagefolder", "txt", "txt-lines", "xmp"),
)
TABLES = frozenset({"csv", "parquet", "jsonl"})
"""Formats that are one file of rows; the others are folders of pictures."""
TELL_SCORES = TABLES | {"imagefolder"}
"""Formats that have a place for scores; the others name tags."""
SEPARATORS = {"txt": ",\n\r", "txt-lines": "\n\r"}
"""Characters by which a reader of a format takes one tag for several."""
