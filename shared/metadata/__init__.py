"""The door to metadata JSON: picture hash -> vector, and what stage 1 knows of a picture's file."""

from shared.metadata.layout import BAD, MISSING
from shared.metadata.loading import load_metadata
from shared.metadata.metadata import Metadata
from shared.metadata.writing import MetadataEntry, write_metadata

__all__ = ["BAD", "MISSING", "Metadata", "MetadataEntry", "load_metadata", "write_metadata"]
