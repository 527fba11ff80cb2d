"""Whatever the size of a page, all rows that are asked for are found."""

import pytest

from shared.database import paging
from shared.database.engine import Database
from shared.database.paging import ids_of
from shared.database.scores import classifier_ids
from shared.database.tables import ClassifierRow


@pytest.mark.parametrize("page", [1, 2, 500])
def test_ids_are_found_over_as_many_pages_as_it_takes(
    database: Database, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    names = ["model-a", "model-b", "model-c"]
    added = database.run(classifier_ids, names)
    monkeypatch.setattr(paging, "PAGE", page)
    found = database.run(ids_of, ClassifierRow.model_name, ClassifierRow.id, [*names, "model-d"])
    assert found == added
