"""Version 5: what was answered in a review can be undone when it is begun anew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table; nothing is known of steps before."""
    op.create_table(
        "review_steps",
        sa.Column("reviewer", sa.Integer, primary_key=True, comment="place among the reviewers"),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("hash_id", sa.Text, primary_key=True),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("has_tag", sa.Boolean),
        sa.Column("is_skipped", sa.Boolean, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("had_tag", sa.Boolean),
        sa.Column("was_skipped", sa.Boolean, nullable=False),
        sa.Column("source_before", sa.Text),
        sa.Column("date_before", sa.Text, comment="NULL: the review had said nothing of it before"),
        sqlite_with_rowid=False,
    )
