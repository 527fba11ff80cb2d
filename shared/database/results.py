"""Statements for what a run shows: totals, problems, and what a results folder is made from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from shared.database.members import entry_key
from shared.database.scores import ScoreTable
from shared.database.tables import (
    ContainerRow,
    MemberRow,
    NoveltyRow,
    PictureRow,
    ResultsRow,
    ScoringRow,
    SurveyRow,
)
from shared.errors import HARMLESS, Fate
from shared.records import EntryKey

_PROBLEMS = [fate for fate in Fate if fate not in HARMLESS]


@dataclass(frozen=True, slots=True)
class Totals:
    """What the survey's containers hold; ``fates`` counts their members by fate.

    ``unopened`` counts the containers that could not be opened, by fate.
    """

    n_containers: int
    fates: dict[Fate, int]
    unopened: dict[Fate, int]
    n_rows: int

    @property
    def has_problems(self) -> bool:
        """Whether some container or member could not be used."""
        return any(fate.is_problem for fate in (*self.fates, *self.unopened))


@dataclass(frozen=True, slots=True)
class ScoredMember:
    """A scored member with its scores, in ascending order of classifier id.

    ``novelty`` is None where it is labelled, or was never compared with what is.
    """

    id: int
    key: EntryKey
    file_path: str
    parent: str
    file_name: str
    hash_id: str
    content_sha256: bytes
    n_bytes: int
    scores: tuple[float, ...]
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that was not scored. ``position`` and ``id`` say where a list of them goes on."""

    position: int
    id: int
    address: str
    fate: Fate
    reason: str


def run_totals(connection: Connection) -> Totals:
    """Count everything that stands for the containers of the survey."""
    surveyed = select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)
    fates = connection.execute(
        select(MemberRow.fate, func.count())
        .where(MemberRow.container_id.in_(surveyed))
        .group_by(MemberRow.fate)
    )
    unopened = connection.execute(
        select(ContainerRow.fate, func.count())
        .where(ContainerRow.id.in_(surveyed), ContainerRow.fate.is_not(None))
        .group_by(ContainerRow.fate)
    )
    n_rows = connection.scalar(
        select(func.coalesce(func.sum(ScoringRow.n_rows), 0)).where(
            ScoringRow.container_id.in_(surveyed)
        )
    )
    return Totals(
        connection.scalar(select(func.count()).select_from(SurveyRow)) or 0,
        {row[0]: row[1] for row in fates},
        {fate: count for fate, count in unopened if fate},
        int(n_rows or 0),
    )


def count_zips(connection: Connection) -> int:
    """Count the members of the survey's containers that are called like a zip archive."""
    surveyed = select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)
    name = func.lower(MemberRow.file_name)
    named = select(func.count()).where(
        MemberRow.container_id.in_(surveyed),
        MemberRow.fate == Fate.NOT_AN_IMAGE,
        or_(name.endswith(".zip"), name.endswith(".cbz")),
    )
    return connection.scalar(named) or 0


def first_problem(connection: Connection, container_id: int) -> tuple[str, Fate, str] | None:
    """Address, fate and reason of a container's first problem; None where all is well."""
    own = select(ContainerRow.address, ContainerRow.fate, ContainerRow.reason).where(
        ContainerRow.id == container_id, ContainerRow.fate.is_not(None)
    )
    members = (
        select(MemberRow.file_path, MemberRow.fate, MemberRow.reason)
        .where(MemberRow.container_id == container_id, MemberRow.fate.in_(_PROBLEMS))
        .order_by(MemberRow.id)
        .limit(1)
    )
    row = connection.execute(own).first() or connection.execute(members).first()
    return (row[0], Fate(str(row[1])), row[2]) if row else None


