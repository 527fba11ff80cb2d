"""What a run would do, and what that would take; nothing is written, and no picture is read.

The survey is the run's own, in a database that hides what it changes. Archives that would be read
are listed: of a picture that is new, its bytes might still be known.
"""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shared.batching import iter_batches
from shared.database.dry import open_dry
from shared.database.engine import Database
from shared.database.labels import LABELS_FILE, load_labels
from shared.database.members import count_pictures, known_contents
from shared.database.novelties import unjudged_page
from shared.database.placed import classifiers_by_name
from shared.database.results import run_totals
from shared.database.runs import Work, latest_runs
from shared.database.scores import lost_scorings, scoring_progress
from shared.database.surveys import Standing, has_same_stamp
from shared.database.tables import Stands
from shared.errors import RunError, SkipError
from shared.flow.deciding import WantedThresholds, chosen, fitted
from shared.flow.inputs import Inputs
from shared.flow.preparing import load_asked, publisher_of, shows_fitted
from shared.flow.publishing import Publisher
from shared.flow.rates import Duration, duration
from shared.flow.reading.known import MAX_ASKED, known_in
from shared.flow.request import ClassifyRequest
from shared.flow.room import iter_listed, layout_of, standing_room, thumbnail_room
from shared.flow.scoring import Team, team_of
from shared.flow.survey import Gone, SurveyTotals, iter_standing, take_survey
from shared.flow.threshold_files import Wish
from shared.progress import Progress, StrictProgress
from shared.records import ANY_NOVELTY, Member
from shared.results.room import Room, ShownFile, free_bytes, no_room, room_of
from shared.results.thumbnails import ThumbnailFolder

NEW, CHANGED, UNFINISHED, AGAIN = "new", "changed", "unfinished", "read again"
UNCHANGED, AWAY = "unchanged", "away"
"""What is said of a container; it is read again where limits, embedder or `--rescan` ask for it."""
_KINDS = {
    Stands.ALL: UNCHANGED,
    Stands.AWAY: AWAY,
    Stands.BEGUN: UNFINISHED,
    Stands.BEGINNING: UNFINISHED,
}
N_RUNS = 20
"""Rates are taken from so many runs, the latest ones."""
ROW_BYTES = 500
"""What a score row takes in the database, its part of the indexes included: 330 to 690."""


