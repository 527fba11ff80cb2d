"""Writing a metadata file in Parquet: the columns are the keys of the JSON, a row is an entry.

The same entries give the same bytes from the same release of pyarrow.
"""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from shared.batching import iter_batches
from shared.metadata.parquet import KEY, VECTOR
from shared.metadata.writing import MetadataEntry, facts, writing
from shared.replacing import Replacement

GROUP_ROWS = 8192
GROUP_NUMBERS = 2**22
_TAGS = "image_tags"
_REPEATED = ("file_type", "image_mode", "embeddings_type", "model", "pretrained", "weights_sha256")
_TEXTS = (KEY, "file_path", "file_name", "file_sha256", *_REPEATED)
_NUMBERS = {"image_size_bytes": "int64", "image_xsize": "int32", "image_ysize": "int32"}
_NO_VECTOR = np.empty(0, np.float32)


def write_parquet(path: Path, entries: Iterable[MetadataEntry]) -> int:
    """Write entries in Parquet, a row group at a time, as `write_metadata` says."""
    batches = iter_batches(entries, GROUP_ROWS, GROUP_NUMBERS, lambda entry: len(entry.vector))
    n_entries = 0
    with writing(path):
        replacement = Replacement(path)
    with replacement:
        first = next(batches, [])
        schema = _schema(len(first[0].vector) if first else 1)
        with writing(path):
            writer = _writer(replacement.file, schema)
        try:
            for batch in itertools.chain([first], batches):
                table = pa.table(_columns(batch, schema), schema)
                with writing(path):
                    writer.write_table(table)
                n_entries += len(batch)
            with writing(path):
                writer.close()
                replacement.place()
        finally:
            writer.is_open = False  # or it would end the file that an error has closed
    return n_entries


def _schema(n_features: int) -> pa.Schema:
    vector = pa.list_(pa.field("element", pa.float32(), nullable=False), n_features)
    return pa.schema(
        [
            *(pa.field(name, pa.string()) for name in _TEXTS),
            *(pa.field(name, getattr(pa, kind)()) for name, kind in _NUMBERS.items()),
            pa.field(_TAGS, pa.list_(pa.string())),
            pa.field(VECTOR, vector),
        ]
    )


def _writer(file: BinaryIO, schema: pa.Schema) -> parquet.ParquetWriter:
    return parquet.ParquetWriter(
        file,
        schema,
        compression=dict.fromkeys(_TEXTS, "zstd"),
        use_dictionary=[*_REPEATED, f"{_TAGS}.list.element"],
        write_statistics=[KEY],
        write_page_checksum=True,
    )


def _columns(entries: Sequence[MetadataEntry], schema: pa.Schema) -> list[object]:
    told = [facts(entry) for entry in entries]
    names = (*_TEXTS, *_NUMBERS, _TAGS)
    columns = [[_encodable(one.get(name)) for one in told] for name in names]
    flat = pa.array(np.concatenate([_NO_VECTOR, *(entry.vector for entry in entries)]))
    vectors = pa.FixedSizeListArray.from_arrays(flat, type=schema.field(VECTOR).type)
    return [*columns, vectors]


def _encodable(value: object) -> object:
    r"""Spell lone surrogates, which JSON can hold and UTF-8 cannot, as ``\udc80``."""
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
