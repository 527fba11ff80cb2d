"""All that a run could not score is listed, once, in the order of the run."""

import pytest

from shared.database.engine import Database
from shared.errors import Fate
from shared.flow import problems
from shared.flow.problems import iter_problems
from tests.shared.database.world import A, B, found, pictures, read, score, skipped, survey

C = "/zips/c.zip"


def addresses(database: Database) -> list[str]:
    return [problem.address for problem in iter_problems(database)]


@pytest.mark.parametrize("page", [1, 2, 500])
def test_containers_come_first_then_members_and_none_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(problems, "PAGE", page)
    survey(database, found(C), found(A), found(B))
    read(database, A, *(skipped(f"{A}!/{i}.png", entry=(i,)) for i in range(3)))
    read(database, B, skipped(f"{B}!/0.png"), fate=Fate.TRUNCATED)
    read(database, C, fate=Fate.NOT_A_ZIP)
    members = [f"{A}!/0.png", f"{A}!/1.png", f"{A}!/2.png", f"{B}!/0.png"]
    assert addresses(database) == [C, B, *members]


def test_what_is_scored_is_not_listed(database: Database) -> None:
    survey(database, found(A))
    score(database, read(database, A, *pictures(A, 2)), "cat")
    assert addresses(database) == []


def test_what_this_run_has_not_looked_at_is_not_listed(database: Database) -> None:
    survey(database, found(A), found(B))
    read(database, A, fate=Fate.NOT_A_ZIP)
    read(database, B, skipped(f"{B}!/0.png"))
    survey(database, found(B))
    assert addresses(database) == [f"{B}!/0.png"]


def test_a_problem_tells_where_what_and_why(database: Database) -> None:
    survey(database, found(A))
    read(database, A, skipped(f"{A}!/1.png", Fate.CRC, "checksum"))
    (problem,) = iter_problems(database)
    assert (problem.address, problem.fate, problem.reason) == (f"{A}!/1.png", Fate.CRC, "checksum")
