"""Version 1: the tables of the first release, which databases without a version hold already."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: `schema.prepare` has made the tables, or found them there."""
