"""Statements about classifiers, how far each has got, and score rows. Nothing commits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, func, inspect, select, update

from shared.batching import iter_batches
from shared.database.bulk import PAGE, ids_of, insert_many, insert_new
from shared.database.surveys import IS_READ
from shared.database.tables import (
    ClassifierRow,
    ContainerRow,
    MemberRow,
    NoveltyRow,
    ScoreCache,
    ScoringRow,
    SurveyRow,
    ZipScoreCache,
)
from shared.errors import RunError

ScoreTable = type[ScoreCache] | type[ZipScoreCache]
MAX_PICTURES = 10_000
"""Most that are suggested of one tag."""
MANY = 0.1
"""Of all rows of a run: if so many are to be written, no index is kept up to date meanwhile."""


@dataclass(frozen=True, slots=True)
class ScoringState:
    """How far one container has been scored by one version of a classifier."""

    version: bytes
    complete: bool
    scored_through: int
    n_rows: int


def classifier_ids(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Ids of the classifiers by name; those that are new are added, in the order given."""
    ids = ids_of(connection, ClassifierRow.model_name, ClassifierRow.id, names)
    new = [{"model_name": name} for name in names if name not in ids]
    if new:
        insert_new(connection, ClassifierRow, new, ClassifierRow.model_name)
        ids = ids_of(connection, ClassifierRow.model_name, ClassifierRow.id, names)
    return ids


def scoring_progress(connection: Connection, container_id: int) -> dict[int, ScoringState]:
    """Tell how far each classifier has scored a container, by classifier id."""
    rows = connection.execute(
        select(
            ScoringRow.classifier_id,
            ScoringRow.version,
            ScoringRow.complete,
            ScoringRow.scored_through,
            ScoringRow.n_rows,
        ).where(ScoringRow.container_id == container_id)
    )
    return {row[0]: ScoringState(*row[1:]) for row in rows}


def is_all_scored(connection: Connection, versions: Mapping[int, bytes]) -> bool:
    """Tell whether all containers of the survey are read, and scored by just these classifiers."""
    n_containers, n_read = connection.execute(
        select(func.count(), func.count().filter(IS_READ)).select_from(SurveyRow)
    ).one()
    rows = connection.execute(
        select(ScoringRow.classifier_id, ScoringRow.version, ScoringRow.complete, func.count())
        .join(ContainerRow, ContainerRow.id == ScoringRow.container_id)
        .join(SurveyRow, SurveyRow.address == ContainerRow.address)
        .group_by(ScoringRow.classifier_id, ScoringRow.version, ScoringRow.complete)
    )
    found = {tuple(row) for row in rows}
    expected = {(i, version, True, n_containers) for i, version in versions.items()}
    return n_containers == n_read and (found == expected or not n_containers)


def drop_scores(
    connection: Connection, table: ScoreTable, container_id: int, stale: Sequence[int]
) -> None:
    """Delete the rows of these classifiers for a container, and the note that they were made."""
    members = select(MemberRow.id).where(MemberRow.container_id == container_id)
    for ids in iter_batches(stale, PAGE):
        connection.execute(
            delete(table).where(table.member_id.in_(members), table.classifier_id.in_(ids))
        )
        connection.execute(
            delete(ScoringRow).where(
                ScoringRow.container_id == container_id, ScoringRow.classifier_id.in_(ids)
            )
        )


def start_scoring(connection: Connection, container_id: int, versions: Mapping[int, bytes]) -> None:
    """Note that these classifiers begin on a container."""
    rows = [
        {
            "container_id": container_id,
            "classifier_id": classifier_id,
            "version": version,
            "complete": False,
            "scored_through": 0,
            "n_rows": 0,
        }
        for classifier_id, version in versions.items()
    ]
    insert_new(connection, ScoringRow, rows, ScoringRow.container_id, ScoringRow.classifier_id)


def note_progress(
    connection: Connection,
    container_id: int,
    classifiers: Sequence[int],
    scored_through: int,
    n_rows: int,
) -> None:
    """Note that these classifiers have scored up to a member id and made ``n_rows`` rows each."""
    facts = {"scored_through": scored_through, "n_rows": n_rows}
    _update(connection, container_id, classifiers, facts)


def finish_scoring(connection: Connection, container_id: int, classifiers: Sequence[int]) -> None:
    """Note that these classifiers have scored all of a container."""
    _update(connection, container_id, classifiers, {"complete": True})


def write_rows(
    connection: Connection, table: ScoreTable, rows: Sequence[tuple[object, ...]]
) -> None:
    """Add score rows in bulk, each in the order of the table's columns (the archive's last)."""
    if rows:
        insert_many(connection, _core(table), rows)


def index_scores(connection: Connection, table: ScoreTable) -> None:
    """Have the rows of a tag found by their scores, the best first; once, when all are written."""
    name = table.__tablename__
    columns = "tag, tag_score, classifier_id"  # the last so that counting asks the index alone
    statement = f"CREATE INDEX IF NOT EXISTS {_index(table)} ON {name} ({columns})"
    connection.exec_driver_sql(statement)


def score_counts(
    connection: Connection, table: ScoreTable, tag: str, classifier_id: int, edges: Sequence[float]
) -> list[int]:
    """Count a classifier's rows between edges: those below the first, ..., from the last one on."""
    ours = select(func.count()).where(table.tag == tag, table.classifier_id == classifier_id)
    counts = []
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        within = ours if low is None else ours.where(table.tag_score >= low)
        within = within if high is None else within.where(table.tag_score < high)
        counts.append(connection.scalar(within) or 0)
    return counts


