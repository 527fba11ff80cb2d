"""Every image of a dataset once, with its vector and its tags; a second run embeds nothing."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL.Image import Image

from shared.errors import Fate, RunError
from shared.flow.dataset import DatasetRequest, build_dataset
from shared.flow.reading import workers
from shared.metadata.loading import load_metadata
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.progress import Silence
from shared.records import Limits
from shared.sources.source import FolderSource
from tests.shared.flow.datasets import asked, write
from tests.shared.flow.scenes import Told
from tests.worlds import image_hash, png, zipped

pytestmark = pytest.mark.slow

FILES = {"cat/1.png": png(1), "cat/2.png": png(2), "dog/1.png": png(3), "dog/same.png": png(1)}


@pytest.fixture
def request_(tmp_path: Path) -> DatasetRequest:
    """Four files of three pictures under two tags."""
    return asked(write(tmp_path / "in", FILES), tmp_path / "output")


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Sizes of the pictures that were embedded."""
    sizes: list[tuple[int, int]] = []
    embed = BuiltinEmbedder.embed

    def noted(embedder: BuiltinEmbedder, images: Sequence[Image]) -> NDArray[np.float32]:
        sizes.extend(image.size for image in images)
        return embed(embedder, images)

    monkeypatch.setattr(BuiltinEmbedder, "embed", noted)
    return sizes


def read_json(request: DatasetRequest, name: str) -> Any:  # noqa: ANN401 - whatever it holds
    return json.loads((request.output / name).read_text())


def tags(request: DatasetRequest) -> dict[str, list[str]]:
    return dict(read_json(request, "input-tag-to-image-hash-list.json"))


def written(request: DatasetRequest) -> dict[str, bytes]:
    """The JSON files, byte for byte."""
    return {path.name: path.read_bytes() for path in request.output.glob("*.json")}


