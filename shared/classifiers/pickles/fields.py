"""Checked access to the attributes of one described object.

Each question names what was found and what is needed where the answer is no.
"""

from dataclasses import dataclass

import numpy as np

from shared.classifiers.pickles.arrays import Numbers, StoredArray
from shared.classifiers.pickles.stream import NotDataError, RefusedError
from shared.classifiers.pickles.tokens import Instance, Opaque
from shared.records import Floats

MAX_MAGNITUDE = 1e100
"""Larger numbers are no coefficients, and overflow once two of them are multiplied."""
N_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Fields:
    """The attributes of one object, under the name of its class."""

    class_name: str
    values: dict[str, object]

    def value(self, *names: str) -> object:
        """Return the first attribute that is there: versions call one thing by several names."""
        for name in names:
            if name in self.values:
                return self.values[name]
        raise self.refusal(f"no {names[0]}, so it was not fitted or is not whole")

    def refusal(self, found: str) -> RefusedError:
        """Return the error that says what is wrong with this object."""
        return RefusedError(f"{self.class_name}: {found}")

    def unread(self, found: str) -> NotDataError:
        """Return the error that says what is not read here, of an object that may be sound."""
        return NotDataError(f"{self.class_name}: {found}")

    def text(self, name: str) -> str:
        """Return an attribute that has to be text."""
        value = self.value(name)
        if not isinstance(value, str):
            raise self.refusal(f"{name} is no text")
        return value

    def number(self, name: str) -> float:
        """Return an attribute that has to be a finite number."""
        return self._checked_number(name, self.value(name))

    def number_in(self, *names: str) -> float:
        """Return the one number in an array of shape (1,), or a bare number."""
        value = self.value(*names)
        if isinstance(value, StoredArray):
            return float(self.floats((1,), *names)[0])
        return self._checked_number(names[0], value)

    def whole(self, name: str, most: int) -> int:
        """Return an attribute that has to be an integer from 0 to ``most``."""
        value = self.value(name)
        if type(value) is not int or not 0 <= value <= most:
            raise self.refusal(f"{name} is no integer from 0 to {most}")
        return value

    def flag(self, name: str) -> bool:
        """Return an attribute that has to be True or False."""
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.refusal(f"{name} is neither True nor False")
        return value

    def array(self, *names: str) -> StoredArray:
        """Return an attribute that has to be an array."""
        value = self.value(*names)
        if not isinstance(value, StoredArray):
            raise self.refusal(f"{names[0]} is no array")
        return value

    def floats(self, shape: tuple[int, ...], *names: str) -> Floats:
        """Return finite floats of this shape, as an array of its own."""
        stored = self.array(*names)
        self._check_shape(names[0], stored, shape)
        if stored.dtype.code not in ("f4", "f8"):
            raise self.refusal(f"{names[0]} is of {stored.dtype.code}, not of floats")
        with np.errstate(invalid="ignore"):  # signalling NaN is refused below, without a warning
            floats = stored.numbers().astype(np.float64, copy=False)
        if not np.all(np.abs(floats) <= MAX_MAGNITUDE):
            raise self.refusal(
                f"{names[0]} holds numbers that are not finite, or beyond {MAX_MAGNITUDE}"
            )
        return floats

    def positives(self, shape: tuple[int, ...], *names: str) -> Floats:
        """Return floats of this shape that can be divided by."""
        floats = self.floats(shape, *names)
        if not np.all(floats >= 1 / MAX_MAGNITUDE):
            raise self.refusal(f"{names[0]} holds numbers that are not above 0")
        return floats

    def integers(self, shape: tuple[int, ...], *names: str) -> Numbers:
        """Return integers of this shape."""
        stored = self.array(*names)
        self._check_shape(names[0], stored, shape)
        if stored.dtype.code[0] not in "iu":
            raise self.refusal(f"{names[0]} is of {stored.dtype.code}, not of integers")
        return stored.numbers()

    def check_two_classes(self) -> None:
        """Check that it decides between two classes; which labels they had does not matter."""
        shape = self.array("classes_", "classes").shape
        n_classes = shape[0] if len(shape) == 1 else 0
        if n_classes != N_CLASSES:
            noun = "class" if n_classes == 1 else "classes"
            raise self.refusal(f"{n_classes} {noun}, {N_CLASSES} are needed")

    def check_n_features(self, n_features: int) -> None:
        """Check the declared width of vectors, where it is declared, against that of the arrays."""
        declared = self.values.get("n_features_in_", n_features)
        if declared != n_features:
            raise self.refusal(f"n_features_in_ is not {n_features}, the width of its arrays")

    def _check_shape(self, name: str, stored: StoredArray, shape: tuple[int, ...]) -> None:
        if stored.shape != shape:
            raise self.refusal(f"{name} has shape {stored.shape}, needed: {shape}")

    def _checked_number(self, name: str, value: object) -> float:
        if not isinstance(value, int | float) or not abs(value) <= MAX_MAGNITUDE:
            raise self.refusal(f"{name} is no finite number")
        return float(value)


def fields(described: object) -> Fields:
    """Return the attributes of an object that has been read.

    Raises
    ------
    RefusedError
        If it is something else than an object with attributes.
    """
    if not isinstance(described, Instance) or described.state is None:
        raise RefusedError(f"a {kind(described)} stands where a fitted estimator is needed")
    return Fields(described.class_name, described.state)


def kind(described: object) -> str:
    """Name the kind of thing that a pickle holds, in Python's words."""
    if isinstance(described, Instance | Opaque):
        return described.class_name
    return _KINDS.get(type(described).__name__, type(described).__name__)


_KINDS = {"StoredArray": "numpy.ndarray", "StoredDtype": "numpy.dtype", "Moment": "datetime"}
