"""Metadata in Parquet: rows out of a file, a few at a time, and entries into one.

The columns are the keys of the JSON; a row is given as the JSON of the same entry would be. Files
of other writers are read as well: any list of numbers is a vector, and of the other columns those
count that have a fitting type. The same entries give the same bytes from the same pyarrow.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet, types

from shared.batching import iter_batches
from shared.errors import RunError
from shared.metadata.entries import MetadataEntry, facts, writing
from shared.metadata.json_stream import MAX_ENTRY_BYTES
from shared.metadata.opening import MAKE_IT, MetadataFile
from shared.replacing import Replacement

KEY = "hash_id"
VECTOR = "embeddings_vector"
BATCH_ROWS = 512
BATCH_NUMBERS = 2**18
BUFFER_BYTES = 2**16
MAX_RATIO = 50
FREE_BYTES = 2**28
GROUP_ROWS = 8192
GROUP_NUMBERS = 2**22
_SIDES = ("image_xsize", "image_ysize")
_VALUE_BYTES = 4
_MAX_CAUSE_CHARACTERS = 200


def iter_rows(
    opened: MetadataFile, columns: Collection[str], key: str = KEY
) -> Iterator[tuple[str, object]]:
    """Yield what each row has in the column ``key``, and the row, of which ``columns`` are read.

    Raises
    ------
    RunError
        Where the file is damaged, lacks a column, has one of another type, or holds far more
        than its size allows for.
    """
    try:
        yield from _Table(opened, columns, key).iter_pairs()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        opened.check_unchanged()
        raise opened.refusal(f"is damaged Parquet: {_cause(error)}", MAKE_IT) from None


def _cause(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "a text is not UTF-8"
    words = (str(error) or type(error).__name__).splitlines()[0]
    return words[:_MAX_CAUSE_CHARACTERS].rstrip(".")


class _Table:
    """The columns of one file that are wanted and can be used."""

    def __init__(self, opened: MetadataFile, columns: Collection[str], key: str) -> None:
        self._source = opened
        self._key = key
        # Read, not mapped: a mapped file that is cut short ends the process by a signal.
        content = pa.PythonFile(opened, "r")
        schema = parquet.read_schema(content)
        wanted = dict.fromkeys((key, *columns))
        self._columns = [name for name in wanted if self._is_usable(name, schema)]
        self._file = parquet.ParquetFile(
            content,
            # Decoded, a text that stands in a thousand rows would take a thousand times its size.
            read_dictionary=[n for n in self._columns if n != VECTOR and n not in _SIDES],
            pre_buffer=False,
            buffer_size=BUFFER_BYTES,
            page_checksum_verification=True,
        )

    def iter_pairs(self) -> Iterator[tuple[str, object]]:
        """Read all rows; what is null is not there."""
        n_rows = 0
        for batch in self._iter_batches():
            columns = (self._values(name, batch.column(name)) for name in self._columns)
            for row in zip(*columns, strict=True):
                n_rows += 1
                pairs = zip(self._columns, row, strict=True)
                value = {name: one for name, one in pairs if one is not None}
                if self._key not in value:
                    raise self._refusal(f"row {n_rows:,} has no {self._key}")
                yield value[self._key], value

    def _iter_batches(self) -> Iterator[pa.RecordBatch]:
        n_rows = BATCH_NUMBERS // max(1, self._checked_width())
        n_rows = max(1, min(BATCH_ROWS, n_rows))
        # Group by group: within one, pyarrow keeps all texts that it has met.
        for group in range(self._file.num_row_groups):
            yield from self._file.iter_batches(
                n_rows, [group], columns=self._columns, use_threads=False
            )

    def _checked_width(self) -> int:
        """Numbers in a vector, on average; raise where a small file says that it holds a lot."""
        facts = self._file.metadata
        groups = [facts.row_group(at) for at in range(facts.num_row_groups)]
        counts = dict.fromkeys(self._columns, 0)
        for at in range(facts.num_columns):
            name = self._file.schema.column(at).path.partition(".")[0]
            if name in counts:
                counts[name] += sum(group.column(at).num_values for group in groups)
        n_bytes = _VALUE_BYTES * sum(counts.values())
        if n_bytes > max(FREE_BYTES, MAX_RATIO * self._source.status.st_size):
            raise self._refusal(f"unpacks to {n_bytes >> 20:,} MiB, far more than its size allows")
        return counts.get(VECTOR, 0) // max(1, int(facts.num_rows))

    def _values(self, name: str, column: pa.Array) -> Iterable[object]:
        if name == VECTOR:
            return self._vectors(column)
        if name not in _SIDES:
            lengths = compute.binary_length(column.dictionary).take(column.indices)
            if (compute.sum(lengths).as_py() or 0) > MAX_ENTRY_BYTES:
                raise self._refusal(f"column {name} holds texts of more than an entry may have")
            column = column.dictionary_decode()
        values: list[object] = column.to_pylist()
        return values

    def _vectors(self, column: pa.Array) -> Iterable[object]:
        """Arrays of float32; or lists, which say what is wrong, if some are not fit to be one."""
        lengths = compute.list_value_length(column).fill_null(0).to_numpy()
        if _VALUE_BYTES * lengths.max(initial=0) > MAX_ENTRY_BYTES:
            raise self._refusal(f"an entry is longer than {MAX_ENTRY_BYTES >> 20} MiB")
        flat = column.flatten()
        if not flat.null_count and lengths.all():
            with np.errstate(over="ignore"):
                numbers = flat.to_numpy(zero_copy_only=False).astype("<f4")
            if np.isfinite(numbers).all():
                return np.split(numbers, np.cumsum(lengths)[:-1])
        values: list[object] = column.to_pylist()
        return values

    def _is_usable(self, name: str, schema: pa.Schema) -> bool:
        """Whether a column is there, once, with the right type; key and vector have to be."""
        kinds = [schema.types[at] for at in schema.get_all_field_indices(name)]
        is_fitting = len(kinds) == 1 and _is_fitting(name, kinds[0])
        if is_fitting or name not in (self._key, VECTOR):
            return is_fitting
        if len(kinds) == 1:
            need = "lists of numbers are" if name == VECTOR else "text is"
            found = str(kinds[0])[:_MAX_CAUSE_CHARACTERS]
            raise self._refusal(f"column {name} holds {found}, {need} needed")
        n_columns = f"{len(kinds)} columns" if kinds else "no column"
        raise self._refusal(f"has {n_columns} {name}, one is needed")

    def _refusal(self, found: str) -> RunError:
        return self._source.refusal(found, MAKE_IT)


def _is_fitting(name: str, kind: pa.DataType) -> bool:
    if name in _SIDES:
        return bool(types.is_integer(kind))
    if name != VECTOR:
        text = kind.value_type if types.is_dictionary(kind) else kind
        return _is_any(text, types.is_string, types.is_large_string, types.is_string_view)
    if types.is_fixed_size_list(kind):
        is_list = kind.list_size > 0  # pyarrow divides by it
    else:
        is_list = _is_any(kind, types.is_list, types.is_large_list)
    return is_list and _is_any(kind.value_type, types.is_floating, types.is_integer)


def _is_any(kind: pa.DataType, *tests: Callable[[pa.DataType], bool]) -> bool:
    return any(test(kind) for test in tests)


_TAGS = "image_tags"
_REPEATED = (
    *("file_type", "image_mode"),
    *("embeddings_type", "model", "pretrained", "weights_sha256", "precision"),
)
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
