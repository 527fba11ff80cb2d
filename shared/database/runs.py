"""Statements about runs: what each did, and what it took. Nothing commits."""

from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, select

from shared.database.bulk import insert_new
from shared.database.tables import RunRow


@dataclass(frozen=True, slots=True)
class RunNote:
    """Which run it was; ``started`` in the user's own time."""

    started: str
    command: str
    directory: str


@dataclass(slots=True)
class Work:
    """What a run has done so far, and the seconds that it took.

    ``n_read`` counts pictures, known ones too; ``n_published`` those placed in a results folder.
    ``n_judged`` were compared with labelled ones, ``n_novel`` of them are unlike all of those.
    """

    n_containers: int = 0
    n_read: int = 0
    n_decoded: int = 0
    n_embedded: int = 0
    n_rows: int = 0
    n_published: int = 0
    n_judged: int = 0
    n_novel: int = 0
    seconds: float = 0.0
    reading_seconds: float = 0.0
    scoring_seconds: float = 0.0
    publishing_seconds: float = 0.0


def novel_share_before(connection: Connection, command: str, directory: str) -> float | None:
    """Tell which share of its new pictures was novel in the last run over a directory, if any."""
    told = (
        select(RunRow.n_novel, RunRow.n_judged)
        .where(RunRow.command == command, RunRow.directory == directory, RunRow.n_judged > 0)
        .order_by(RunRow.id.desc())
        .limit(1)
    )
    row = connection.execute(told).one_or_none()
    return row[0] / row[1] if row else None


def latest_runs(connection: Connection, command: str, limit: int) -> list[Work]:
    """Return what the latest runs of a command did, the latest first."""
    names = [one.name for one in fields(Work)]
    columns = [RunRow.__table__.columns[name] for name in names]
    rows = connection.execute(
        select(*columns).where(RunRow.command == command).order_by(RunRow.id.desc()).limit(limit)
    )
    return [Work(*row) for row in rows]


def note_run(connection: Connection, note: RunNote, work: Work) -> None:
    """Note that a run has come to its end."""
    row = {**asdict(note), **asdict(work)}
    insert_new(connection, RunRow, [row], RunRow.started, RunRow.command, RunRow.directory)
