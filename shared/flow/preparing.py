"""What a run and a dry run both begin with: files that are named, and what a folder shows."""

from collections.abc import Mapping, Sequence

from shared.database.decisions import InForce
from shared.database.engine import Database
from shared.database.labels import Label
from shared.database.results import Problem
from shared.errors import Attempts
from shared.flow.inputs import Inputs, load_inputs
from shared.flow.publishing import Publisher
from shared.flow.request import ClassifyRequest
from shared.flow.scoring import Team
from shared.flow.shelves import answers_on, build_shelves, hurdles_of
from shared.flow.threshold_files import Wish, check_free, check_tags, load_wishes
from shared.progress import Progress
from shared.records import DECIDED

TRUST_WARNING = (
    "WARNING: --trust_models runs what is in classifier files as code; it can do all that you can"
)


def load_asked(
    request: ClassifyRequest, progress: Progress, *, leaves_index: bool = True
) -> tuple[Inputs, Mapping[str, Wish]]:
    """Load the files that a request names: what is scored with, and the thresholds by tag.

    Raises
    ------
    RunError
        Of all that are unusable.
    """
    attempts = Attempts()
    wishes: Mapping[str, Wish] = {}
    with attempts:
        wishes = _load_wishes(request)
    with attempts:
        inputs = _load_inputs(request, progress, leaves_index=leaves_index)
    attempts.check()
    if request.thresholds:
        check_tags(request.thresholds, wishes, [one.tag for one in inputs.classifiers])
    return inputs, wishes


def _load_inputs(request: ClassifyRequest, progress: Progress, *, leaves_index: bool) -> Inputs:
    inputs = load_inputs(
        request.metadata_json,
        request.model,
        request.output,
        request.clip,
        trust_models=request.trust_models,
        source=request.source,
        leaves_index=leaves_index,
    )
    if request.trust_models:
        progress.say(TRUST_WARNING)
    for refused in inputs.refused:
        progress.problem(refused.address, f"{refused.fate.words}, {refused.reason}")
    return inputs


def _load_wishes(request: ClassifyRequest) -> Mapping[str, Wish]:
    if request.write_thresholds:
        check_free(request.write_thresholds)
    return load_wishes(request.thresholds) if request.thresholds else {}


def shows_fitted(request: ClassifyRequest) -> bool:
    """Tell whether a results folder shows what is decided by thresholds that scores tell."""
    is_fitted = request.prior == "collection" and request.results_min_score == DECIDED
    return is_fitted and request.results != "none"


def publisher_of(
    request: ClassifyRequest,
    database: Database,
    team: Team,
    thresholds: Sequence[InForce],
    labels: list[Label],
    *,
    refused: Sequence[Problem],
) -> Publisher:
    """Lay out what a results folder shows of a team's scores."""
    classifiers = team.classifiers
    hurdles = hurdles_of(classifiers, request.results_min_score, thresholds)
    shelves = build_shelves(list(classifiers.values()), request.n_bins, hurdles)
    return Publisher(
        database,
        request.table,
        request.source,
        request.limits,
        shelves,
        list(team.versions.values()),
        refused,
        links=request.results == "link",
        answers=answers_on(shelves, labels),
    )
