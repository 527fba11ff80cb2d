"""Version 2: an answer for each results folder; of those from before, the folder is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None


def upgrade() -> None:
    """Give the table its folders, where it has none: SQLite cannot change a key in place."""
    if "folder" in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("labels")}:
        return
    op.rename_table("labels", "labels_1")
    op.create_table(
        "labels",
        sa.Column("hash_id", sa.Text, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("has_tag", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("hash_id", "tag", "folder"),
    )
    columns = "hash_id, tag, has_tag, source, date"
    op.execute(f"INSERT INTO labels ({columns}, folder) SELECT {columns}, '' FROM labels_1")  # noqa: S608
    op.drop_table("labels_1")
