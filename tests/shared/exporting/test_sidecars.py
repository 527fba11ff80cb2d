"""Sidecars beside loose images are brought up to date; the images are not touched."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.exporting.request import ExportSummary
from shared.exporting.run import export
from shared.exporting.xmp import merged
from shared.progress import Silence
from tests.shared.exporting.scene import BOTH, CAT, DOG, NEITHER, Scene, loose

DOGS = merged(None, ["dog"], [], subjects=False) or b""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return loose(tmp_path, {"cat.png": CAT, "x/both.png": BOTH, "tree.png": NEITHER})


def write(scene: Scene, name: str = "", **changes: object) -> ExportSummary:
    return export(scene.request("xmp", name, **changes), Silence())


def sidecars(scene: Scene) -> dict[str, bytes]:
    paths = scene.pictures.rglob("*.xmp")
    return {str(path.relative_to(scene.pictures)): path.read_bytes() for path in paths}


def missed(scene: Scene) -> list[tuple[str, str]]:
    with (scene.output / "export-problems.csv").open(newline="") as file:
        return [(Path(r["address"]).name, r["reason"]) for r in csv.DictReader(file)]


def xmp(tags: Sequence[str]) -> bytes | None:
    return merged(None, tags, [], subjects=False)


def test_each_picture_with_a_tag_gets_one(scene: Scene) -> None:
    assert write(scene) == ExportSummary(n_pictures=2)
    assert sidecars(scene) == {"cat.png.xmp": xmp(["cat"]), "x/both.png.xmp": xmp(["cat", "dog"])}


def test_a_second_time_nothing_is_written(scene: Scene) -> None:
    write(scene)
    path = scene.pictures / "cat.png.xmp"
    before = path.stat()
    assert write(scene) == ExportSummary(n_same=2)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_only_what_lies_below_the_target_gets_one(scene: Scene) -> None:
    assert write(scene, name="pictures/x").n_pictures == 1
    assert sidecars(scene).keys() == {"x/both.png.xmp"}


def test_no_picture_is_changed_nor_its_time(scene: Scene) -> None:
    paths = sorted(scene.pictures.rglob("*.png"))
    for path in paths:
        os.utime(path, ns=(10**18, 10**18))
    before = [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in paths]
    write(scene)
    assert [(p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_ino) for p in paths] == before


def test_a_tag_that_is_decided_no_more_goes_from_sidecars_that_are_there(scene: Scene) -> None:
    (scene.pictures / "tree.png.xmp").write_bytes(DOGS)
    (scene.pictures / "cat.png.xmp").write_bytes(DOGS)
    assert write(scene).n_pictures == 3
    assert b"auto|dog" not in sidecars(scene)["tree.png.xmp"] + sidecars(scene)["cat.png.xmp"]


def test_a_tag_that_was_not_asked_for_stays(scene: Scene) -> None:
    (scene.pictures / "cat.png.xmp").write_bytes(DOGS)
    write(scene, tags=("cat",))
    text = sidecars(scene)["cat.png.xmp"]
    assert b"auto|dog" in text
    assert b"auto|cat" in text


def test_a_sidecar_keeps_its_permissions(scene: Scene) -> None:
    path = scene.pictures / "cat.png.xmp"
    path.write_bytes(DOGS)
    path.chmod(0o640)
    write(scene)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("content", "found"), [(b"no xml", "no XML"), (b"<!DOCTYPE x><x/>", "document type")]
)
def test_what_is_no_xmp_is_left_alone_and_listed(scene: Scene, content: bytes, found: str) -> None:
    (scene.pictures / "cat.png.xmp").write_bytes(content)
    summary = write(scene)
    assert (summary.n_pictures, summary.n_missed) == (1, 1)
    assert summary.problems == scene.output / "export-problems.csv"
    [(name, reason)] = missed(scene)
    assert name == "cat.png"
    assert found in reason
    assert sidecars(scene)["cat.png.xmp"] == content


def test_a_link_is_not_followed(scene: Scene) -> None:
    mine = scene.folder / "mine.xmp"
    mine.write_bytes(DOGS)
    (scene.pictures / "cat.png.xmp").symlink_to(mine)
    assert write(scene).n_missed == 1
    assert mine.read_bytes() == DOGS
    assert (scene.pictures / "cat.png.xmp").is_symlink()


def test_a_pipe_is_not_waited_for(scene: Scene) -> None:
    os.mkfifo(scene.pictures / "cat.png.xmp")
    assert write(scene).n_missed == 1


def test_a_picture_that_has_changed_gets_none(scene: Scene) -> None:
    (scene.pictures / "cat.png").write_bytes(DOG)
    write(scene)
    assert sidecars(scene).keys() == {"x/both.png.xmp"}
    assert missed(scene)[0][0] == "cat.png"


def test_a_folder_in_which_nothing_was_scored_is_a_mistake(scene: Scene) -> None:
    (scene.folder / "elsewhere").mkdir()
    with pytest.raises(RunError, match="no image in it has been scored"):
        write(scene, name="elsewhere")


def test_a_folder_that_is_not_there_is_one_too(scene: Scene) -> None:
    with pytest.raises(RunError, match="no folder that is there"):
        write(scene, name="nowhere")


def test_odd_names_are_found_again(tmp_path: Path) -> None:
    names = ["a\\x00.png", os.fsdecode(b"\xff.png"), "!/b.png", "line\nbreak.png"]
    scene = loose(tmp_path, dict.fromkeys(names, CAT))
    assert write(scene).n_pictures == len(names)
    assert sidecars(scene).keys() == {f"{name}.xmp" for name in names}
