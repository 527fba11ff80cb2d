import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import pytest

from shared.errors import RunError
from shared.metadata import loading
from shared.metadata.arrays import BAD, MISSING
from shared.metadata.building import built_index
from shared.metadata.index import Index
from shared.metadata.loading import Metadata, load_metadata
from shared.metadata.opening import MetadataFile
from shared.records import Picture
from shared.replacing import UNFINISHED
from tests.worlds import REFERENCE, ROOT

Load: TypeAlias = Callable[..., Metadata]
REFERENCE_METADATA = REFERENCE / "input-metadata.json"
GOOD = {"embeddings_vector": [0.5, -2.0]}
ENTRIES = {"a": GOOD, "b": {"embeddings_vector": [1, 2]}}
CLIP = {"embeddings_type": "CLIP", "model": "ViT-B-32", "pretrained": "openai"}


def beside(json_path: Path) -> Path:
    return json_path.with_name(f".{json_path.name}.vectors")


def block(json_path: Path) -> None:
    """Make the place beside the JSON unwritable, for the administrator too."""
    json_path.with_name(UNFINISHED + beside(json_path).name.removeprefix(".")).mkdir()


# Whole files: each is refused with one sentence, of which this is a part.
REFUSED = {
    "cut off in an entry": (b'{"a": {"embeddings_vector": [1', "line 1, byte 31: the file ends in"),
    "cut off after an entry": (b'{"a": {"embeddings_vector": [1]}', "it is cut off"),
    "top-level list": (b"[1, 2]", "is a list at its top level"),
    "top-level number": (b"5", "line 1, byte 1: { is needed, found '5'"),
    "empty": (b"", "is empty"),
    "a web page": (b"<html>", "is a web page"),
    "a Git-LFS pointer": (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "is UTF-16 or UTF-32 text, UTF-8 is needed"),
    "gzip": (b"\x1f\x8b\x08\x00", "is packed with gzip"),
    "zeros": (bytes(5000), "line 1, byte 1: { is needed"),
    "200,000-deep lists": (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nests deeper than"),
    "200,000-deep objects": (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nests deeper than"),
    "a 5,000-digit integer": (b'{"a": {"n": ' + b"9" * 5000 + b"}}", "an integer of more digits"),
    "a 5,000-digit entry": (b'{"a": ' + b"9" * 5000 + b"}", "an integer of more digits"),
    "more after the end": (b'{"a": {"embeddings_vector": [1]}} {}', "but the file goes on"),
    "a comma too many": (b'{\n"a": {"embeddings_vector": [1]},\n}', "line 3, byte 36: a key in"),
    "a missing comma": (b'{\n"a": {"x": [1\n2]}}', "line 3, byte 17: Expecting ',' delimiter"),
    "no UTF-8": (b'{"a": {"x": "\xff"}}', "line 1, byte 14: is not UTF-8"),
    "no entries": (b"{}", "none of its 0 entries has a usable vector"),
    "tag lists": (b'{"cat": ["aa"]}', "(entry is no object with an embeddings_vector)"),
    "only bad vectors": (b'{"a": {"embeddings_vector": [NaN]}}', "(vector holds NaN)"),
    "a good vector superseded by a bad one": (
        b'{"a": {"embeddings_vector": [1]}, "a": {"embeddings_vector": [null]}}',
        "none of its 2 entries",
    ),
    "two embedders": (
        b'{"a": {"embeddings_vector": [1], "model": "X"},'
        b'"b": {"embeddings_vector": [1], "model": "Y\x7f"}}',
        "mixes vectors of two embedders, X and Y",
    ),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_an_unusable_file_is_refused_in_one_sentence_and_leaves_no_trace(
    load: Load, json_path: Path, tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(RunError) as caught:
        load(content)
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()
    assert sorted(tmp_path.rglob("*")) == [json_path.parent, json_path]


# Entries beside a good one, "b": the fate of "a", and its reason where that is BAD.
FATES: dict[str, tuple[str, int, str]] = {
    "sound": ('{"embeddings_vector": [1, 2]}', 0, ""),
    "integers": ('{"embeddings_vector": [1, -2]}', 0, ""),
    "another hash inside": ('{"hash_id": "c", "embeddings_vector": [1, 2]}', 0, ""),
    "unknown keys": ('{"x": {"y": [{}]}, "embeddings_vector": [1, 2]}', 0, ""),
    "braces and quotes in a text": (r'{"p": "}{\"\\", "embeddings_vector": [1, 2]}', 0, ""),
    "vector told twice": ('{"embeddings_vector": "", "embeddings_vector": [1, 2]}', 0, ""),
    "NaN elsewhere": ('{"x": NaN, "embeddings_vector": [1, 2]}', 0, ""),
    "too short": ('{"embeddings_vector": [1]}', BAD, "vector has 1 numbers, 2 are needed"),
    "too long": ('{"embeddings_vector": [1, 2, 3]}', BAD, "vector has 3 numbers, 2 are needed"),
    "empty": ('{"embeddings_vector": []}', BAD, "vector is empty"),
    "a text": ('{"embeddings_vector": ["1", 2]}', BAD, "vector holds a text, numbers are needed"),
    "null": ('{"embeddings_vector": [null, 2]}', BAD, "vector holds null, numbers are needed"),
    "true": ('{"embeddings_vector": [true, 2]}', BAD, "vector holds true or false, numbers are"),
    "NaN": ('{"embeddings_vector": [NaN, 2]}', BAD, "vector holds NaN"),
    "1e999": ('{"embeddings_vector": [1e999, 2]}', BAD, "vector holds an infinite number"),
    "1e39": ('{"embeddings_vector": [1e39, 2]}', BAD, "vector holds a number too large for float"),
    "nested": ('{"embeddings_vector": [[1, 2]]}', BAD, "vector holds a list or an object"),
    "a text for a vector": ('{"embeddings_vector": "1, 2"}', BAD, "embeddings_vector is no list"),
    "no vector": ("{}", BAD, "entry has no embeddings_vector"),
    "no object": ("[1, 2]", BAD, "entry is no object with an embeddings_vector"),
    "null for an entry": ("null", BAD, "entry is no object with an embeddings_vector"),
}


@pytest.mark.parametrize(("entry", "row", "reason"), FATES.values(), ids=FATES)
@pytest.mark.usefixtures("no_ticks")
def test_an_entry_has_its_fate_and_the_good_one_beside_it_stays_good(
    load: Load, entry: str, row: int, reason: str
) -> None:
    good = '{"embeddings_vector": [3, 4]}'
    content = f'{{"a": {entry}, "b": {good}, "c": {good}}}'.encode()
    for metadata in (load(content), load()):
        [found, *others] = metadata.rows(["a", "b", "c"])
        assert (found, metadata.bad_reason("a")[: len(reason)]) == (row, reason)
        assert metadata.vectors[others].tolist() == [[3, 4], [3, 4]]


@pytest.mark.parametrize("indent", [None, 4])
def test_every_spelling_of_the_same_json_loads_alike(load: Load, indent: int | None) -> None:
    metadata = load(json.dumps(ENTRIES, indent=indent).encode())
    assert metadata.vectors[metadata.rows(["b", "a"])].tolist() == [[1, 2], [0.5, -2]]


def test_the_digest_is_of_what_is_told_and_not_of_its_spelling(load: Load) -> None:
    facts = {"image_resolution": [3, 4], "model": "X", "embeddings_vector": [1.0, 2.0]}
    digests = [
        load(json.dumps({"a": facts | change}, indent=indent).encode()).digest
        for indent in (None, 4)
        for change in ({}, {"x": 1}, {"image_resolution": [4, 3]}, {"model": "Y"})
    ]
    digests += [load({"a": facts | {"embeddings_vector": [1.0, 3.0]}}).digest]
    digests += [load({"b": facts}).digest]
    same = [digests[0] == digest for digest in digests]
    assert same == [True, True, False, False, True, True, False, False, False, False]


def test_the_digest_is_the_same_wherever_the_vectors_are_kept(
    load: Load, json_path: Path, tmp_path: Path
) -> None:
    in_file = load(ENTRIES).digest
    block(json_path)
    (tmp_path / "cache").touch()
    assert load().digest == in_file


def test_a_byte_order_mark_is_refused(load: Load) -> None:
    with pytest.raises(RunError, match="byte-order mark"):
        load(b"\xef\xbb\xbf" + json.dumps(ENTRIES).encode())


def test_an_entry_that_names_no_embedder_goes_with_any(load: Load) -> None:
    metadata = load({"a": GOOD, "b": GOOD | CLIP, "c": GOOD})
    assert (str(metadata.embedder), metadata.n_images) == ("CLIP ViT-B-32 openai", 3)


def test_the_reference_file_loads_as_the_json_module_reads_it(tmp_path: Path) -> None:
    if not REFERENCE_METADATA.exists():
        pytest.skip("the reference data is not beside the project")
    entries = json.loads(REFERENCE_METADATA.read_bytes())
    path = shutil.copy(REFERENCE_METADATA, tmp_path)
    metadata = load_metadata(Path(path), tmp_path)
    expected = np.array([entry["embeddings_vector"] for entry in entries.values()], np.float32)
    assert np.array_equal(metadata.vectors[metadata.rows(list(entries))], expected)
    assert str(metadata.embedder) == "CLIP ViT-B-32 openai"


@pytest.mark.usefixtures("no_ticks")
class TestIndex:
    def test_the_second_load_reads_no_json_and_finds_the_same(
        self, load: Load, first_loads: list[str]
    ) -> None:
        first, second = load(ENTRIES | {"c": []}), load()
        assert len(first_loads) == 1
        assert (first.digest, first.embedder) == (second.digest, second.embedder)
        assert second.rows(["a", "b", "c", "d"]).tolist() == [0, 1, BAD, MISSING]
        assert np.array_equal(first.vectors, second.vectors)

    @pytest.mark.parametrize("keep_time", [False, True])
    def test_a_changed_file_is_never_served_from_the_old_one(
        self, load: Load, json_path: Path, keep_time: bool
    ) -> None:
        load({"a": {"embeddings_vector": [1]}})
        before = json_path.stat()
        content = b'{"a": {"embeddings_vector": [2]}}'
        (json_path.parent / "new").write_bytes(content)
        if keep_time:
            os.utime(json_path.parent / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
        (json_path.parent / "new").replace(json_path)
        assert load().vectors.tolist() == [[2]]

    def test_one_that_came_along_with_a_copied_file_is_not_trusted(
        self, load: Load, json_path: Path, tmp_path: Path, first_loads: list[str]
    ) -> None:
        load(ENTRIES)
        shutil.copytree(json_path.parent, tmp_path / "copy", copy_function=shutil.copy2)
        load_metadata(tmp_path / "copy" / json_path.name, tmp_path / "cache")
        assert len(first_loads) == 2

    @pytest.mark.parametrize("damage", [b"", b"junk", b"\0" * 10_000])
    def test_a_damaged_one_is_made_again(
        self, load: Load, json_path: Path, damage: bytes, first_loads: list[str]
    ) -> None:
        load(ENTRIES)
        beside(json_path).write_bytes(damage)
        assert [load().n_images, load().n_images] == [2, 2]
        assert len(first_loads) == 2

    def test_it_goes_to_the_cache_folder_where_the_jsons_is_read_only(
        self, load: Load, json_path: Path, tmp_path: Path, first_loads: list[str]
    ) -> None:
        block(json_path)
        assert np.array_equal(load(ENTRIES).vectors, load().vectors)
        assert len(list((tmp_path / "cache").iterdir())) == 1
        # The first go at it ends before anything is read.
        assert len(first_loads) == 1

    def test_without_any_place_it_works_from_memory(
        self, load: Load, json_path: Path, tmp_path: Path
    ) -> None:
        block(json_path)
        (tmp_path / "cache").write_bytes(b"a file where the folder should be")
        metadata = load(ENTRIES | {"c": []})
        assert metadata.vectors[metadata.rows(["b"])].tolist() == [[1, 2]]
        assert metadata.rows(["c", "d"]).tolist() == [BAD, MISSING]

    def test_a_disk_that_fills_up_meanwhile_leads_to_the_next_place(
        self, json_path: Path, tmp_path: Path
    ) -> None:
        json_path.write_text(json.dumps({"a": {"embeddings_vector": [0.0] * 100_000}}))
        code = (
            "import resource, signal, sys; from pathlib import Path\n"
            "from shared.metadata.loading import load_metadata\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
            "print(load_metadata(Path(sys.argv[1]), Path(sys.argv[2])).n_features)"
        )
        command = [sys.executable, "-c", code, str(json_path), str(tmp_path / "cache")]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (result.stdout, result.stderr) == ("100000\n", "")
        assert sorted(path.name for path in tmp_path.rglob("*.*")) == [json_path.name]

    def test_it_is_as_private_as_the_json(self, load: Load, json_path: Path) -> None:
        json_path.touch()
        json_path.chmod(0o600)
        load(ENTRIES)
        assert beside(json_path).stat().st_mode & 0o777 == 0o600

    def test_two_first_loads_at_once_both_succeed_and_leave_one_sidecar(
        self, load: Load, json_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(opened: MetadataFile, file: BinaryIO, place: Path) -> Index:
            monkeypatch.setattr(loading, "built_index", built_index)
            assert load().n_images == 2
            return built_index(opened, file, place)

        monkeypatch.setattr(loading, "built_index", interrupted)
        assert load(ENTRIES).n_images == 2
        names = sorted(path.name for path in json_path.parent.iterdir())
        assert names == [beside(json_path).name, json_path.name]


def test_a_file_of_this_very_moment_is_not_remembered(
    load: Load, json_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "is_racy", lambda *_: True)
    assert load(ENTRIES).n_images == 2
    assert list(json_path.parent.iterdir()) == [json_path]


def test_vectors_of_two_precisions_of_one_tower_may_stand_in_one_file(load: Load) -> None:
    named = b'"embeddings_type": "CLIP", "model": "X"'
    full, short = named, named + b', "precision": "bfloat16"'
    for one, other in ((full, short), (short, full)):
        metadata = load(
            b'{"a": {"embeddings_vector": [1], %s}, "b": {"embeddings_vector": [2], %s}}'
            % (one, other)
        )
        assert str(metadata.embedder) == "CLIP X bfloat16"
        assert len(metadata.vectors) == 2


def test_memory_does_not_grow_with_the_file(load: Load, json_path: Path) -> None:
    entry = json.dumps({"embeddings_vector": [-0.12345678901234567] * 2000})
    peaks = []
    for n_entries in (80, 240):
        entries = ",".join(f'"{n}": {entry}' for n in range(n_entries))
        json_path.write_text("{" + entries + "}")
        tracemalloc.start()
        load()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < json_path.stat().st_size


def test_loading_imports_little() -> None:
    code = "import sys, shared.metadata.loading; print(*{n.partition('.')[0] for n in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"PIL", "sklearn", "scipy", "sqlalchemy", "click"} & set(result.stdout.split())


A, B, C = ("a" * 128, "b" * 128, "c" * 128)
FACTS: dict[str, Any] = {
    A: {
        "embeddings_vector": [1.0, 2.0],
        "image_resolution": [570, 639],
        "file_type": "JPEG",
        "image_mode": "RGB",
        "file_sha256": "01" * 32,
    },
    B: {
        "embeddings_vector": [3.0],
        "image_resolution": [1, 2],
        "file_type": "PNG",
        "image_mode": "I;16B",
        "file_sha256": "ff" * 31 + "00",
    },
    C: {"embeddings_vector": [4.0, 5.0]},
}


@pytest.fixture(params=["first load", "second load"])
def metadata(
    request: pytest.FixtureRequest, load: Callable[..., Metadata], no_ticks: None
) -> Metadata:
    del no_ticks
    first = load(FACTS)
    return first if request.param == "first load" else load()


def test_vectors_are_found_by_hash(metadata: Metadata) -> None:
    assert metadata.vectors[metadata.rows([C, A])].tolist() == [[4, 5], [1, 2]]


def test_rows_tell_missing_from_bad(metadata: Metadata) -> None:
    assert metadata.rows([B, "d" * 128, A.upper(), ""]).tolist() == [BAD, *[MISSING] * 3]


def test_no_hashes_have_no_rows(metadata: Metadata) -> None:
    assert metadata.rows([]).shape == (0,)
    assert metadata.rows([]).dtype == np.int64


def test_only_a_bad_vector_has_a_reason(metadata: Metadata) -> None:
    reasons = [metadata.bad_reason(key) for key in (A, B, "d")]
    assert reasons == ["", "vector has 1 numbers, 2 are needed", ""]


def test_resolutions_are_those_of_the_entries(metadata: Metadata) -> None:
    rows = metadata.rows([A, B, C, "d", A])
    expected = [[570, 639], [0, 0], [0, 0], [0, 0], [570, 639]]
    assert metadata.resolutions(rows).tolist() == expected


def test_a_file_is_known_by_its_bytes_even_if_its_vector_is_bad(metadata: Metadata) -> None:
    digests = [b"\xff" * 31 + b"\0", b"\2" * 32, b"\1" * 32, b"\1" * 32]
    jpeg, png = Picture(A, "RGB", 570, 639, "JPEG"), Picture(B, "I;16B", 1, 2, "PNG")
    assert metadata.find_content(digests) == [png, None, jpeg, jpeg]


def test_no_files_are_no_pictures(metadata: Metadata) -> None:
    assert metadata.find_content([]) == []


def test_the_shape_counts_usable_vectors(metadata: Metadata) -> None:
    assert (metadata.n_images, metadata.n_features) == metadata.vectors.shape == (2, 2)


def test_a_file_without_known_pictures_knows_none(load: Callable[..., Metadata]) -> None:
    assert load({C: FACTS[C]}).find_content([b"\1" * 32]) == [None]
