"""Rows -> Parquet, in batches of columns: one is read while the one before is written.

Of SQLite the columns come as they are, from `arrow`; of a server they are made of rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import compute, parquet

from shared.database.base import ODD_REMEDY
from shared.errors import RunError
from shared.replacing import Replacement
from shared.results.files import failed

_NUMBERS = ("tag_score", "threshold", "precision", "novelty")
_TYPES = dict.fromkeys(_NUMBERS, pa.float64()) | {"by_person": pa.bool_()}
_REPEATED = ("archive_path", "type", "model_name", "model_type", "model_train_date", "tag")
"""Columns whose values are few: each is written once, and a number for each row."""


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """Give each column its type: text, but for numbers and truths."""
    return pa.schema([(name, _TYPES.get(name, pa.string())) for name in columns])


def iter_batches(
    columns: Sequence[str], pages: Iterable[Sequence[Sequence[object]]]
) -> Iterator[pa.RecordBatch]:
    """Turn pages of rows into batches of columns."""
    schema = schema_of(columns)
    for page in pages:
        values = zip(*page, strict=True)
        yield pa.record_batch(list(map(pa.array, values, schema.types)), schema)


def write_parquet(
    path: Path, columns: Sequence[str], batches: Iterable[pa.RecordBatch], where: str
) -> int:
    """Write batches from a database as Parquet, and count their rows.

    Raises
    ------
    RunError
        Where it cannot be written, or the columns hold what no run has written; then nothing is
        there that was not before.
    """
    n_rows = 0
    try:
        with Replacement(path) as replacement:
            writer = _writer(replacement.file, columns)
            try:
                n_rows = _write_all(writer, batches)
                writer.close()
            finally:
                writer.is_open = False  # or it would end the file that an error has closed
            replacement.place()
    except OSError as error:
        raise failed(path, error) from error
    except pa.ArrowException as error:
        raise RunError(where, f"holds what no run has written ({error})", ODD_REMEDY) from error
    return n_rows


def _writer(file: BinaryIO, columns: Sequence[str]) -> parquet.ParquetWriter:
    return parquet.ParquetWriter(
        file,
        schema_of(columns),
        compression="zstd",
        use_dictionary=[name for name in _REPEATED if name in columns],
        write_statistics=["tag", "tag_score"],
    )


def _write_all(writer: parquet.ParquetWriter, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches in a thread of its own, one ahead at most, and count their rows."""
    n_rows = 0
    under_way: Future[None] | None = None
    with ThreadPoolExecutor(1) as thread:
        for batch in batches:
            n_rows += batch.num_rows
            if under_way:
                under_way.result()
            under_way = thread.submit(_write, writer, batch)
        if under_way:
            under_way.result()
    return n_rows


def _write(writer: parquet.ParquetWriter, batch: pa.RecordBatch) -> None:
    batch.validate(full=True)  # texts are UTF-8: nobody has looked at those of SQLite
    fields = zip(batch.columns, writer.schema, strict=True)
    writer.write_batch(
        pa.record_batch([_fitting(values, field) for values, field in fields], writer.schema)
    )


def _fitting(values: pa.Array, field: pa.Field) -> pa.Array:
    if (values.type == pa.string()) != (field.type == pa.string()):
        raise pa.ArrowInvalid(f"{field.name} holds {values.type}")
    if (
        field.type == pa.float64()
        and not compute.all(compute.is_finite(values), min_count=0).as_py()
    ):
        raise pa.ArrowInvalid(f"{field.name} holds what is no score")
    return values.cast(field.type)
