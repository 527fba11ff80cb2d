"""Version 3: an answer may be taken back. SQLite cannot let a column be empty in place."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table anew with its rows."""
    op.rename_table("labels", "labels_2")
    op.create_table(
        "labels",
        sa.Column("hash_id", sa.Text, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("has_tag", sa.Boolean),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("hash_id", "tag", "folder"),
    )
    columns = "hash_id, tag, folder, has_tag, source, date"
    op.execute(f"INSERT INTO labels ({columns}) SELECT {columns} FROM labels_2")  # noqa: S608
    op.drop_table("labels_2")
