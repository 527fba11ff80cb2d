"""The closed table of names that a classifier file may use, each an inert token.

What a name stands for is never imported: "calling" a token runs the function beside it here, which
makes a description out of checked arguments. A name that is not in the table refuses the file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from shared.classifiers.pickles import arrays
from shared.classifiers.pickles.stream import NotDataError, RefusedError, quoted

Args: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A name out of a file, and what a call of it means here."""

    name: str
    call: Callable[[Args], object]


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a known class: its class's name and, once built, its attributes."""

    class_name: str
    state: dict[str, object] | None = None

    def build(self, state: object) -> None:
        """Take what would become the object's ``__dict__``."""
        if self.state is not None:
            raise RefusedError(f"a {self.class_name} that is given its attributes twice")
        if not isinstance(state, dict) or any(type(key) is not str for key in state):
            raise RefusedError(f"a {self.class_name} whose attributes are no dictionary of names")
        self.state = state


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """An object of a known class that no score depends on; what it holds is dropped."""

    class_name: str

    def build(self, state: object) -> None:
        """Drop the state."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A pickled ``datetime.datetime``, as it is written into results; a time zone is left out."""

    text: str


def token(module: str, name: str) -> Token:
    """Look a name up in the table.

    Raises
    ------
    NotDataError
        If it is not there.
    """
    found = _TABLE.get((module, name))
    if found is None:
        full = f"{module}.{name}"
        raise NotDataError(f"names {quoted(full)}, which is not read as data{_hint(full)}")
    return found


_HINTS = {
    "scipy.sparse": ": it was fitted on sparse vectors, or made sparse",
    "sklearn.isotonic": ': calibrate with method="sigmoid"',
    "joblib.numpy_pickle_compat": ": written by joblib before 0.10",
    "joblib.numpy_pickle.NDArrayWrapper": ": written by joblib before 0.10",
}


def _hint(full_name: str) -> str:
    return next((hint for start, hint in _HINTS.items() if full_name.startswith(start)), "")


def _instance(class_name: str, args: Args) -> Instance:
    if args:
        raise NotDataError(f"a {class_name} that is made from arguments")
    return Instance(class_name)


def _opaque(class_name: str, _: Args) -> Opaque:
    return Opaque(class_name)


def _not_called(name: str, _: Args) -> object:
    raise NotDataError(f"calls {name}, which is only ever named")


def _array(args: Args) -> arrays.StoredArray:
    if not (len(args) == 3 and args[0] is _TABLE["numpy", "ndarray"]):
        raise RefusedError("an array of another class than numpy.ndarray")
    return arrays.empty_array()


def _moment(args: Args) -> Moment:
    packed = args[0] if args else None
    if not isinstance(packed, bytes) or len(packed) != 10:
        raise RefusedError("a datetime that is not ten bytes")
    year, month = int.from_bytes(packed[:2], "big"), packed[2] & 0x7F
    day, hour, minute, second = packed[3:7]
    try:
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise RefusedError("a datetime that is not in the calendar") from error
    return Moment(f"{year:04}-{month:02}-{day:02}, {hour:02}:{minute:02}:{second:02}")


def _encoded(args: Args) -> bytes:
    """Protocol 2 writes bytes as text in Latin-1, to be encoded."""
    if len(args) != 2 or not isinstance(args[0], str) or args[1] not in ("latin1", "latin-1"):
        raise RefusedError("bytes that are not written as Latin-1")
    try:
        return args[0].encode("latin-1")
    except UnicodeEncodeError as error:
        raise RefusedError("bytes that are not written as Latin-1") from error


def _no_bytes(args: Args) -> bytes:
    if args:
        raise RefusedError("bytes that are made from arguments")
    return b""


def _entries() -> Iterator[tuple[tuple[str, str], Callable[[Args], object]]]:
    for module, name in _ESTIMATORS:
        yield (module, name), partial(_instance, name)
    for module, name in _INERT:
        yield (module, name), partial(_opaque, name)
    for name in ("ndarray", "memmap"):
        yield ("numpy", name), partial(_not_called, f"numpy.{name}")
    for core in ("numpy.core", "numpy._core"):
        yield (f"{core}.multiarray", "_reconstruct"), _array
        yield (f"{core}.multiarray", "scalar"), arrays.number_or_text
        yield (f"{core}.numeric", "_frombuffer"), arrays.array_from_buffer
    yield ("numpy", "dtype"), arrays.stored_dtype
    yield ("datetime", "datetime"), _moment
    yield ("_codecs", "encode"), _encoded
    yield ("__builtin__", "bytes"), _no_bytes


_ESTIMATORS = (
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("sklearn.calibration", "CalibratedClassifierCV"),
    ("sklearn.calibration", "_CalibratedClassifier"),
    ("sklearn.calibration", "_SigmoidCalibration"),
    ("sklearn.frozen._frozen", "FrozenEstimator"),
    ("sklearn.linear_model._logistic", "LogisticRegression"),
    ("sklearn.naive_bayes", "GaussianNB"),
    ("sklearn.pipeline", "Pipeline"),
    ("sklearn.preprocessing._data", "StandardScaler"),
    ("sklearn.svm._classes", "SVC"),
)
# What fitted estimators carry along: generators of random numbers, splitters, dates, sets.
_INERT = (
    ("numpy.random._mt19937", "MT19937"),
    ("numpy.random._pickle", "__bit_generator_ctor"),
    ("numpy.random._pickle", "__randomstate_ctor"),
    ("sklearn.model_selection._split", "KFold"),
    ("sklearn.model_selection._split", "StratifiedKFold"),
    ("sklearn.model_selection._split", "StratifiedShuffleSplit"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("builtins", "bytearray"),
    ("builtins", "frozenset"),
    ("builtins", "set"),
    ("__builtin__", "bytearray"),
    ("__builtin__", "frozenset"),
    ("__builtin__", "set"),
)
_TABLE = {key: Token(".".join(key), call) for key, call in _entries()}