class TestFiles:
    def test_every_picture_has_one_entry_with_a_usable_vector(
        self, request_: DatasetRequest
    ) -> None:
        summary = build_dataset(request_, Silence())
        metadata = load_metadata(summary.metadata_files[0], request_.output)
        hashes = sorted({image_hash(content) for content in FILES.values()})
        assert summary.n_hashes == metadata.n_images == len(hashes) == 3
        assert (metadata.rows(hashes) >= 0).all()
        assert metadata.embedder == BuiltinEmbedder.name

    def test_vectors_are_those_that_the_embedder_gives(self, request_: DatasetRequest) -> None:
        build_dataset(request_, Silence())
        entry = read_json(request_, "input-metadata.json")[image_hash(png(3))]
        from shared.pictures.opening import open_picture

        expected = BuiltinEmbedder().embed([open_picture(png(3), Limits()).image])[0]
        np.testing.assert_array_equal(np.array(entry["embeddings_vector"], np.float32), expected)

    def test_an_entry_tells_the_first_of_its_files(self, request_: DatasetRequest) -> None:
        build_dataset(request_, Silence())
        entry = read_json(request_, "input-metadata.json")[image_hash(png(1))]
        assert entry["file_path"] == f"{request_.source.directory}/cat/1.png"

    def test_the_lists_of_tags_mirror_each_other(self, request_: DatasetRequest) -> None:
        summary = build_dataset(request_, Silence())
        by_hash = read_json(request_, "input-image-hash-to-tag-list.json")
        pairs = {(tag, one) for tag, hashes in tags(request_).items() for one in hashes}
        assert pairs == {(tag, one) for one, listed in by_hash.items() for tag in listed}
        assert by_hash[image_hash(png(1))] == ["cat", "dog"]
        assert summary.n_tags == 2

    @pytest.mark.slow
    def test_they_do_not_depend_on_the_number_of_workers(
        self, request_: DatasetRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build_dataset(request_, Silence())
        monkeypatch.setattr(workers, "ENTRIES_WORTH_WORKERS", 1)
        by_two = replace(request_, output=tmp_path / "by two", n_workers=2)
        build_dataset(by_two, Silence())
        assert written(by_two) == written(request_)

    def test_the_table_has_a_row_per_file(self, request_: DatasetRequest) -> None:
        build_dataset(request_, Silence())
        with sqlite3.connect(request_.database_path) as database:
            rows = database.execute("SELECT file_path, hash_id, tag FROM dataset_cache").fetchall()
        above = f"{request_.source.directory}/"
        assert {(path.removeprefix(above), one, tag) for path, one, tag in rows} == {
            (name, image_hash(content), name.partition("/")[0]) for name, content in FILES.items()
        }


class TestAgain:
    def test_an_unchanged_dataset_embeds_nothing_and_writes_the_same(
        self, request_: DatasetRequest, embedded: list[tuple[int, int]]
    ) -> None:
        build_dataset(request_, Silence())
        before = written(request_)
        embedded.clear()
        build_dataset(request_, Silence())
        assert embedded == []
        assert written(request_) == before

    def test_only_what_is_new_is_embedded(
        self, request_: DatasetRequest, embedded: list[tuple[int, int]]
    ) -> None:
        build_dataset(request_, Silence())
        embedded.clear()
        write(Path(request_.source.directory), {"dog/new.png": png(7, (5, 4)), "dog/2.png": png(2)})
        assert build_dataset(request_, Silence()).n_hashes == 4
        assert embedded == [(5, 4)]

    def test_what_is_gone_is_forgotten(self, request_: DatasetRequest) -> None:
        build_dataset(request_, Silence())
        shutil.rmtree(Path(request_.source.directory) / "dog")
        assert build_dataset(request_, Silence()).n_hashes == 2
        assert set(tags(request_)) == {"cat"}

    def test_a_picture_that_moves_gets_its_new_tag(
        self, request_: DatasetRequest, embedded: list[tuple[int, int]]
    ) -> None:
        build_dataset(request_, Silence())
        embedded.clear()
        folder = Path(request_.source.directory)
        (folder / "dog" / "1.png").rename(folder / "cat" / "3.png")
        build_dataset(request_, Silence())
        assert image_hash(png(3)) in tags(request_)["cat"]
        assert embedded == []

    def test_another_tagging_of_the_same_files_embeds_nothing(
        self, request_: DatasetRequest, embedded: list[tuple[int, int]]
    ) -> None:
        build_dataset(request_, Silence())
        embedded.clear()
        build_dataset(replace(request_, tagged=False), Silence())
        assert (tags(request_), embedded) == ({}, [])


class TestProblems:
    def test_without_any_image_the_run_ends_and_names_the_list(self, tmp_path: Path) -> None:
        request = asked(write(tmp_path / "in", {"cat/1.png": b"text"}), tmp_path / "output")
        with pytest.raises(RunError) as caught:
            build_dataset(request, Silence())
        assert caught.value.where == str(tmp_path / "in")
        assert str(request.output / "input-problems.csv") in caught.value.remedy
        assert not (request.output / "input-metadata.json").exists()

    def test_where_nothing_was_like_an_image_no_empty_list_is_named(self, tmp_path: Path) -> None:
        request = asked(write(tmp_path / "in", {"cat/1.txt": b"text"}), tmp_path / "output")
        with pytest.raises(RunError, match="holds no image") as caught:
            build_dataset(request, Silence())
        assert caught.value.remedy.startswith("Name a folder of tag folders")

    def test_what_could_not_be_read_is_listed_and_counted(self, request_: DatasetRequest) -> None:
        write(Path(request_.source.directory), {"cat/bad.png": b"no picture"})
        summary = build_dataset(request_, Silence())
        with summary.problems.open() as file:
            [problem] = csv.DictReader(file)
        assert problem["address"] == f"{request_.source.directory}/cat/bad.png"
        assert summary.totals.fates == {Fate.EMBEDDED: 4, Fate.CORRUPT: 1}
        assert summary.has_problems

    def test_a_dataset_without_problems_has_none(self, request_: DatasetRequest) -> None:
        assert not build_dataset(request_, Silence()).has_problems

    def test_strict_ends_the_run_at_the_first(self, request_: DatasetRequest) -> None:
        write(Path(request_.source.directory), {"cat/bad.png": b"no picture"})
        with pytest.raises(RunError, match=r"bad\.png"):
            build_dataset(replace(request_, strict=True), Silence())

    def test_pictures_of_one_hash_and_two_sizes_are_told(self, tmp_path: Path) -> None:
        files = {"cat/high.png": png(1, (1, 4)), "cat/wide.png": png(1, (4, 1))}
        told = Told()
        build_dataset(asked(write(tmp_path / "in", files), tmp_path / "output"), told)
        [sentence] = [one for one in told.said if "same hash" in one]
        assert "wide.png" in sentence
        assert "high.png" in sentence


@pytest.mark.parametrize(
    ("directory", "address", "tag"),
    [
        ("/in", "/in/cat/1.png", "cat"),
        ("/in", "/in/x/cat/1.png", "cat"),
        ("/in", "/in/1.png", None),
        ("/in.zip", "/in.zip!/cat/1.png", "cat"),
        ("/in.zip", "/in.zip!/x/cat/1.png", "cat"),
        ("/in.zip", "/in.zip!/cat.zip!/1.png", "cat.zip"),
        ("/in.zip", r"/in.zip!/x\cat\1.png", "cat"),
        ("/in", r"/in/caf\udce9/1.png", r"caf\udce9"),
        ("/in", r"/in/cat/caf\udce9.png", "cat"),
        ("/in", r"/in/cat/x\y.png", "cat"),
        ("/in", r"/in/a\b/1.png", r"a\b"),
        ("/in", r"/in/\x5cx00/1.png", r"\x5cx00"),
        ("/in.zip", r"/in.zip!/th\udce9/\x00.png", r"th\udce9"),
    ],
)
def test_a_tag_is_the_name_of_the_folder_that_holds_the_image(
    tmp_path: Path, directory: str, address: str, tag: str | None
) -> None:
    request = asked(Path(directory), tmp_path)
    if directory == "/in":
        request = replace(request, source=FolderSource(Path(directory), tmp_path))
    assert request.tag_of(address) == tag
    assert replace(request, tagged=False).tag_of(address) is None


@pytest.mark.parametrize("name", ["in", "in.d", "in!", "50%", "in.zip"])
def test_a_picture_that_lies_in_no_folder_of_the_dataset_has_no_tag(
    tmp_path: Path, name: str
) -> None:
    files = {"1.png": png(1), "cat/2.png": png(2)}
    if name.endswith(".zip"):
        (tmp_path / name).write_bytes(zipped(files))
    else:
        write(tmp_path / name, files)
    build_dataset(request := asked(tmp_path / name, tmp_path / "output"), Silence())
    assert tags(request) == {"cat": [image_hash(png(2))]}


@pytest.mark.parametrize("tag", ["cat", "cat!", "50%", "caf\u00e9", "a b", "cat.d"])
@pytest.mark.parametrize("is_zip", [False, True])
def test_a_tag_is_spelled_as_its_folder_is(tmp_path: Path, tag: str, *, is_zip: bool) -> None:
    files = {f"{tag}/1.png": png(1)}
    if is_zip:
        (tmp_path / "in").write_bytes(zipped(files))
    else:
        write(tmp_path / "in", files)
    build_dataset(request := asked(tmp_path / "in", tmp_path / "output"), Silence())
    assert list(tags(request)) == [tag]
