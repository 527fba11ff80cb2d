"""What is decided of a kind that nobody has labelled, with and without a limit of novelty.

Half of a set is learnt from but for one kind, by stage 2; the other half is scored and decided as
stages 3 and 4 do, and counted in the view of decided tags.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from shared.classifiers.loading import load_classifiers
from shared.database.engine import Database, open_database
from shared.database.tables import ZipScoreCache
from shared.database.views import TAG_VIEWS
from shared.flow.deciding import Decider, WantedThresholds, chosen
from shared.flow.novelty import Novelty
from shared.flow.scoring import Scorer, Team, gather_team
from shared.flow.vector_lookup import VectorSource
from shared.metadata.loading import load_metadata
from shared.progress import Silence
from shared.records import ANY_NOVELTY, NOVEL
from shared.training.run import TrainingRequest, train
from tests.bench.kinds import Kinds
from tests.shared.database.world import EMBEDDER, A, found, picture, read, read_picture, survey

N_SEEDS = 1
WISHES = ("recommended", "precision_95")
LIMITS = (ANY_NOVELTY, NOVEL, 0.9)
HEAD = ("set", "threshold", "limit", "wrong, of the kind left out", "wrong, of others", "right")
STARTED = datetime(2026, 11, 30)  # noqa: DTZ001 - as the stage gives it
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decided:
    """Tags decided for pictures never seen, where one kind was left out of what is labelled.

    ``wrong_new`` are those of pictures of that kind, ``wrong`` of others, ``right`` as well.
    """

    wish: str
    max_novelty: float
    wrong_new: int
    wrong: int
    right: int


def measured(kinds: Kinds, seed: int) -> list[Decided]:
    """Tell what is decided with each threshold and limit, each tag's kind left out in turn."""
    return list(_iter_decided(kinds, seed))


def _iter_decided(kinds: Kinds, seed: int) -> Iterator[Decided]:
    order = np.random.default_rng(seed).permutation(len(kinds.kinds))
    learnt, unseen = order[: len(order) // 2], order[len(order) // 2 :]
    for left_out in kinds.tags:
        with tempfile.TemporaryDirectory() as name:
            _learn(Path(name), kinds, learnt[kinds.kinds[learnt] != left_out])
            yield from _iter_counted(Path(name), kinds, unseen, left_out)


def _learn(folder: Path, kinds: Kinds, rows: Places) -> None:
    entries = {_hash(row): {"embeddings_vector": kinds.vectors[row].tolist()} for row in rows}
    (folder / "metadata.json").write_text(json.dumps(entries))
    tags = {str(one): [_hash(row) for row in rows[kinds.kinds[rows] == one]] for one in _all(kinds)}
    (folder / "tags.json").write_text(json.dumps({tag: some for tag, some in tags.items() if some}))
    train(
        TrainingRequest(
            folder / "metadata.json", folder / "tags.json", folder / "output", 0.0, 1, STARTED
        ),
        Silence(),
    )


def _iter_counted(folder: Path, kinds: Kinds, unseen: Places, left_out: int) -> Iterator[Decided]:
    kind_of = {_hash(row): int(kinds.kinds[row]) for row in unseen}
    with open_database(folder / "scores.sqlite", ZipScoreCache) as database:
        team = _scored(database, folder, kinds, unseen)
        for wish in WISHES:
            for max_novelty in LIMITS:
                wanted = WantedThresholds(chosen(team, wish, {}, max_novelty))
                Decider(database, ZipScoreCache, wanted, {}, Silence()).decide()
                decided = [(kind_of[name], tag) for name, tag in database.run(_decided)]
                wrong = [kind for kind, tag in decided if kind != tag]
                n_new = wrong.count(left_out)
                yield Decided(
                    wish, max_novelty, n_new, len(wrong) - n_new, len(decided) - len(wrong)
                )


def _scored(database: Database, folder: Path, kinds: Kinds, unseen: Places) -> Team:
    survey(database, found())
    readings = (
        read_picture(
            f"{A}!/{row}.png",
            str(row).encode(),
            entry=(at,),
            vector=kinds.vectors[row].astype("<f4"),
        )
        for at, row in enumerate(unseen)
    )
    container = read(database, A, *readings)
    metadata = load_metadata(folder / "metadata.json", folder)
    classifiers, _ = load_classifiers(folder / "output/models")
    team = gather_team(database, classifiers, b"")
    vectors = VectorSource(database, metadata, EMBEDDER, Novelty(metadata))
    Scorer(database, ZipScoreCache, team, vectors, 1).score_container(container, is_whole=True)
    return team


def _decided(connection: Connection) -> list[tuple[str, int]]:
    view = TAG_VIEWS["zip_score_cache"]
    return [(row[0], int(row[1])) for row in connection.execute(select(view.c.hash_id, view.c.tag))]


def _all(kinds: Kinds) -> list[int]:
    return sorted({int(kind) for kind in kinds.kinds})


def _hash(row: int) -> str:
    return picture(str(row).encode()).hash_id


def rows(name: str, found: Sequence[Sequence[Decided]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each threshold and limit: means over kinds and divisions."""
    decided = [one for some in found for one in some]
    for wish in WISHES:
        for limit in LIMITS:
            new, wrong, right = np.mean(
                [
                    (one.wrong_new, one.wrong, one.right)
                    for one in decided
                    if (one.wish, one.max_novelty) == (wish, limit)
                ],
                axis=0,
            )
            words = "none" if limit == ANY_NOVELTY else f"{limit:g}"
            yield name, wish, words, f"{new:.1f}", f"{wrong:.1f}", f"{right:.1f}"
