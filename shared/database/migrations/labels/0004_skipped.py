"""Version 4: a picture may be looked at and left open."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; nobody has skipped anything before."""
    op.add_column(
        "labels",
        sa.Column(
            "is_skipped",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="looked at in a review, and left open: has_tag is NULL then",
        ),
    )
