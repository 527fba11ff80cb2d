"""The door to zip archives, hostile ones included: nothing else in the project opens one.

It yields members with their bytes, or why they cannot be had. It unpacks stored and deflated
entries itself, under limits, and knows nothing of pictures.
"""

from shared.archives.containers import archive_container
from shared.archives.members import iter_members
from shared.archives.recognition import is_archive, is_archive_file
from shared.archives.remote import directory_url, iter_object_urls

__all__ = [
    "archive_container",
    "directory_url",
    "is_archive",
    "is_archive_file",
    "iter_members",
    "iter_object_urls",
]
