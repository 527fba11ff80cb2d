"""Version 6: what scores tell of the collection, and how unlike pictures are to labelled ones.

The views of tags tell both. The index of scores goes: the next run makes it, with
the classifier in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SCORES = """s.member_id, s.file_name, s.file_path, {archive}s.type, s.hash_id, s.tag, s.tag_score,
    t.threshold, s.model_name, s.model_type, s.model_train_date, e.precision, n.novelty"""
# SQLite takes a CROSS JOIN's tables as they stand: few thresholds or answers, then by indexes.
_TAGS = """CREATE VIEW {view} AS
SELECT {columns}, FALSE AS by_person
FROM thresholds AS t CROSS JOIN {scores} AS s LEFT JOIN estimates AS e ON e.tag = s.tag
    LEFT JOIN members AS m ON m.id = s.member_id
    LEFT JOIN novelties AS n ON n.picture_id = m.picture_id
WHERE s.tag = t.tag AND s.classifier_id = t.classifier_id AND s.tag_score >= t.threshold
    AND NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.hash_id = s.hash_id AND a.tag = s.tag)
UNION ALL
SELECT {columns}, TRUE AS by_person
FROM answers AS a
    CROSS JOIN pictures AS p CROSS JOIN members AS m CROSS JOIN thresholds AS t
    CROSS JOIN {scores} AS s LEFT JOIN estimates AS e ON e.tag = s.tag
    LEFT JOIN novelties AS n ON n.picture_id = m.picture_id
WHERE a.has_tag AND p.hash_id = a.hash_id AND m.picture_id = p.id AND t.tag = a.tag
    AND s.member_id = m.id AND s.classifier_id = t.classifier_id AND s.tag = a.tag"""


def upgrade() -> None:
    """Add the table; nothing is estimated until the next run decides."""
    _create_estimates()
    _create_novelties()
    for name, comment in (
        ("n_judged", "pictures that were compared with the labelled ones"),
        ("n_novel", "of them, those that are unlike all of them"),
    ):
        n_pictures = sa.Column(
            name, sa.Integer, nullable=False, server_default="0", comment=comment
        )
        op.add_column("runs", n_pictures)
    op.execute("UPDATE containers SET is_decided = FALSE")
    for scores, view in (("zip_score_cache", "zip_tags"), ("score_cache", "tags")):
        if sa.inspect(op.get_bind()).has_table(scores):
            op.execute(f"DROP INDEX IF EXISTS ix_{scores}_tag")
            op.execute(f"DROP VIEW IF EXISTS {view}")
            archive = "s.archive_path, " if scores == "zip_score_cache" else ""
            columns = _SCORES.format(archive=archive)
            op.execute(_TAGS.format(view=view, columns=columns, scores=scores))


def _create_estimates() -> None:
    op.create_table(
        "estimates",
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("n_pictures", _BIG, nullable=False, comment="that were scored"),
        sa.Column("decided_share", sa.Double, nullable=False),
        sa.Column("mean_score", sa.Double, nullable=False),
        _share("mean_score_before", "when a run last decided anew, by the same classifier"),
        _share("trained_decided_share", "of the pictures that it was learnt on, cross-validated"),
        _share("trained_mean_score"),
        _share("trained_share", "that have the tag"),
        _share("trained_precision", "of the decided ones among them"),
        _share("share", "estimated, of the collection's pictures that have the tag"),
        _share("share_low"),
        _share("share_high"),
        _share("precision", "estimated, of the decided pictures that have the tag"),
        _share("precision_low"),
        _share("precision_high"),
        _share("threshold_95", "from which on 95% would have the tag"),
        sa.PrimaryKeyConstraint("tag", name="pk_estimates"),
    )


def _create_novelties() -> None:
    op.create_table(
        "novelties",
        sa.Column(
            "picture_id",
            _BIG,
            sa.ForeignKey("pictures.id", name="fk_novelties_picture_id"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column(
            "reference",
            sa.LargeBinary,
            nullable=False,
            comment="begins the digest of the labelled pictures",
        ),
        sa.Column(
            "novelty",
            sa.Double,
            nullable=False,
            comment="share of labelled pictures that are nearer to the others, 0 to 1",
        ),
        sa.PrimaryKeyConstraint("picture_id", name="pk_novelties"),
    )


def _share(name: str, comment: str | None = None) -> sa.Column[float]:
    return sa.Column(name, sa.Double, comment=comment)
