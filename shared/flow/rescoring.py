"""Known pictures scored anew from their vectors, wherever they lie: no archive is opened.

What stands of them stays as it is; the rows are those that a run of stage 3 or 4 would make.
"""

from collections.abc import Mapping
from dataclasses import replace

from shared.database.containers import rescorable
from shared.database.decisions import InForce, thresholds_in_force
from shared.database.engine import DatabasePlace, open_database
from shared.database.labels import Label
from shared.database.scores import ScoreTable, index_scores
from shared.flow.deciding import (
    BY_NUMBER,
    RECOMMENDED,
    Decider,
    WantedThresholds,
    answers_of,
    chosen,
)
from shared.flow.inputs import Inputs
from shared.flow.novelty import Novelty
from shared.flow.scoring import Scorer, Team, gather_team
from shared.flow.threshold_files import Wish
from shared.flow.vector_lookup import VectorSource
from shared.progress import Silence
from shared.records import ANY_NOVELTY, THRESHOLD_NAMES

RUNS_PER_COMMIT = 64
"""A container takes eight or more. Any of them may be the last before a crash, as in stage 4."""


def rescore(
    place: DatabasePlace,
    table: ScoreTable,
    inputs: Inputs,
    labels: list[Label],
    n_threads: int,
) -> int:
    """Bring the scores and decisions of all that was read into a database up to date.

    What was scored by classifiers that are not among these, as those of another directory, is
    left alone. Thresholds are chosen as they were, and up to the same novelty.

    Returns
    -------
    int
        How many rows were added.

    Raises
    ------
    RunError
        Where the database cannot be read or written.
    """
    with open_database(place, table) as database:
        team = gather_team(database, inputs.classifiers, inputs.vectors_identity)
        in_force = database.run(thresholds_in_force)
        vectors = VectorSource(
            database, inputs.metadata, inputs.embedder_name, Novelty(inputs.metadata)
        )
        scorer = Scorer(database, table, team, vectors, n_threads)
        containers = database.run(rescorable, list(team.classifiers))
        with database.grouped(RUNS_PER_COMMIT):
            n_rows = sum(scorer.score_container(one, is_whole=True) for one in containers)
        database.run(index_scores, table)
        trained = {i: one.score_counts for i, one in team.classifiers.items()}
        wanted = WantedThresholds(_chosen(team, in_force), trained)
        Decider(database, table, wanted, answers_of(labels), Silence()).decide()
    return n_rows


def _chosen(team: Team, in_force: list[InForce]) -> list[InForce]:
    """Choose thresholds; a tag that is new is decided up to the least novelty of the others."""
    limits = {one.tag: one.max_novelty for one in in_force}
    least = min(limits.values(), default=ANY_NOVELTY)
    return [
        replace(one, max_novelty=limits.get(one.tag, least))
        for one in chosen(team, RECOMMENDED, _wishes(in_force))
    ]


def _wishes(in_force: list[InForce]) -> Mapping[str, Wish]:
    """Tell what each tag's threshold was chosen by."""
    wishes: dict[str, Wish] = {}
    for one in in_force:
        if one.chosen_by == BY_NUMBER and one.threshold is not None:
            wishes[one.tag] = one.threshold
        elif one.chosen_by in THRESHOLD_NAMES:
            wishes[one.tag] = one.chosen_by
    return wishes
