"""Version 7: up to which novelty each tag is decided; the views of tags follow it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
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


def upgrade() -> None:
    """Add the column; until a run is told otherwise, all is decided as it was."""
    op.add_column(
        "thresholds",
        sa.Column(
            "max_novelty",
            sa.Double,
            nullable=False,
            server_default="1",
            comment="pictures of a greater novelty are not decided; 1 where all are",
        ),
    )
    op.add_column(
        "estimates",
        sa.Column(
            "n_too_novel",
            _BIG,
            nullable=False,
            server_default="0",
            comment="of them, those too novel to be decided: share and precision are without",
        ),
    )
    for scores, view in (("zip_score_cache", "zip_tags"), ("score_cache", "tags")):
        if sa.inspect(op.get_bind()).has_table(scores):
            op.execute(f"DROP VIEW IF EXISTS {view}")
            archive = "s.archive_path, " if scores == "zip_score_cache" else ""
            columns = _SCORES.format(archive=archive)
            op.execute(_TAGS.format(view=view, columns=columns, scores=scores, usual=_USUAL))
            if archive:
                op.execute("DROP VIEW IF EXISTS archive_tags")
                best = _BEST[op.get_bind().dialect.name]
                op.execute(_ARCHIVE_TAGS.format(**best, usual=_USUAL))