def container_problem_page(connection: Connection, after: int, page: int) -> list[Problem]:
    """Return the next containers that could not be opened, by position in the survey."""
    rows = connection.execute(
        select(
            SurveyRow.position,
            ContainerRow.id,
            ContainerRow.address,
            ContainerRow.fate,
            ContainerRow.reason,
        )
        .join(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(SurveyRow.position > after, ContainerRow.fate.is_not(None))
        .order_by(SurveyRow.position)
        .limit(page)
    )
    return [
        Problem(position, row_id, address, Fate(str(fate)), reason)
        for position, row_id, address, fate, reason in rows
    ]


def member_problem_page(connection: Connection, after: tuple[int, int], page: int) -> list[Problem]:
    """Return the next members that were not scored and not ignored, in the order of the run."""
    position, member_id = after
    rows = connection.execute(
        select(
            SurveyRow.position, MemberRow.id, MemberRow.file_path, MemberRow.fate, MemberRow.reason
        )
        .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
        .join(SurveyRow, SurveyRow.address == ContainerRow.address)
        .where(
            (SurveyRow.position > position)
            | ((SurveyRow.position == position) & (MemberRow.id > member_id)),
            MemberRow.fate.in_([*_PROBLEMS, Fate.NOT_AN_IMAGE]),
        )
        .order_by(SurveyRow.position, MemberRow.id)
        .limit(page)
    )
    return [
        Problem(at, row_id, address, fate, reason) for at, row_id, address, fate, reason in rows
    ]


def scored_page(
    connection: Connection, table: ScoreTable, container_id: int, after: int, page: int
) -> list[ScoredMember]:
    """Return a container's next scored members with all of their scores, by ascending id."""
    members = connection.execute(
        select(
            MemberRow.id,
            MemberRow.entry,
            MemberRow.file_path,
            MemberRow.parent,
            MemberRow.file_name,
            PictureRow.hash_id,
            PictureRow.content_sha256,
            PictureRow.n_bytes,
            NoveltyRow.novelty,
        )
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .outerjoin(NoveltyRow, NoveltyRow.picture_id == PictureRow.id)
        .where(
            MemberRow.container_id == container_id,
            MemberRow.id > after,
            MemberRow.fate == Fate.SCORED,
        )
        .order_by(MemberRow.id)
        .limit(page)
    ).all()
    scores: dict[int, list[float]] = {member.id: [] for member in members}
    rows = connection.execute(
        select(table.member_id, table.tag_score)
        .where(table.member_id.in_(list(scores)))
        .order_by(table.member_id, table.classifier_id)
    )
    for member_id, score in rows:
        scores[member_id].append(score)
    return [
        ScoredMember(
            one.id,
            entry_key(one.entry),
            one.file_path,
            one.parent,
            one.file_name,
            one.hash_id,
            one.content_sha256,
            one.n_bytes,
            tuple(scores[one.id]),
            one.novelty,
        )
        for one in members
    ]


def results_fingerprint(connection: Connection, extra: Sequence[bytes]) -> bytes:
    """Digest of everything that a results folder of this survey would show.

    Parameters
    ----------
    extra : sequence of bytes
        What else shapes the folder: the versions of the classifiers, the number of bins.
    """
    digest = hashlib.sha256()
    for part in extra:
        digest.update(len(part).to_bytes(8, "big") + part)
    rows = connection.execute(
        select(ContainerRow.address, ContainerRow.stamp, ContainerRow.revision)
        .join(SurveyRow, SurveyRow.address == ContainerRow.address)
        .order_by(SurveyRow.position)
        .execution_options(yield_per=1000)
    )
    for address, stamp, revision in rows:
        digest.update(f"{len(address)} {address} {revision} ".encode() + stamp)
    return digest.digest()


def standing_results(
    connection: Connection, directory: str, output: str
) -> tuple[str, bytes] | None:
    """Name and fingerprint of the last complete results for a directory in an output folder."""
    row = connection.execute(
        select(ResultsRow.folder, ResultsRow.fingerprint).where(
            ResultsRow.directory == directory, ResultsRow.output == output
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def note_results(
    connection: Connection, directory: str, output: str, folder: str, fingerprint: bytes
) -> None:
    """Note that a results folder is complete and what it shows."""
    place = {"directory": directory, "output": output}
    connection.execute(delete(ResultsRow).filter_by(**place))
    connection.execute(insert(ResultsRow).values(**place, folder=folder, fingerprint=fingerprint))


def told_decisions(connection: Connection, directory: str, output: str) -> bytes | None:
    """Digest of the decisions that the results for a directory tell; None where they tell none."""
    told = select(ResultsRow.decisions).filter_by(directory=directory, output=output)
    return connection.scalar(told)


def note_decisions(connection: Connection, directory: str, output: str, decisions: bytes) -> None:
    """Note which decisions the results for a directory tell."""
    place = update(ResultsRow).filter_by(directory=directory, output=output)
    connection.execute(place.values(decisions=decisions))
