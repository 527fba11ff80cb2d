"""Pictures are copied byte for byte, each with what a reader of the format looks for beside it."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.exporting.folders import EXPORT, new_folder
from shared.exporting.formats import Format
from shared.exporting.request import ExportSummary
from shared.exporting.run import export
from shared.flow.tag_texts import comma_tags, jsonl_tags, line_tags
from shared.hashing import pixel_hash
from shared.progress import Silence
from shared.records import Limits
from tests.shared.exporting.exiftool import tags_of
from tests.shared.exporting.scene import BOTH, CAT, DOG, SCORES, Scene, archives, loose
from tests.shared.flow.scenes import Told
from tests.worlds import png, zipped

OWN = {EXPORT.file, "problems.csv"}


def exported(scene: Scene, to: Format, **changes: object) -> dict[str, bytes]:
    request = scene.request(to, "", **changes)
    export(request, Silence())
    return {p.name: p.read_bytes() for p in request.target.iterdir() if p.name not in OWN}


def problems(folder: Path) -> list[dict[str, str]]:
    with (folder / "problems.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return archives(tmp_path, {"a.zip": {"both.png": BOTH, "x/cat.png": CAT}})


class TestCaptions:
    def test_txt_names_tags_between_commas_the_surest_first(self, scene: Scene) -> None:
        assert exported(scene, "txt") == {
            "both.png": BOTH,
            "both.txt": b"dog, cat",
            "cat.png": CAT,
            "cat.txt": b"cat",
        }

    def test_lines_name_a_tag_each(self, scene: Scene) -> None:
        assert exported(scene, "txt-lines") == {
            "both.png": BOTH,
            "both.png.txt": b"dog\ncat\n",
            "cat.png": CAT,
            "cat.png.txt": b"cat\n",
        }

    def test_stage_1_reads_them_as_they_were_meant(self, scene: Scene) -> None:
        assert comma_tags(exported(scene, "txt")["both.txt"].decode()) == ["dog", "cat"]
        lines = exported(scene, "txt-lines", overwrite=True)["both.png.txt"].decode()
        assert line_tags(lines) == ["dog", "cat"]
        metadata = exported(scene, "imagefolder", overwrite=True)["metadata.jsonl"].decode()
        assert jsonl_tags(metadata).tags == {"both.png": ["dog", "cat"], "cat.png": ["cat"]}

    @pytest.mark.slow
    def test_exiftool_reads_sidecars(self, scene: Scene) -> None:
        assert exported(scene, "xmp", subjects=True).keys() == {
            *("both.png", "both.png.xmp"),
            *("cat.png", "cat.png.xmp"),
        }
        assert tags_of(scene.folder / "new" / "both.png.xmp") == {
            "HierarchicalSubject": ["auto|cat", "auto|dog"],
            "Subject": ["cat", "dog"],
        }

    def test_tags_that_are_not_wanted_are_not_named(self, scene: Scene) -> None:
        assert exported(scene, "txt", tags=("cat",))["both.txt"] == b"cat"

    def test_metadata_tells_each_picture_on_a_line(self, scene: Scene) -> None:
        line, _ = exported(scene, "imagefolder")["metadata.jsonl"].splitlines()
        assert json.loads(line) == {
            "file_name": "both.png",
            "text": "dog, cat",
            "file_path": f"{scene.pictures}/a.zip!/both.png",
            "archive_path": f"{scene.pictures}/a.zip",
            "hash_id": pixel_hash(BOTH),
            "tags": ["dog", "cat"],
            "tag_scores": [0.7, 0.6],
            "model_names": ["model-svm-tag-dog", "model-svm-tag-cat"],
        }

    def test_scores_make_no_caption(self, scene: Scene) -> None:
        lines = exported(scene, "imagefolder", what="scores")["metadata.jsonl"].splitlines()
        assert json.loads(lines[1])["tag_scores"] == [0.9, 0.2]
        assert "text" not in json.loads(lines[1])

    @pytest.mark.slow
    def test_hugging_face_datasets_reads_an_imagefolder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures = {png(1, (5, 4)): {"cat": 0.9, "dog": 0.1}, png(2): {"cat": 0.8, "dog": 0.7}}
        monkeypatch.setattr("tests.shared.exporting.scene.SCORES", SCORES | pictures)
        contents = dict(zip(("1.png", "2"), pictures, strict=True))
        scene = archives(tmp_path, {"a.zip": contents})
        export(scene.request("imagefolder"), Silence())
        code = (
            "import datasets, json\n"
            f"data = datasets.load_dataset('imagefolder', data_dir={str(tmp_path / 'new')!r},"
            f" split='train', cache_dir={str(tmp_path / 'cache')!r})\n"
            "print(json.dumps([[*row['image'].size, row['text'], row['tags'], row['tag_scores']]"
            " for row in data]))"
        )
        offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            [sys.executable, "-c", code], env=offline, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout) == [
            [5, 4, "cat", ["cat"], [0.9]],
            [3, 2, "cat, dog", ["cat", "dog"], [0.8, 0.7]],
        ]


class TestNames:
    def test_no_two_pictures_share_a_name_or_a_caption(self, tmp_path: Path) -> None:
        members = {"x/1.png": CAT, "y/1.png": DOG, "1.apng": BOTH}
        files = exported(archives(tmp_path, {"a.zip": members}), "txt")
        pictures = {name: content for name, content in files.items() if "png" in name}
        assert sorted(pictures.values()) == sorted(members.values())
        assert len(files) == 6
        assert {files[f"{Path(name).stem}.txt"] for name in pictures} == {
            *(b"cat", b"dog", b"dog, cat")
        }

    def test_they_are_the_same_each_time(self, tmp_path: Path) -> None:
        scene = archives(tmp_path, {"a.zip": {"x/1.png": CAT, "y/1.png": DOG}})
        assert exported(scene, "txt") == exported(scene, "txt", overwrite=True)

    def test_none_leads_out_of_the_folder(self, tmp_path: Path) -> None:
        names = ("../../up.png", "/etc/root.png", "..\\..\\back.png", "a\n\u202eb.png", "con.png")
        scene = archives(tmp_path, {"a.zip": dict.fromkeys(names, CAT)})
        before = {path.parent for path in tmp_path.rglob("*")}
        files = exported(scene, "txt-lines")
        assert len(files) == 2 * len(names)
        assert {path.parent for path in tmp_path.rglob("*")} - before == {tmp_path / "new"}

    @pytest.mark.parametrize("name", ["metadata.jsonl", "problems.csv", "PROBLEMS.csv", ".export"])
    def test_no_picture_takes_the_name_of_a_file_of_ours(self, tmp_path: Path, name: str) -> None:
        scene = archives(tmp_path, {"a.zip": {name: CAT}})
        [line] = exported(scene, "imagefolder")["metadata.jsonl"].splitlines()
        picture = json.loads(line)["file_name"]
        assert picture.endswith(".png")
        assert (tmp_path / "new" / picture).read_bytes() == CAT

    def test_a_picture_is_called_one(self, tmp_path: Path) -> None:
        files = exported(archives(tmp_path, {"a.zip": {"1": CAT, "2.dat": DOG}}), "imagefolder")
        assert files.keys() == {"metadata.jsonl", "1.png", "2.dat.png"}


class TestReading:
    def miss(self, scene: Scene, limits: Limits | None = None) -> list[str]:
        request = replace(scene.request("txt"), limits=limits or Limits())
        told = Told()
        summary = export(request, told)
        listed = problems(request.target)
        assert summary.n_missed == len(listed) == len(told.problems)
        assert summary.problems == request.target / "problems.csv"
        return [f"{one['address'].rpartition('/')[2]}: {one['reason']}" for one in listed]

    def test_what_is_there_as_it_was_is_copied_and_no_problem(self, scene: Scene) -> None:
        assert export(scene.request("txt"), Silence()) == ExportSummary(n_pictures=2)
        assert problems(scene.folder / "new") == []

    def test_pictures_in_nested_archives_are_found(self, tmp_path: Path) -> None:
        inner = zipped({"1.png": CAT, "no.txt": b"", "2.png": DOG})
        contents = {"no.txt": b"", "in.zip": zipped({"in.zip": inner, "3.png": BOTH})}
        files = exported(archives(tmp_path, {"a.zip": contents}), "txt")
        assert sorted(name for name in files if name.endswith("png")) == ["1.png", "2.png", "3.png"]

    def test_a_changed_picture_is_a_problem_and_the_rest_is_copied(self, scene: Scene) -> None:
        (scene.pictures / "a.zip").write_bytes(zipped({"both.png": BOTH, "x/cat.png": DOG}))
        assert self.miss(scene) == [
            "cat.png: is not there as it was when it was scored. Run this stage again."
        ]
        assert (scene.folder / "new" / "both.png").read_bytes() == BOTH
        assert not (scene.folder / "new" / "cat.png").exists()

    def test_so_is_one_that_is_not_there_any_more(self, scene: Scene) -> None:
        (scene.pictures / "a.zip").write_bytes(zipped({"both.png": BOTH}))
        assert [one.partition(":")[0] for one in self.miss(scene)] == ["cat.png"]

    def test_so_are_all_of_an_archive_that_is_gone(self, scene: Scene) -> None:
        (scene.pictures / "a.zip").unlink()
        assert len(self.miss(scene)) == 2

    def test_so_is_one_beyond_a_limit(self, scene: Scene) -> None:
        limits = replace(Limits(), max_member_bytes=len(CAT))
        assert [one.partition(":")[0] for one in self.miss(scene, limits)] == ["both.png"]

    def test_loose_images_are_found_by_name_whatever_is_beside_them(self, tmp_path: Path) -> None:
        scene = loose(tmp_path, {"x/1.png": CAT, "2.png": DOG, "3.png": BOTH})
        (scene.pictures / "0.png").write_bytes(DOG)
        (scene.pictures / "3.png").unlink()
        (scene.pictures / "2.png").write_bytes(BOTH)
        assert len(self.miss(scene)) == 2
        assert (tmp_path / "new" / "1.txt").read_bytes() == b"cat"


class TestFolder:
    def test_it_is_there_when_it_is_complete(self, tmp_path: Path) -> None:
        target = tmp_path / "new"

        def fail() -> None:
            with new_folder(target, EXPORT) as folder:
                assert not target.exists()
                assert folder.path.parent == tmp_path
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert list(tmp_path.iterdir()) == []

    def test_what_a_killed_run_has_left_is_swept_away(self, tmp_path: Path) -> None:
        left = tmp_path / ".unfinished_new"
        (left / "x").mkdir(parents=True)
        (left / "1.png").touch()
        with new_folder(tmp_path / "new", EXPORT):
            assert not (left / "1.png").exists()
        assert [path.name for path in (tmp_path / "new").iterdir()] == [EXPORT.file]
        assert [path.name for path in tmp_path.iterdir()] == ["new"]

    def test_two_at_a_time_do_not_share_it(self, tmp_path: Path) -> None:
        with new_folder(tmp_path / "new", EXPORT) as first:
            (first.path / "1.png").touch()
            with pytest.raises(RunError, match="in use by"), new_folder(tmp_path / "new", EXPORT):
                pass
            assert (first.path / "1.png").exists()
        assert (tmp_path / "new" / "1.png").exists()
