import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from shared.errors import RunError
from shared.training.sample import SampleCounts, write_sample
from tests.shared.flow.scenes import Told
from tests.worlds import ROOT, command


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleCounts]:
    folder = tmp_path_factory.mktemp("sample")
    return folder, write_sample(folder)


@pytest.fixture(scope="module")
def sample(written: tuple[Path, SampleCounts]) -> Path:
    return written[0]


def iter_members(archive: bytes, address: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for entry in opened.infolist():
            content, place = opened.read(entry), f"{address}!/{entry.filename}"
            yield from (
                iter_members(content, place) if place.endswith(".zip") else [(place, content)]
            )


def archived(sample: Path) -> list[tuple[str, bytes]]:
    return [
        member
        for path in sorted((sample / "archives").rglob("*.zip"))
        for member in iter_members(path.read_bytes(), path.name)
    ]


def archived_pictures(sample: Path) -> list[tuple[str, bytes]]:
    return [m for m in archived(sample) if m[0].endswith(".png") and "__MACOSX" not in m[0]]


def loose_and_tagged(sample: Path) -> list[tuple[str, bytes]]:
    paths = sorted([*(sample / "dataset").rglob("*"), *(sample / "images").rglob("*")])
    return [(str(path), path.read_bytes()) for path in paths if path.is_file()]


def test_half_of_each_digit_is_tagged(sample: Path) -> None:
    n_of_digit = Counter(load_digits().target.tolist())
    folders = {path.name: len(list(path.iterdir())) for path in (sample / "dataset").iterdir()}
    assert folders == {f"digit-{digit}": -(-n // 2) for digit, n in n_of_digit.items()}


def test_a_tenth_is_loose(sample: Path) -> None:
    assert len(list((sample / "images").iterdir())) == pytest.approx(1797 / 10, rel=0.05)


def test_every_digit_is_somewhere_and_one_is_twice(sample: Path) -> None:
    contents = [c for _, c in loose_and_tagged(sample) + archived_pictures(sample)]
    counts = Counter(contents)
    assert (len(contents), sorted(counts.values())[-2:]) == (1798, [1, 2])


def test_counts_are_those_on_disk(written: tuple[Path, SampleCounts]) -> None:
    folder, counts = written
    n_archives = len(list((folder / "archives").rglob("*.zip")))
    n_files = len(loose_and_tagged(folder))
    assert (counts.n_tagged + counts.n_loose, counts.n_archives) == (n_files, n_archives)
    assert counts.n_archived == len(archived_pictures(folder))


def test_pixels_are_the_digits_enlarged(sample: Path) -> None:
    with Image.open(sample / "dataset/digit-0/0000.png") as image:
        pixels = np.asarray(image)
    ink = load_digits().images[0]
    assert pixels.shape == (32, 32)
    assert np.array_equal(pixels[::4, ::4], np.round(ink * 255 / 16))


def test_every_path_tells_the_digit(sample: Path) -> None:
    targets = load_digits().target
    for address, _ in loose_and_tagged(sample) + archived_pictures(sample):
        match = re.search(r"digit-(\d)[/-](\d{4})\.png$", address)
        assert match is None or targets[int(match[2])] == int(match[1])
        assert re.search(r"digit-\d", address)


def test_an_archive_is_in_an_archive_in_an_archive(sample: Path) -> None:
    assert max(address.count("!/") for address, _ in archived(sample)) == 3


def test_two_different_pictures_have_one_name(sample: Path) -> None:
    same = [content for address, content in archived(sample) if "same-name" in address]
    assert len(same) == len(set(same)) == 2


@pytest.mark.parametrize("oddity", [r"README\.txt$", r"!/__MACOSX/.*/\._", r"[^\x00-\x7f]"])
def test_archives_hold_what_real_ones_hold(sample: Path, oddity: str) -> None:
    assert sum(1 for address, _ in archived(sample) if re.search(oddity, address)) == 1


def test_writing_again_changes_nothing(sample: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sample.rglob("*")}
    write_sample(sample)
    assert {path: path.stat().st_mtime_ns for path in sample.rglob("*")} == before


def test_a_damaged_file_is_written_again(sample: Path) -> None:
    path = sample / "dataset/digit-0/0000.png"
    content = path.read_bytes()
    path.write_bytes(content[:100])
    write_sample(sample)
    assert path.read_bytes() == content


def test_every_byte_is_fixed(sample: Path) -> None:
    digest = hashlib.sha256()
    for path in sorted(path for path in sample.rglob("*") if path.is_file()):
        digest.update(path.relative_to(sample).as_posix().encode() + path.read_bytes())
    expected = "392775cb750d499e61c0f7ba4532ca971c71e736fcea3b3589ea029c4bed69cc"
    assert digest.hexdigest() == expected


def test_a_folder_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written") as caught:
        write_sample(tmp_path / "file")
    assert caught.value.where.startswith(str(tmp_path / "file"))


def test_progress_counts_every_file_and_tells_what_is_written_over(tmp_path: Path) -> None:
    write_sample(tmp_path)
    taken = next(iter((tmp_path / "images").iterdir()))
    taken.write_bytes(b"mine")
    told = Told()
    write_sample(tmp_path, told)
    assert told.n_members == sum(path.is_file() for path in tmp_path.rglob("*"))
    assert told.problems == [f"{taken}: held something else, written anew"]


@pytest.mark.slow
def test_the_script_says_what_it_wrote(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "stage1/write_sample.py"), f"--output-folder={tmp_path}"]
    ended = subprocess.run(script, cwd="/", capture_output=True, text=True, check=True)
    assert ended.stdout == f"901 tagged · 183 loose · 714 in 3 archives, in {tmp_path}\n"


def test_a_file_in_the_folders_place_is_one_line_and_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = command("stage1/write_sample.py", f"--output_folder={tmp_path / 'file'}")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
