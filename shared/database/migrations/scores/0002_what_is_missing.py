"""Version 2: what was added since version 1 without a version, where it is missing.

The tables are spelled out as they were when this step was written: steps do not change later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of texts with tags, and a server's survey anew: each run fills it anew."""
    names = set(sa.inspect(op.get_bind()).get_table_names())
    if "dataset_sidecars" not in names:
        _create_sidecars()
    if "dataset_tags" not in names:
        _create_tags()
    if "survey" in names:  # in SQLite it goes with the connection
        op.drop_table("survey")
        _create_survey()


def _create_sidecars() -> None:
    name = "dataset_sidecars"
    op.create_table(
        name,
        sa.Column("member_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=f"pk_{name}"),
        _of_member(name),
    )


def _create_tags() -> None:
    name = "dataset_tags"
    op.create_table(
        name,
        sa.Column("member_id", _ID, nullable=False, comment="the text"),
        sa.Column(
            "file_path", sa.Text, nullable=False, comment="outer.zip!/inner.zip!/folder/1.png"
        ),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "file_path", "tag", name=f"pk_{name}"),
        _of_member(name),
    )
    op.create_index(f"ix_{name}_file_path", name, ["file_path"])


def _create_survey() -> None:
    op.create_table(
        "survey",
        sa.Column("position", _ID, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("location", sa.LargeBinary, nullable=False, comment="what opens it, as bytes"),
        sa.Column("stamp", sa.LargeBinary, nullable=False),
        sa.Column("n_entries", sa.Integer, nullable=False),
        sa.Column("is_read", sa.Boolean, nullable=False, comment="its members stand, all of them"),
        sa.Column("is_resumable", sa.Boolean, nullable=False, comment="the first of them stand"),
        sa.PrimaryKeyConstraint("position", name="pk_survey"),
        sa.UniqueConstraint("address", name="uq_survey_address"),
    )


def _of_member(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["member_id"], ["members.id"], name=f"fk_{name}_member_id", ondelete="CASCADE"
    )
