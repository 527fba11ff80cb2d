"""The files beside the pictures: metadata, classifiers, embedder, loaded and found to fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shared.classifiers.estimators import Classifier
from shared.classifiers.loading import (
    RefusedClassifier,
    check_n_features,
    load_classifiers,
    set_aside,
)
from shared.database.results import Problem
from shared.errors import Attempts, Fate, RunError
from shared.hashing import content_digest
from shared.metadata.loading import Metadata, load_metadata
from shared.names import container_address, printable
from shared.pictures.embedders.choosing import Embedder, find_embedder
from shared.pictures.embedders.clip import ClipOptions
from shared.pictures.embedders.towers import differ
from shared.records import LEAST, Limits, embedder_words
from shared.sources.source import Source, check_there


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run scores with.

    ``embedder`` makes vectors like the metadata's; None if not at hand, and ``note`` tells why, or
    what to know about it. ``refused`` are the classifier files that could not be used, as problems
    of the run.
    """

    metadata: Metadata
    classifiers: list[Classifier]
    refused: tuple[Problem, ...]
    embedder: Embedder | None
    note: str

    @property
    def embedder_name(self) -> str:
        """Name under which vectors are kept, also those of a run that had the embedder."""
        if self.embedder:
            return str(self.embedder.name)
        # Such a run may have computed in any precision.
        name = self.metadata.embedder
        return str(replace(name, precision=LEAST)) if name else ""

    @property
    def vectors_identity(self) -> bytes:
        """What the vectors of a picture depend on, beside the picture."""
        return self.metadata.digest + self.embedder_name.encode()

    @property
    def reading_identity(self) -> str:
        """What reading depends on: which pictures lack a vector that could be made."""
        return self.vectors_identity.hex() if self.embedder else ""

    def read_under(self, limits: Limits) -> bytes:
        """Digest all that shapes a reading beside the container itself."""
        return content_digest(f"{limits} {self.reading_identity}".encode())


def load_inputs(
    metadata_json: Path,
    model: Path,
    output: Path,
    clip: ClipOptions,
    *,
    trust_models: bool,
    source: Source | None = None,
    leaves_index: bool = True,
) -> Inputs:
    """Load metadata and classifiers and check that they fit; see that a source is there at all.

    Where it ``leaves_index``, the next load of the metadata takes no time.

    Raises
    ------
    RunError
        Where some of them are unusable, or no classifier takes the metadata's vectors.
    """
    attempts = Attempts()
    with attempts:
        if source:
            check_there(source)
    with attempts:
        metadata = load_metadata(metadata_json, output, leaves_index=leaves_index)
    with attempts:
        loaded, unreadable = load_classifiers(model, trust=trust_models)
    attempts.check()
    usable, unfit = fitting(loaded, metadata, model)
    refused = tuple(
        Problem(0, 0, container_address(str(one.path)), Fate.BAD_CLASSIFIER, one.reason)
        for one in unreadable + unfit
    )
    at_hand = find_embedder(metadata.embedder, metadata.n_features, clip)
    return Inputs(metadata, usable, refused, at_hand.embedder, at_hand.note)


def fitting(
    classifiers: Sequence[Classifier], metadata: Metadata, where: Path
) -> tuple[list[Classifier], list[RefusedClassifier]]:
    """Set aside the classifiers that were trained on vectors of another width or embedder.

    ``where`` is the path that they were loaded from. Where nobody told an embedder, none differs.

    Raises
    ------
    RunError
        Where all of them were.
    """

    def unfit(one: Classifier) -> str:
        trained_on, given = one.embedder, metadata.embedder
        if trained_on is None or given is None or not differ(trained_on, given):
            return ""
        return (
            f"trained on vectors of {printable(embedder_words(trained_on))}, "
            f"these are of {printable(embedder_words(given))}: train it anew on these"
        )

    wide, too_wide = check_n_features(classifiers, metadata.n_features, where)
    usable, others = set_aside(wide, unfit, where)
    refused = too_wide + others
    if not usable:
        raise RunError(
            str(where),
            f"no classifier goes with the vectors of {metadata.n_features} numbers "
            f"in {metadata.path}: {refused[0].reason}",
            f"Train on {metadata.path}, or give the metadata that they were trained on.",
        )
    return usable, refused
