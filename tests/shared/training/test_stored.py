"""Vectors out of a database go with the metadata's, or none is taken and the user is told why."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, insert

from shared.database.tables import Base, EmbeddingRow, PictureRow
from shared.errors import RunError
from shared.metadata.loading import Metadata, load_metadata
from shared.training.stored import Stored, find_stored, load_stored

CLIP = {"embeddings_type": "CLIP", "model": "ViT-B-32", "pretrained": "openai"}
ONE, OTHER = "ab" * 32, "cd" * 32
PICTURE = {"content_sha256": b"", "mode": "L", "width": 1, "height": 1, "format": "", "n_bytes": 1}


def metadata(folder: Path, **embedder: str) -> Metadata:
    entry = {"embeddings_vector": [1.0, 2.0, 3.0], **embedder}
    path = folder / "input-metadata.json"
    path.write_text(json.dumps({"known": entry}))
    return load_metadata(path, folder)


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Path]:
    def made(*embedders: str, n_features: int = 3) -> Path:
        """A database with a vector of one picture by each embedder, its number in each place."""
        path = tmp_path / "zip_score_cache.sqlite"
        engine = create_engine(f"sqlite:///{path}")
        tables = [Base.metadata.tables[one.__tablename__] for one in (PictureRow, EmbeddingRow)]
        Base.metadata.create_all(engine, tables)
        with engine.begin() as connection:
            connection.execute(insert(PictureRow).values(id=1, hash_id="lacking", **PICTURE))
            for number, name in enumerate(embedders):
                numbers = np.full(n_features, number, "<f4").tobytes()
                row = {"picture_id": 1, "embedder": name, "vector": numbers}
                connection.execute(insert(EmbeddingRow).values(row))
        engine.dispose()
        return path

    return made


def found(stored: Stored) -> list[float]:
    numbers: list[float] = stored.vectors["lacking"].tolist()
    return numbers


@pytest.mark.parametrize("model", ["ViT-B-32", "ViT-B/32"])
def test_metadata_without_a_digest_takes_the_one_embedder_of_its_name(
    tmp_path: Path, store: Callable[..., Path], model: str
) -> None:
    path = store("builtin hog-color-v1 none", f"CLIP ViT-B-32 openai {ONE}")
    assert found(load_stored(path, metadata(tmp_path, **CLIP | {"model": model}), ["lacking"])) == [
        1,
        1,
        1,
    ]


def test_metadata_with_a_digest_takes_that_of_several(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    path = store(f"CLIP ViT-B-32 openai {ONE}", f"CLIP tower local {OTHER}")
    told = metadata(tmp_path, **CLIP, weights_sha256=OTHER)
    assert found(load_stored(path, told, ["lacking"])) == [1, 1, 1]


def test_two_embedders_of_one_name_end_the_run(tmp_path: Path, store: Callable[..., Path]) -> None:
    path = store(f"CLIP ViT-B-32 openai {ONE}", f"CLIP ViT-B-32 openai {OTHER}")
    with pytest.raises(RunError) as caught:
        load_stored(path, metadata(tmp_path, **CLIP), ["lacking"])
    assert ONE in caught.value.found
    assert OTHER in caught.value.found


def test_vectors_of_others_are_not_taken_and_both_are_named(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    stored = load_stored(store("CLIP ViT-B-16 openai"), metadata(tmp_path, **CLIP), ["lacking"])
    assert stored.vectors == {}
    assert "no vectors of CLIP ViT-B-32 openai, only of CLIP ViT-B-16 openai" in stored.note


def test_metadata_that_names_none_takes_none(tmp_path: Path, store: Callable[..., Path]) -> None:
    stored = load_stored(store("CLIP ViT-B-32 openai"), metadata(tmp_path), ["lacking"])
    assert stored.vectors == {}
    assert "does not tell what made its vectors" in stored.note


def test_a_database_without_vectors_is_said_to_have_none(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    stored = load_stored(store(), metadata(tmp_path, **CLIP), ["lacking"])
    assert stored.note.endswith("has no vectors of CLIP ViT-B-32 openai")


def test_vectors_of_another_width_are_not_taken(tmp_path: Path, store: Callable[..., Path]) -> None:
    path = store("CLIP ViT-B-32 openai", n_features=4)
    assert load_stored(path, metadata(tmp_path, **CLIP), ["lacking"]).vectors == {}


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Run stage 3 or 4 first"):
        load_stored(tmp_path / "none.sqlite", metadata(tmp_path, **CLIP), [])


def test_a_file_that_is_no_database_is_an_error_also_where_nothing_is_looked_up(
    tmp_path: Path,
) -> None:
    (tmp_path / "some.txt").write_bytes(b"text" * 1000)
    with pytest.raises(RunError, match=r"Name a \.sqlite that stage 3 or 4 has written"):
        load_stored(tmp_path / "some.txt", metadata(tmp_path, **CLIP), [])


def test_nothing_is_said_of_a_database_where_nothing_is_looked_up(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    assert load_stored(store(), metadata(tmp_path, **CLIP), []).note == ""


def test_an_embedder_without_pretraining_is_named_in_two_words(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    stored = load_stored(
        store("builtin hog-color-v1 none"), metadata(tmp_path, **CLIP), ["lacking"]
    )
    assert stored.note.endswith("only of builtin hog-color-v1")


def test_databases_that_nobody_named_are_asked_in_turn(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    (tmp_path / "score_cache.sqlite").write_bytes(b"<html>" * 1000)
    store("CLIP ViT-B-16 openai", "CLIP ViT-B-32 openai")
    folders = [tmp_path / "none", tmp_path]
    assert found(find_stored(folders, metadata(tmp_path, **CLIP), ["lacking"])) == [1, 1, 1]


def test_where_all_is_found_nothing_is_said_of_other_databases(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    (tmp_path / "dataset_cache.sqlite").write_bytes(b"<html>" * 1000)
    store("CLIP ViT-B-32 openai")
    assert find_stored([tmp_path], metadata(tmp_path, **CLIP), ["lacking"]).note == ""


def test_where_something_is_lacking_all_that_could_not_be_used_is_named(
    tmp_path: Path, store: Callable[..., Path]
) -> None:
    (tmp_path / "score_cache.sqlite").write_bytes(b"<html>" * 1000)
    store("CLIP ViT-B-16 openai")
    note = find_stored([tmp_path], metadata(tmp_path, **CLIP), ["lacking"]).note
    assert f"{tmp_path / 'score_cache.sqlite'} is not used: the database failed" in note
    assert f"{tmp_path / 'zip_score_cache.sqlite'} has no vectors of CLIP ViT-B-32" in note


def test_where_nothing_is_looked_up_no_database_is_opened(tmp_path: Path) -> None:
    (tmp_path / "score_cache.sqlite").write_bytes(b"<html>" * 1000)
    assert find_stored([tmp_path], metadata(tmp_path, **CLIP), []).note == ""
