"""Version 3: the state of a container in a column of its own, and results by output folder.

Version 2 kept the state in `complete` and in what `read_under` began and ended with.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_AWAY = b"away "
_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_DIGEST_BYTES = 32


def upgrade() -> None:
    """Tell states from what stood; make a server's survey and the notes of results anew."""
    op.add_column(
        "containers",
        sa.Column(
            "state",
            sa.Text,
            nullable=False,
            server_default="outdated",
            comment="how far it has been read",
        ),
    )
    op.add_column(
        "containers",
        sa.Column(
            "device",
            _BIG,
            nullable=False,
            server_default="0",
            comment="number of the disk that it lay on when it was read",
        ),
    )
    rows = sa.table(
        "containers",
        sa.column("id", sa.BigInteger),
        sa.column("read_under", sa.LargeBinary),
        sa.column("complete", sa.Boolean),
        sa.column("state", sa.Text),
    )
    connection = op.get_bind()
    found = connection.execute(sa.select(rows.c.id, rows.c.read_under, rows.c.complete)).all()
    for row_id, under, is_complete in found:
        facts = {
            "state": _state(under, is_complete=is_complete),
            "read_under": under.removeprefix(_AWAY)[:_DIGEST_BYTES],
        }
        connection.execute(rows.update().where(rows.c.id == row_id).values(facts))
    op.drop_column("containers", "complete")
    op.drop_table("results")
    op.create_table(
        "results",
        sa.Column("directory", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False, comment="the folder that it lies in"),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column(
            "fingerprint",
            sa.LargeBinary,
            nullable=False,
            comment="digest of everything that it shows",
        ),
        sa.PrimaryKeyConstraint("directory", "output", name="pk_results"),
    )
    if "survey" in sa.inspect(connection).get_table_names():
        op.drop_column("survey", "is_read")
        op.drop_column("survey", "is_resumable")
        op.add_column(
            "survey",
            sa.Column(
                "stands",
                sa.Text,
                nullable=False,
                server_default="nothing",
                comment="what of it is in the database",
            ),
        )
        op.add_column(
            "survey",
            sa.Column(
                "device",
                _BIG,
                nullable=False,
                server_default="0",
                comment="number of the disk that it lies on",
            ),
        )


def _state(under: bytes, *, is_complete: bool) -> str:
    if not is_complete:
        return "reading"
    if not under:
        return "outdated"
    if under.startswith(_AWAY):
        return "away"
    # An unsettled one had a question mark behind the digest, which may end in one itself.
    return "unsettled" if len(under) > _DIGEST_BYTES else "read"
