"""Version 4: thresholds in force, what people said, what was decided, and views of it.

The views and tables are spelled out as they were when this step was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SCORES = """s.member_id, s.file_name, s.file_path, {archive}s.type, s.hash_id, s.tag, s.tag_score,
    t.threshold, s.model_name, s.model_type, s.model_train_date"""
# SQLite takes a CROSS JOIN's tables as they stand: few thresholds or answers, then by indexes.
_TAGS = """CREATE VIEW {view} AS
SELECT {columns}, FALSE AS by_person
FROM thresholds AS t CROSS JOIN {scores} AS s
WHERE s.tag = t.tag AND s.classifier_id = t.classifier_id AND s.tag_score >= t.threshold
    AND NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.hash_id = s.hash_id AND a.tag = s.tag)
UNION ALL
SELECT {columns}, TRUE AS by_person
FROM answers AS a
    CROSS JOIN pictures AS p CROSS JOIN members AS m CROSS JOIN thresholds AS t
    CROSS JOIN {scores} AS s
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
        sum(CASE WHEN coalesce(a.has_tag, s.tag_score >= t.threshold) THEN 1 ELSE 0 END) AS decided,
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
    """Add what decisions need; nothing is decided until the next run decides."""
    decided = sa.Column(
        "is_decided",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether the tags of its pictures stand in `decided`",
    )
    op.add_column("containers", decided)
    told = sa.Column(
        "decisions",
        sa.LargeBinary,
        comment="digest of the decisions that it tells, apart from that; NULL where it tells none",
    )
    op.add_column("results", told)
    op.create_index("ix_members_picture_id", "members", ["picture_id"])
    op.create_index("ix_pictures_hash_id", "pictures", ["hash_id"])
    _create_tables()
    for scores, view in (("zip_score_cache", "zip_tags"), ("score_cache", "tags")):
        if sa.inspect(op.get_bind()).has_table(scores):
            _create_views(scores, view)


def _create_tables() -> None:
    op.create_table(
        "thresholds",
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("classifier_id", _ID, nullable=False),
        sa.Column(
            "version",
            sa.LargeBinary,
            nullable=False,
            comment="digest of classifier file and vectors",
        ),
        sa.Column(
            "threshold",
            sa.Double,
            comment="scores of at least this are decided; none where it is NULL",
        ),
        sa.Column(
            "chosen_by",
            sa.Text,
            nullable=False,
            comment="recommended, precision_95, ..., number; default where its file tells none",
        ),
        sa.PrimaryKeyConstraint("tag", name="pk_thresholds"),
        sa.UniqueConstraint("classifier_id", name="uq_thresholds_classifier_id"),
        sa.ForeignKeyConstraint(
            ["classifier_id"], ["classifiers.id"], name="fk_thresholds_classifier_id"
        ),
    )
    op.create_table(
        "answers",
        sa.Column("hash_id", sa.Text, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("has_tag", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("hash_id", "tag", name="pk_answers"),
    )
    container = sa.Column(
        "container_id",
        _ID,
        nullable=False,
        comment="the member's, so that counting asks no other table",
    )
    _create_of_members("decided", container)
    _create_of_members("changes", sa.Column("is_gained", sa.Boolean, nullable=False))


def _create_of_members(name: str, column: sa.Column[int] | sa.Column[bool]) -> None:
    op.create_table(
        name,
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        column,
        sa.PrimaryKeyConstraint("member_id", "tag", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=f"fk_{name}_member_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )


def _create_views(scores: str, view: str) -> None:
    is_zip = scores == "zip_score_cache"
    columns = _SCORES.format(archive="s.archive_path, " if is_zip else "")
    op.execute(_TAGS.format(view=view, columns=columns, scores=scores))
    if is_zip:
        op.execute(_ARCHIVE_TAGS.format(**_BEST[op.get_bind().dialect.name]))
