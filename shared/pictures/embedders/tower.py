"""An image tower at work: prepared pictures to vectors.

Its file comes from strangers: one that is broken, or is no image tower, ends in a `RunError`.
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.pictures.embedders.recipe import Recipe
from shared.pictures.embedders.runtimes import FLOATS, Device, Planes, Port, open_session, refusing
from shared.pictures.embedders.towers import OTHER_WEIGHTS, check_self_contained

_INPUT = "pixel_values"
_PROJECTED = "image_embeds"
_POOLED = "pooler_output"
_LISTED_CHARACTERS = 200
_NO_MEMORY = re.compile(r"(?i)out of memory|fail\w* to allocate|bad allocation")
Vectors: TypeAlias = NDArray[np.float32]


class Embedded(NamedTuple):
    """Pictures that were embedded, and the seconds of computing that they took."""

    n_images: int
    seconds: float


class Tower:
    """An open tower. It holds the weights in memory, and cannot be sent to another process.

    Attributes
    ----------
    n_features : int
        Width of its vectors.
    card : str
        Name of the GPU that it computes on, empty where that is the processor.
    most : int or None
        Pictures that it computes at once, where a device had no memory for more.
    """

    most: int | None = None

    def __init__(
        self, weights: Path, recipe: Recipe, device: Device, precision: str, n_threads: int
    ) -> None:
        check_self_contained(weights)
        self._weights = weights
        self._session = open_session(weights, device, precision, n_threads)
        self._check_input(recipe.size)
        self._output = self._output_of(recipe)
        self.card = self._session.card
        self._embedded = Embedded(0, 0.0)
        self.n_features: int = self._computed(np.zeros((1, 3, *recipe.size), np.float32)).shape[1]

    def vectors(self, planes: Planes) -> Vectors:
        """Compute vectors.

        Parameters
        ----------
        planes : ndarray of shape (n_images, 3, height, width), float32
            Prepared pictures, one batch.

        Returns
        -------
        ndarray of shape (n_images, n_features), float32
            All numbers finite, not normalised.

        Raises
        ------
        RunError
            Where the tower fails or gives something else.
        """
        batch: object = self._session.inputs[0].shape[0]
        size = 1 if isinstance(batch, int) else self.most or len(planes)
        vectors: list[Vectors] = []
        start = 0
        began = time.perf_counter()
        while start < len(planes):
            try:
                vectors.append(self._computed(planes[start : start + size]))
            except RunError as error:
                size = min(size, len(planes) - start) // 2
                if not size or not _NO_MEMORY.search(error.found):
                    raise
                self.most = size
            else:
                start += size
        n_images, seconds = self._embedded
        self._embedded = Embedded(n_images + len(planes), seconds + time.perf_counter() - began)
        return np.concatenate(vectors)

    def take_embedded(self) -> Embedded:
        """Return what it has embedded since this was last asked."""
        embedded, self._embedded = self._embedded, Embedded(0, 0.0)
        return embedded

    def _computed(self, planes: Planes) -> Vectors:
        with refusing(self._weights, f"fails in {self._session.library}"):
            found: Any = self._session.compute({_INPUT: planes}, self._output)
        if found.ndim != 2 or len(found) != len(planes) or not found.shape[1]:
            raise self._refusal(f"gives numbers of shape {found.shape} for {len(planes)} pictures")
        if not np.isfinite(found).all():
            raise self._refusal("gives numbers that are not finite")
        return np.asarray(found, np.float32)

    def _check_input(self, size: tuple[int, int]) -> None:
        """Check that prepared pictures fit, one by one at least."""
        inputs = self._session.inputs
        if [(one.name, one.type) for one in inputs] != [(_INPUT, FLOATS)]:
            raise self._refusal(
                f"takes {_listed(inputs)}, and {_INPUT} of {FLOATS} is what it gets"
            )
        shape, prepared = inputs[0].shape, (1, 3, *size)
        if len(shape) != 4 or any(
            isinstance(found, int) and found != given
            for found, given in zip(shape, prepared, strict=True)
        ):
            raise self._refusal(f"takes pictures of shape {[*shape]}, and gets them as {prepared}")

    def _output_of(self, recipe: Recipe) -> str:
        outputs = self._session.outputs
        names = {one.name for one in outputs if one.type == FLOATS}
        wanted = [_PROJECTED, _POOLED] if recipe.is_pooled else [_PROJECTED]
        if not names & set(wanted):
            raise self._refusal(f"gives {_listed(outputs)}, and {' or '.join(wanted)} is needed")
        return next(name for name in wanted if name in names)

    def _refusal(self, found: str) -> RunError:
        return RunError(str(self._weights), found, OTHER_WEIGHTS)


def _listed(values: Sequence[Port]) -> str:
    return (
        ", ".join(f"{one.name} of {one.type}" for one in values)[:_LISTED_CHARACTERS] or "nothing"
    )
