"""The inputs of a run that could not be used, out of the database, in the order of the run."""

from collections.abc import Iterator

from shared.database.engine import Database
from shared.database.paging import PAGE
from shared.database.results import Problem, container_problem_page, member_problem_page


def iter_problems(database: Database) -> Iterator[Problem]:
    """Yield the containers that could not be opened, then the members that were not scored."""
    position, member_id = 0, 0
    while page := database.run(container_problem_page, position, PAGE):
        position = page[-1].position
        yield from page
    position = 0
    while page := database.run(member_problem_page, (position, member_id), PAGE):
        position, member_id = page[-1].position, page[-1].id
        yield from page
