"""The door to metadata, JSON or Parquet: picture hash -> vector, and what is known of its file."""

from shared.metadata.formats import check_parquet_installed, write_metadata
from shared.metadata.layout import BAD, MISSING
from shared.metadata.loading import load_metadata
from shared.metadata.metadata import Metadata
from shared.metadata.writing import MetadataEntry

__all__ = [
    "BAD",
    "MISSING",
    "Metadata",
    "MetadataEntry",
    "check_parquet_installed",
    "load_metadata",
    "write_metadata",
]
