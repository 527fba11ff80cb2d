"""Version 1: one answer a picture and tag, as files without a version hold it."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: the table was found there."""
