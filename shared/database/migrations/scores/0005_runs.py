"""Version 5: what each run did and what it took, and in a server's survey what is on the disk."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table; of runs of before nothing is known."""
    _create_runs()
    if "survey" in sa.inspect(op.get_bind()).get_table_names():
        n_bytes = sa.Column(
            "n_bytes",
            _ID,
            nullable=False,
            server_default="0",
            comment="what it takes on the disk",
        )
        op.add_column("survey", n_bytes)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _ID, nullable=False),
        _column("started", sa.Text, "local time, YYYY-MM-DD HH:MM:SS.ffffff"),
        _column("command", sa.Text, "stage4/classify_zip.py"),
        _column("directory", sa.Text),
        _column("n_containers", sa.Integer, "archives or folders that were read"),
        _column("n_read", sa.Integer, "pictures that were read, known ones too"),
        _column("n_decoded", sa.Integer),
        _column("n_embedded", sa.Integer),
        _column("n_rows", _ID, "score rows that were written"),
        _column("n_published", sa.Integer, "pictures placed in a results folder"),
        _column("seconds", sa.Double, "of the whole run"),
        _column("reading_seconds", sa.Double, "of decoding and embedding"),
        _column("scoring_seconds", sa.Double, "of scoring, and writing the rows"),
        _column("publishing_seconds", sa.Double, "of the results folder"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint(
            "started", "command", "directory", name="uq_runs_started_command_directory"
        ),
    )


def _column(name: str, kind: Any, comment: str | None = None) -> sa.Column[Any]:  # noqa: ANN401
    return sa.Column(name, kind, nullable=False, comment=comment)