@dataclass(slots=True)
class Prospects:
    """What a survey has found, by what stands of it, and what there is left to do.

    ``n_unreadable`` containers would be read and cannot be opened. Pictures ``to_read`` are those
    of containers that are new or have changed; those that are known by their bytes would not be
    decoded, so that ``to_decode`` and ``to_embed`` are at most so many.
    """

    stands: dict[str, int] = field(default_factory=dict)
    n_unreadable: int = 0
    to_read: int = 0
    to_decode: int = 0
    to_embed: int = 0
    to_score: int = 0
    n_rows: int = 0

    def work(self, n_published: int) -> Work:
        """Tell what a run would do, with so many pictures in a new results folder."""
        return Work(
            n_read=self.to_read,
            n_decoded=self.to_decode,
            n_embedded=self.to_embed,
            n_rows=self.n_rows,
            n_published=n_published,
        )

    def add_unread(self, n_pictures: int, n_classifiers: int) -> None:
        """Count pictures that would be read and scored."""
        self.to_read += n_pictures
        self.to_score += n_pictures
        self.n_rows += n_pictures * n_classifiers


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would find and do.

    ``standing`` is the results folder that would be left as it is; ``room`` what a new one would
    take, None where none would be made. ``refusal`` is why the run would end before it.
    """

    counts: Prospects
    survey: SurveyTotals
    duration: Duration
    database: str
    free_bytes: int
    standing: Path | None
    room: Room | None
    refusal: RunError | None
    has_problems: bool
    n_refused: int

    @property
    def gone(self) -> Gone:
        """What would be forgotten."""
        return self.survey.gone


def forecast(request: ClassifyRequest, progress: Progress) -> Forecast:
    """Find out what `classify` would do; nothing is written.

    Raises
    ------
    RunError
        Where a run would end before it has read anything.
    """
    if request.strict:
        progress = StrictProgress(progress)
    inputs, wishes = load_asked(request, progress, leaves_index=False)
    with open_dry(request.database, request.table) as database:
        return _DryRun(request, inputs, database, progress).forecast(wishes)


class _DryRun:
    """The steps of a dry run over one database."""

    def __init__(
        self, request: ClassifyRequest, inputs: Inputs, database: Database, progress: Progress
    ) -> None:
        self.request = request
        self.inputs = inputs
        self.database = database
        self.progress = progress
        self.team = _team(database, inputs)
        self.known = known_in(database, inputs.metadata, inputs.embedder_name)
        self.counts = Prospects()
        self._unread = Room()

    def forecast(self, wishes: Mapping[str, Wish]) -> Forecast:
        """Take the survey, and count what it leaves to do."""
        request, database = self.request, self.database
        survey = take_survey(
            database,
            request.source,
            request.limits,
            self.inputs.read_under(request.limits),
            rescan=request.rescan,
            forget_gone=request.forget_gone,
        )
        thresholds = chosen(self.team, request.threshold, wishes, request.max_novelty)
        labels = load_labels(request.output / LABELS_FILE)
        publisher = publisher_of(
            request, database, self.team, thresholds, labels, refused=self.inputs.refused
        )
        lost = set(database.run(lost_scorings, request.table))
        self.progress.start(survey.n_entries, "listing")
        for container in iter_standing(database):
            self._count(container, publisher, lost)
            self.progress.advance(container.n_entries)
        if shows_fitted(request) and self._is_scored:
            trained = {i: one.score_counts for i, one in self.team.classifiers.items()}
            asked = WantedThresholds(thresholds, trained)
            hold = database.run(fitted, request.table, asked)
            publisher = publisher_of(
                request, database, self.team, hold, labels, refused=self.inputs.refused
            )
        is_away = 0 < survey.n_containers == survey.n_away
        wanted = publisher if request.results != "none" and not is_away else None
        standing, room = self._results(wanted)
        totals = database.run(run_totals)
        n_published = room.n_pictures if room else 0
        runs = database.run(latest_runs, request.command, N_RUNS)
        counts, free, n_refused = self.counts, free_bytes(request.output), len(self.inputs.refused)
        is_known = not publisher.shelves.hurdles or not counts.n_rows
        is_full = bool(room and is_known and room.n_all_bytes > free)
        return Forecast(
            counts,
            survey,
            duration(runs, counts.work(n_published)),
            database.where,
            free,
            standing,
            room,
            no_room(request.output, room) if room and is_full else None,
            has_problems=bool(n_refused or counts.n_unreadable or not survey.n_containers)
            or totals.has_problems,
            n_refused=n_refused,
        )

    def _count(self, container: Standing, publisher: Publisher, lost: set[tuple[int, int]]) -> None:
        kind = self._kind(container)
        self.counts.stands[kind] = self.counts.stands.get(kind, 0) + 1
        if container.is_read:
            self._count_read(container, lost)
        elif isinstance(self.request.source.directory, Path):
            with suppress(SkipError):
                self._count_listed(container, publisher)
                return
            self.counts.n_unreadable += 1
        else:  # listing an archive in a storage fetches most of it
            self._count_declared(container, publisher)

    def _kind(self, container: Standing) -> str:
        """Say in words what stands of a container, or why it would be read."""
        if container.stands in _KINDS:
            return _KINDS[container.stands]
        if container.id is None:
            return NEW
        is_same = self.database.run(has_same_stamp, container.position)
        return AGAIN if is_same else CHANGED

    def _count_read(self, container: Standing, lost: set[tuple[int, int]]) -> None:
        assert container.id is not None
        done = self.database.run(scoring_progress, container.id)
        missing = [
            i
            for i, version in self.team.versions.items()
            if i not in done
            or not done[i].complete
            or done[i].version != version
            or (container.id, i) in lost
        ]
        if missing:
            n_pictures = self.database.run(count_pictures, container.id)
            self.counts.to_score += n_pictures
            self.counts.n_rows += n_pictures * len(missing)

    def _count_listed(self, container: Standing, publisher: Publisher) -> None:
        source, limits = self.request.source, self.request.limits
        listed = iter_listed(source, container.location, limits)
        first = list(itertools.islice(listed, 1))  # of one that cannot be opened nothing is counted
        layout = layout_of(publisher)
        for members in iter_batches(itertools.chain(first, listed), MAX_ASKED):
            self.counts.add_unread(len(members), len(self.team.versions))
            self._unread += room_of((ShownFile(b"", one.size) for one in members), layout)
            self._count_unknown(container, members)

    def _count_unknown(self, container: Standing, members: Sequence[Member]) -> None:
        """Count what would have to be decoded and embedded of pictures that are not known.

        What has the same address and size as when it was read last is taken to be the same.
        """
        known: Mapping[str, tuple[bytes, int]] = {}
        if container.id is not None:
            addresses = [one.place.address for one in members]
            known = self.database.run(known_contents, container.id, addresses)
        sizes = {one.place.address: one.size for one in members}
        digests = [digest for at, (digest, size) in known.items() if sizes[at] == size]
        found = self.known.pictures(digests)
        lacking = self.known.lacking(found) if self.inputs.embedder else set()
        n_unknown = len(members) - sum(digest in found for digest in digests)
        self.counts.to_decode += n_unknown + len(lacking)
        if self.inputs.embedder:
            self.counts.to_embed += n_unknown + len(lacking)

    def _count_declared(self, container: Standing, publisher: Publisher) -> None:
        n_pictures = container.n_entries
        self.counts.add_unread(n_pictures, len(self.team.versions))
        self.counts.to_decode += n_pictures
        self.counts.to_embed += n_pictures if self.inputs.embedder else 0
        some = ShownFile(b"", container.n_bytes, n_pictures, max(1, n_pictures))
        self._unread += room_of([some], layout_of(publisher))

    def _results(self, publisher: Publisher | None) -> tuple[Path | None, Room | None]:
        """Find the results folder that stands, or what a new one takes."""
        if publisher is None:
            return None, None
        output, team = self.request.output, self.team.classifiers
        is_scored = self._is_scored
        if is_scored and (standing := publisher.standing(output)):
            return standing, None
        room = standing_room(publisher, team, output, is_scored=is_scored)
        if self.request.thumbnails:
            room += thumbnail_room(ThumbnailFolder.of(output), self.counts.to_decode)
        is_at_most = self._is_unread or self._may_be_too_novel(publisher)
        return None, room + self._unread + Room(is_at_most=is_at_most)

    def _may_be_too_novel(self, publisher: Publisher) -> bool:
        """Tell whether a run would compare pictures first that it may then not show."""
        is_limited = any(one.max_novelty < ANY_NOVELTY for one in publisher.shelves.hurdles)
        return is_limited and bool(self.database.run(unjudged_page, 0, 1))

    @property
    def _is_scored(self) -> bool:
        return not self.counts.n_rows and not self._is_unread

    @property
    def _is_unread(self) -> bool:
        return any(kind in self.counts.stands for kind in (NEW, CHANGED, UNFINISHED, AGAIN))


def _team(database: Database, inputs: Inputs) -> Team:
    """Gather the classifiers; those that the database does not know get ids below all others."""
    names = [one.name for one in inputs.classifiers]
    ids = database.run(classifiers_by_name, names)
    new = {name: -number for number, name in enumerate(names, 1) if name not in ids}
    return team_of({**ids, **new}, inputs.classifiers, inputs.vectors_identity)