def drop_index_before_many(
    connection: Connection, table: ScoreTable, versions: Mapping[int, bytes]
) -> None:
    """Drop the index where many rows are to come: scores go all over it, page by page.

    To write 3 million rows took 168 to 229 s with it; 16 to 23 s without, and 3 to 6 to make it.
    """
    n_pairs = (connection.scalar(select(func.count()).select_from(SurveyRow)) or 0) * len(versions)
    rows = connection.execute(
        select(ScoringRow.classifier_id, ScoringRow.version, func.count())
        .join(ContainerRow, ContainerRow.id == ScoringRow.container_id)
        .join(SurveyRow, SurveyRow.address == ContainerRow.address)
        .where(ScoringRow.complete)
        .group_by(ScoringRow.classifier_id, ScoringRow.version)
    )
    n_done = sum(count for i, version, count in rows if versions.get(i) == version)
    if n_done < (1 - MANY) * n_pairs:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {_index(table)}")


def _index(table: ScoreTable) -> str:
    return f"ix_{table.__tablename__}_tag"


def forget_lost_rows(connection: Connection, table: ScoreTable) -> None:
    """Where another program has deleted score rows, forget that they were made."""
    for container_id, classifier_id in lost_scorings(connection, table):
        drop_scores(connection, table, container_id, [classifier_id])


def lost_scorings(connection: Connection, table: ScoreTable) -> list[tuple[int, int]]:
    """Ids of containers and classifiers of which another program has deleted score rows.

    The total is compared first, because counting by container is slow and hardly ever needed.
    """
    expected = connection.scalar(select(func.coalesce(func.sum(ScoringRow.n_rows), 0)))
    if connection.scalar(select(func.count()).select_from(table)) == expected:
        return []
    standing = (
        select(MemberRow.container_id, table.classifier_id, func.count().label("n_rows"))
        .join(MemberRow, MemberRow.id == table.member_id)
        .group_by(MemberRow.container_id, table.classifier_id)
        .subquery()
    )
    lost = (
        select(ScoringRow.container_id, ScoringRow.classifier_id)
        .outerjoin(
            standing,
            (standing.c.container_id == ScoringRow.container_id)
            & (standing.c.classifier_id == ScoringRow.classifier_id),
        )
        .where(func.coalesce(standing.c.n_rows, 0) != ScoringRow.n_rows)
    )
    return [(row[0], row[1]) for row in connection.execute(lost)]


def uncertain_rows(connection: Connection, tag: str) -> list[tuple[str, str, float]]:
    """Hash, one address and mean score of the pictures whose scores are nearest to one half.

    Raises
    ------
    RunError
        Where the database holds no table of scores.
    """
    for table in _tables(connection):
        score = func.avg(table.tag_score)
        statement = (
            select(table.hash_id, func.min(table.file_path), score)
            .where(table.tag == tag)
            .group_by(table.hash_id)
            .order_by(func.abs(score - 0.5), table.hash_id)
            .limit(MAX_PICTURES)
        )
        return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
    raise _no_scores(connection)


def novel_rows(connection: Connection, tag: str) -> list[tuple[str, str, float]]:
    """Hash, one address and mean score of the pictures that were the most novel."""
    for table in _tables(connection):
        novelty = func.max(NoveltyRow.novelty)
        statement = (
            select(table.hash_id, func.min(table.file_path), func.avg(table.tag_score))
            .join(MemberRow, MemberRow.id == table.member_id)
            .join(NoveltyRow, NoveltyRow.picture_id == MemberRow.picture_id)
            .where(table.tag == tag)
            .group_by(table.hash_id)
            .order_by(novelty.desc(), table.hash_id)
            .limit(MAX_PICTURES)
        )
        return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
    raise _no_scores(connection)


def train_date(connection: Connection, classifier_id: int) -> str | None:
    """When a classifier was trained, as one of its rows has it; None where none tells."""
    for table in _tables(connection):
        told = select(table.model_train_date).where(table.classifier_id == classifier_id).limit(1)
        if found := connection.scalar(told):
            return found
    return None


def iter_distinct(
    connection: Connection, tag: str, classifier_id: int
) -> Iterator[tuple[str, str, float, float]]:
    """Yield hash, one address, score and novelty of every different picture that it has scored.

    The least novelty counts, as it is decided where one of its places is; 0 where none is known.
    """
    novelty = func.min(func.coalesce(NoveltyRow.novelty, 0.0))
    for table in _tables(connection):
        rows = connection.execute(
            select(table.hash_id, func.min(table.file_path), func.max(table.tag_score), novelty)
            .outerjoin(MemberRow, MemberRow.id == table.member_id)
            .outerjoin(NoveltyRow, NoveltyRow.picture_id == MemberRow.picture_id)
            .where(table.tag == tag, table.classifier_id == classifier_id)
            .group_by(table.hash_id)
            .execution_options(yield_per=PAGE)
        )
        yield from ((row[0], row[1], row[2], row[3]) for row in rows)


def _no_scores(connection: Connection) -> RunError:
    where = str(connection.engine.url.database)
    return RunError(where, "holds no table of scores", "Give the database of stage 3 or 4.")


def _tables(connection: Connection) -> list[ScoreTable]:
    names = inspect(connection).get_table_names()
    tables: tuple[ScoreTable, ...] = (ZipScoreCache, ScoreCache)
    return [one for one in tables if one.__tablename__ in names]


def _update(
    connection: Connection,
    container_id: int,
    classifiers: Sequence[int],
    facts: Mapping[str, object],
) -> None:
    for ids in iter_batches(classifiers, PAGE):
        connection.execute(
            update(ScoringRow)
            .where(ScoringRow.container_id == container_id, ScoringRow.classifier_id.in_(ids))
            .values(facts)
        )


def _core(table: ScoreTable) -> Table:
    core = table.__table__
    assert isinstance(core, Table)
    return core
