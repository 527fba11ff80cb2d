"""What could not be used, as lists of problems name it, whatever has been read before."""

import itertools
from collections.abc import Iterator
from operator import attrgetter

from shared.batching import iter_pages
from shared.database.engine import Database
from shared.database.results import Problem, container_problem_page, member_problem_page

PAGE = 200
"""Problems that are asked for at once."""


def iter_problems(database: Database) -> Iterator[Problem]:
    """Yield the containers that could not be opened, then the members that were not scored."""
    containers = iter_pages(
        lambda after: database.run(container_problem_page, after, PAGE), 0, attrgetter("position")
    )
    members = iter_pages(
        lambda after: database.run(member_problem_page, after, PAGE),
        (0, 0),
        lambda problem: (problem.position, problem.id),
    )
    return itertools.chain.from_iterable(itertools.chain(containers, members))
