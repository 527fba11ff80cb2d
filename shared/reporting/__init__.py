"""The page that shows how good all classifiers are: one HTML file that needs nothing beside it.

`figures` draws, `thumbnails` makes small pictures, `page` puts the HTML together.
"""

from shared.reporting.page import TagReports, section, write_page

__all__ = ["TagReports", "section", "write_page"]
