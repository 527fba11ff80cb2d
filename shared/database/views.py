"""Views for users and other programs: the tags that are decided, by picture and by archive.

They follow from the scores, the thresholds in force and what people said; nothing is stored twice.
Changing one takes a step in `migrations/scores`.
"""

from sqlalchemy import Column, Connection, MetaData, Table

from shared.database.base import ODD_REMEDY
from shared.database.column_types import (
    BigNumberColumn,
    NumberColumn,
    ScoreColumn,
    TextColumn,
    TruthColumn,
    name_columns,
)

_SCORES = """s.member_id, s.file_name, s.file_path, {archive}s.type, s.hash_id, s.tag, s.tag_score,
    t.threshold, s.model_name, s.model_type, s.model_train_date, e.precision, n.novelty"""
# Where no novelty is too great, none is looked up: that would be once for each row.
_USUAL = """(t.max_novelty >= 1 OR NOT EXISTS (SELECT 1
        FROM members AS o JOIN novelties AS w ON w.picture_id = o.picture_id
        WHERE o.id = s.member_id AND w.novelty > t.max_novelty))"""
# SQLite takes a CROSS JOIN's tables as they stand: few thresholds or answers, then by indexes.
_TAGS = """CREATE VIEW {view} AS
SELECT {columns}, FALSE AS by_person
FROM thresholds AS t CROSS JOIN {scores} AS s LEFT JOIN estimates AS e ON e.tag = s.tag
    LEFT JOIN members AS m ON m.id = s.member_id
    LEFT JOIN novelties AS n ON n.picture_id = m.picture_id
WHERE s.tag = t.tag AND s.classifier_id = t.classifier_id AND s.tag_score >= t.threshold
    AND {usual}
    AND NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.hash_id = s.hash_id AND a.tag = s.tag)
UNION ALL
SELECT {columns}, TRUE AS by_person
FROM answers AS a
    CROSS JOIN pictures AS p CROSS JOIN members AS m CROSS JOIN thresholds AS t
    CROSS JOIN {scores} AS s LEFT JOIN estimates AS e ON e.tag = s.tag
    LEFT JOIN novelties AS n ON n.picture_id = m.picture_id
WHERE a.has_tag AND p.hash_id = a.hash_id AND m.picture_id = p.id AND t.tag = a.tag
    AND s.member_id = m.id AND s.classifier_id = t.classifier_id AND s.tag = a.tag"""
# An archive that is an entry of another one is a member: so ancestors are found.
_ARCHIVE_TAGS = """CREATE VIEW archive_tags AS
WITH RECURSIVE above (archive_path, ancestor) AS (
    SELECT parent, parent FROM members
    UNION
    SELECT above.archive_path, m.parent
    FROM above JOIN members AS m ON m.file_path = above.ancestor
),
direct AS (
    SELECT s.archive_path, s.tag, count(*) AS pictures, sum(s.tag_score) AS total,
        sum(CASE WHEN coalesce(a.has_tag, s.tag_score >= t.threshold AND {usual})
            THEN 1 ELSE 0 END) AS decided,
        max(s.tag_score) AS best_score, {direct_best} AS best
    FROM zip_score_cache AS s
        JOIN thresholds AS t ON t.classifier_id = s.classifier_id AND t.tag = s.tag
        LEFT JOIN answers AS a ON a.hash_id = s.hash_id AND a.tag = s.tag
    GROUP BY s.archive_path, s.tag
)
SELECT above.ancestor AS archive_path, d.tag,
    CAST(sum(d.pictures) AS BIGINT) AS pictures, CAST(sum(d.decided) AS BIGINT) AS decided,
    CAST(sum(d.decided) AS DOUBLE PRECISION) / sum(d.pictures) AS share,
    sum(d.total) / sum(d.pictures) AS mean_score,
    max(d.best_score) AS best_score, {best} AS best
FROM direct AS d JOIN above ON above.archive_path = d.archive_path
GROUP BY above.ancestor, d.tag"""
# Beside a max() SQLite takes other columns from the row that has it.
_BEST = {
    "sqlite": {"direct_best": "s.file_path", "best": "d.best"},
    "postgresql": {
        "direct_best": "(array_agg(s.file_path ORDER BY s.tag_score DESC, s.member_id))[1]",
        "best": "(array_agg(d.best ORDER BY d.best_score DESC, d.best))[1]",
    },
}

TAGS = {"zip_score_cache": "zip_tags", "score_cache": "tags"}
"""The view of decided tags of each table of scores."""
_VIEWS = MetaData()
ARCHIVE_TAGS = Table(
    "archive_tags",
    _VIEWS,
    Column("archive_path", TextColumn),
    Column("tag", TextColumn),
    Column("pictures", NumberColumn),
    Column("decided", NumberColumn),
    Column("share", ScoreColumn),
    Column("mean_score", ScoreColumn),
    Column("best_score", ScoreColumn),
    Column("best", TextColumn),
)
"""Per archive, with all that is nested in it, and tag: pictures, those decided, best address."""


def _tag_view(name: str, *archive: str) -> Table:
    texts = ("file_name", "file_path", *archive, "type", "hash_id", "model_name", "model_type")
    return Table(
        name,
        _VIEWS,
        Column("member_id", BigNumberColumn),
        *(Column(text, TextColumn) for text in (*texts, "model_train_date", "tag")),
        Column("tag_score", ScoreColumn),
        Column("threshold", ScoreColumn),
        Column("by_person", TruthColumn),
        Column("precision", ScoreColumn),
        Column("novelty", ScoreColumn),
    )


TAG_VIEWS = {
    "zip_score_cache": _tag_view(TAGS["zip_score_cache"], "archive_path"),
    "score_cache": _tag_view(TAGS["score_cache"]),
}
"""The same views, as statements ask them: decided tags, with the picture's columns."""
name_columns(_VIEWS, ODD_REMEDY)


def view_names(scores: str) -> list[str]:
    """Names of the views over a table of scores; none over another table."""
    return [name for name, _ in _views(scores, "sqlite")]


def create_views(connection: Connection, scores: str) -> None:
    """Make the views over a table of scores."""
    for _, statement in _views(scores, connection.dialect.name):
        connection.exec_driver_sql(statement)


def _views(scores: str, dialect: str) -> list[tuple[str, str]]:
    if scores not in TAGS:
        return []
    is_zip = scores == "zip_score_cache"
    columns = _SCORES.format(archive="s.archive_path, " if is_zip else "")
    tags = _TAGS.format(view=TAGS[scores], columns=columns, scores=scores, usual=_USUAL)
    archive_tags = _ARCHIVE_TAGS.format(**_BEST[dialect], usual=_USUAL)
    archives = [("archive_tags", archive_tags)] if is_zip else []
    return [(TAGS[scores], tags), *archives]
