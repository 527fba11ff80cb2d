"""The door to Pillow: bytes from strangers become one decoded picture or a fate, nothing else.

Vectors are made elsewhere, and nothing is written or re-encoded here.
"""

from shared.images.kinds import check_is_picture
from shared.images.opening import Opened, open_picture

__all__ = ["Opened", "check_is_picture", "open_picture"]
