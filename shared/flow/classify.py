"""One run of stage 3 or 4, from the user's request to its summary.

survey -> read what is new -> score what is missing -> publish; every step keeps what is done.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from shared.database.decisions import TagEstimate, decided_counts, estimates_told
from shared.database.engine import Database, open_database
from shared.database.labels import LABELS_FILE, load_labels
from shared.database.novelties import too_novel_counts
from shared.database.results import Totals, count_zips, first_problem, run_totals
from shared.database.runs import RunNote, Work, note_run, novel_share_before
from shared.database.scores import (
    drop_index_before_many,
    forget_lost_rows,
    index_scores,
    is_all_scored,
)
from shared.database.surveys import mark_read
from shared.database.tables import ZipScoreCache
from shared.errors import Fate
from shared.flow.deciding import BY_DEFAULT, Decider, WantedThresholds, answers_of, chosen
from shared.flow.inputs import Inputs
from shared.flow.novelty import Novelty
from shared.flow.preparing import load_asked, publisher_of, shows_fitted
from shared.flow.problems import iter_problems
from shared.flow.publishing import Publisher
from shared.flow.reading.ingestion import Ingestor, Step
from shared.flow.reading.known import settle_others
from shared.flow.reading.slices import ReadingContext
from shared.flow.reading.workers import Workers
from shared.flow.request import ClassifyRequest
from shared.flow.room import check_room
from shared.flow.scoring import Scorer, gather_team
from shared.flow.survey import SurveyTotals, iter_standing, say_what_is_not_there, take_survey
from shared.flow.threshold_files import (
    Wish,
    write_thresholds,
)
from shared.flow.timing import Timing
from shared.flow.vector_lookup import VectorSource
from shared.names import container_address
from shared.progress import Progress, StrictProgress
from shared.records import ANY_NOVELTY
from shared.results.files import held_folder, make_folder, swept_folder, write_problems
from shared.results.folder import PROBLEMS_FILE
from shared.results.older import Older, point_to_latest, tidy
from shared.results.thumbnails import ThumbnailFolder


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run found and did; ``results`` is None where no results folder was asked for.

    ``problems`` is the file that lists what could not be scored, None where all was;
    ``n_zips`` counts zip archives among the files of a folder, which are another stage's.
    ``decided`` counts the members for which a tag is decided, the most first; of tags that are
    ``untold`` no classifier tells a threshold, of those ``out_of_reach`` none that was asked for.
    ``estimates`` tell what scores say of the tags in the collection. Of ``n_judged`` new pictures
    ``n_novel`` are unlike all labelled ones; ``novel_share_before`` is that of the run before.
    ``too_novel`` counts the members for which a tag would be decided, were they not beyond
    ``max_novelty``; ``lifted`` is the limit of before, where this run has none.
    """

    totals: Totals
    n_loose: int
    n_refused: int
    database: str
    results: Path | None
    problems: Path | None = None
    n_zips: int = 0
    decided: tuple[tuple[str, int], ...] = ()
    untold: tuple[str, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    older: Older | None = None
    estimates: tuple[TagEstimate, ...] = ()
    n_judged: int = 0
    n_novel: int = 0
    novel_share_before: float | None = None
    max_novelty: float = ANY_NOVELTY
    too_novel: tuple[tuple[str, int], ...] = ()
    lifted: float | None = None

    @property
    def has_problems(self) -> bool:
        """Whether some input could not be scored."""
        return bool(self.n_refused) or self.totals.has_problems or not self.totals.n_containers


def classify(request: ClassifyRequest, progress: Progress) -> Summary:
    """Score everything that the request names and that has not been scored yet.

    Raises
    ------
    RunError
        Where an input that the whole run needs is unusable, or the output cannot be written.
    """
    if request.strict:
        progress = StrictProgress(progress)
    timing = Timing()
    make_folder(request.output)
    started = datetime.now()  # noqa: DTZ005 - folders are named in the user's own time
    with held_folder(request.output), swept_folder(request.output):
        inputs, wishes = load_asked(request, progress)
        with open_database(request.database, request.table) as database:
            run = _Run(request, inputs, database, wishes, progress, timing=timing)
            before = set(request.output.iterdir())
            thresholds = run.thresholds
            answers = answers_of(run.labels)
            trained = {i: one.score_counts for i, one in run.team.classifiers.items()}
            wanted = WantedThresholds(thresholds, trained, request.prior == "collection")
            decider = Decider(database, request.table, wanted, answers, progress)
            lifted = decider.lifted()
            survey = run.survey()
            # Of what is away nothing can be shown: an earlier results folder shows more.
            is_away = 0 < survey.n_containers == survey.n_away
            results = None if is_away else run.complete(started, decider)
            if request.write_thresholds:
                names = {i: one.name for i, one in run.team.classifiers.items()}
                write_thresholds(request.write_thresholds, decider.thresholds, names)
            totals = database.run(run_totals)
            decided = tuple(database.run(decided_counts))
            too_novel = tuple(database.run(too_novel_counts, request.table))
            told = tuple(database.run(estimates_told))
            settle_others(request.output, request.database)
            problems = _listed(request, inputs, database, results, totals)
            older = run.tidy(results, is_new=results not in before) if results else None
            novel_before = database.run(novel_share_before, request.command, run.directory)
            run.note(started)
            n_zips = 0 if request.table is ZipScoreCache else database.run(count_zips)
    if Fate.NO_EMBEDDING in totals.fates and not inputs.embedder:
        progress.say(inputs.note)
    n_refused = len(inputs.refused)
    return Summary(
        totals,
        survey.n_loose,
        n_refused,
        database.where,
        results,
        problems,
        n_zips,
        decided,
        untold=tuple(one.tag for one in decider.thresholds if one.chosen_by == BY_DEFAULT),
        out_of_reach=tuple(one.tag for one in decider.thresholds if one.threshold is None),
        older=older,
        estimates=told,
        n_judged=run.novelty.n_judged,
        n_novel=run.novelty.n_novel,
        novel_share_before=novel_before,
        max_novelty=decider.max_novelty,
        too_novel=too_novel,
        lifted=lifted,
    )


def _listed(
    request: ClassifyRequest,
    inputs: Inputs,
    database: Database,
    results: Path | None,
    totals: Totals,
) -> Path | None:
    """See to it that problems are listed somewhere; where there are none, no older list stays."""
    has_problems = bool(inputs.refused) or totals.has_problems
    if results:
        path = results / PROBLEMS_FILE
    else:
        path = request.output / PROBLEMS_FILE
        problems = itertools.chain(inputs.refused, iter_problems(database))
        if has_problems:
            write_problems(path, ((one.address, one.fate, one.reason) for one in problems))
        else:
            path.unlink(missing_ok=True)
    return path if has_problems else None


class _Run:
    """The steps of one run over one open database."""

    def __init__(
        self,
        request: ClassifyRequest,
        inputs: Inputs,
        database: Database,
        wishes: Mapping[str, Wish],
        progress: Progress,
        *,
        timing: Timing,
    ) -> None:
        self.request = request
        self.inputs = inputs
        self.database = database
        self.progress = progress
        self.labels = load_labels(request.output / LABELS_FILE)
        self.work = Work()
        self.timing = timing
        self.novelty = Novelty(inputs.metadata)
        vectors = VectorSource(database, inputs.metadata, inputs.embedder_name, self.novelty)
        # Pictures that are not new are no news: they have a count of their own.
        self.earlier = replace(vectors, novelty=Novelty(inputs.metadata))
        self.team = gather_team(database, inputs.classifiers, inputs.vectors_identity)
        self.thresholds = chosen(self.team, request.threshold, wishes, request.max_novelty)
        self.scorer = Scorer(database, request.table, self.team, vectors, request.n_workers)
        self.ingestor = Ingestor(
            database,
            ReadingContext(
                request.source,
                request.limits,
                request.database,
                request.output,
                request.metadata_json,
                inputs.embedder,
                request.thumbnails,
            ),
            inputs.read_under(request.limits),
            Workers(request.n_workers, request.dask_scheduler),
            progress,
            self.work,
        )

    def survey(self) -> SurveyTotals:
        """Find out what is there and what stands of it."""
        totals = take_survey(
            self.database,
            self.request.source,
            self.request.limits,
            self.ingestor.read_under,
            rescan=self.request.rescan,
            forget_gone=self.request.forget_gone,
        )
        say_what_is_not_there(self.request.source, totals, self.progress)
        self.database.run(forget_lost_rows, self.request.table)
        if totals.n_read < totals.n_containers:
            self._say_of_reading()
        self.progress.start(totals.n_entries, "scoring")
        return totals

    def _say_of_reading(self) -> None:
        if self.inputs.embedder and self.inputs.note:
            self.progress.say(self.inputs.note)
        if self.request.thumbnails:
            obstacle = ThumbnailFolder.of(self.request.output).obstacle()
            if obstacle:
                self.progress.say(f"no thumbnails are made: {obstacle}")

    def complete(self, started: datetime, decider: Decider) -> Path | None:
        """Read, score, decide and place what is missing; return the results folder, if wanted."""
        if self.request.max_novelty < ANY_NOVELTY:
            with self.timing.scoring.running():
                self.earlier.judge_known()  # a results folder shows it
        if shows_fitted(self.request):
            return self._complete_fitted(started, decider)
        publisher = self.publisher if self.request.results != "none" else None
        is_scored = self.database.run(is_all_scored, self.team.versions)
        if is_scored:
            standing = publisher.standing(self.request.output) if publisher else None
            if standing or not publisher:
                self._check_all()
                decisions = self._decide(decider)
                if standing and publisher:
                    publisher.tell_decisions(standing, decisions)
                return standing
        if publisher:
            team, output = self.team.classifiers, self.request.output
            thumbnails = ThumbnailFolder.of(output) if self.request.thumbnails else None
            room = check_room(publisher, team, output, thumbnails, is_scored=is_scored)
            self.progress.say(f"the results folder will take {room.words()}")
        self.database.run(drop_index_before_many, self.request.table, self.team.versions)
        if not publisher:
            for step in self._iter_steps():
                self._score(step)
            self._decide(decider)
            return None
        publishing = self.timing.publishing
        with publisher.new_folder(self.request.output, started) as placement:
            for step in self._iter_steps():
                self._score(step)
                with publishing.running():
                    placement.place(step.container, step.container_id)
            self.work.n_published = placement.n_placed
            decisions = self._decide(decider)
            with publishing.running():
                return placement.finish(decisions)

    def _complete_fitted(self, started: datetime, decider: Decider) -> Path:
        """Read and score, then decide, then place: what is shown follows from all scores."""
        if not self.database.run(is_all_scored, self.team.versions):
            self.database.run(drop_index_before_many, self.request.table, self.team.versions)
            for step in self._iter_steps():
                self._score(step)
            self.database.run(mark_read)
        self._check_all()
        decisions = self._decide(decider)
        self.thresholds = list(decider.thresholds)
        publisher, output = self.publisher, self.request.output
        if standing := publisher.standing(output):
            publisher.tell_decisions(standing, decisions)
            return standing
        room = check_room(publisher, self.team.classifiers, output, None, is_scored=True)
        self.progress.say(f"the results folder will take {room.words()}")
        with (
            self.timing.publishing.running(),
            publisher.new_folder(output, started) as placement,
        ):
            for one in iter_standing(self.database):
                if one.id is not None:
                    placement.place(one, one.id)
            self.work.n_published = placement.n_placed
            return placement.finish(decisions)

    def tidy(self, results: Path, *, is_new: bool) -> Older | None:
        """See to older results folders, where one has come or some are to go."""
        point_to_latest(results)
        if not is_new and self.request.keep_results is None:
            return None
        return tidy(results, self.publisher.origin, self.request.keep_results)

    @property
    def directory(self) -> str:
        """The directory, as runs are noted with it."""
        return container_address(str(self.request.source.directory))

    def note(self, started: datetime) -> None:
        """Note what this run did and what it took, for dry runs to reckon with.

        One that found nothing to do has written nothing else, and writes no line either.
        """
        timing, work = self.timing, self.work
        work.n_judged, work.n_novel = self.novelty.n_judged, self.novelty.n_novel
        if work == Work():
            return
        work.reading_seconds = timing.reading.seconds
        work.scoring_seconds = timing.scoring.seconds
        work.publishing_seconds = timing.publishing.seconds
        work.seconds = timing.whole_seconds
        begun = started.isoformat(" ", "microseconds")
        note = RunNote(begun, self.request.command, self.directory)
        self.database.run(note_run, note, work)

    def _iter_steps(self) -> Iterator[Step]:
        return self.timing.reading.iter_timed(self.ingestor.iter_steps())

    def _decide(self, decider: Decider) -> bytes:
        with self.timing.scoring.running():
            self.database.run(index_scores, self.request.table)
            return decider.decide(anew=self.work.n_rows > 0)

    @cached_property
    def publisher(self) -> Publisher:
        """Makes the results folder; what it shows is laid out when it is first asked for."""
        return publisher_of(
            self.request,
            self.database,
            self.team,
            self.thresholds,
            self.labels,
            refused=self.inputs.refused,
        )

    def _score(self, step: Step) -> None:
        with self.timing.scoring.running():
            self.work.n_rows += self.scorer.score_container(
                step.container_id, is_whole=step.is_whole
            )
        self._check(step.container_id)

    def _check_all(self) -> None:
        for container in iter_standing(self.database) if self.request.strict else ():
            if container.id is not None:
                self._check(container.id)

    def _check(self, container_id: int) -> None:
        """See to problems that an earlier run has met: nobody tells them again."""
        if self.request.strict and (problem := self.database.run(first_problem, container_id)):
            address, fate, reason = problem
            self.progress.problem(address, f"{fate.words}, {reason}")
