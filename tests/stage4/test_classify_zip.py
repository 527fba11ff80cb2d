import csv
import json
import os
import sqlite3
from pathlib import Path

import joblib
import pytest

from tests.archive_cases.others import OTHERS
from tests.worlds import (
    OF_2023,
    REFERENCE,
    World,
    classifier,
    command,
    image_hash,
    png,
    script,
    zipped,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    return world


def test_every_occurrence_has_a_row_per_classifier(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1), "x/2.png": png(2)})
    assert world.classify().exit_code == 0
    assert [(row[0], row[1]) for row in world.rows()] == [
        (f"a.zip!/{member}", f"model-ovr-logistic-regression-tag-{tag}")
        for member in ("1.png", "x/2.png")
        for tag in ("cat", "dog")
    ]


def test_rows_tell_what_users_were_promised(world: World) -> None:
    world.archive("a.zip", {"x/1.png": png(1)})
    world.classify()
    names = "file_name, archive_path, type, model_type, model_train_date, tag"
    assert world.rows(names)[0] == (
        "1.png",
        "a.zip",
        ".png",
        "ovr-logistic-regression",
        None,
        "cat",
    )


def test_archives_in_archives_are_scored_under_their_address(world: World) -> None:
    inner = zipped({"1.png": png(1)})
    world.archive("a.zip", {"x/b.zip": zipped({"y/c.zip": inner})})
    world.know(png(1))
    world.classify()
    assert world.rows("DISTINCT file_path, archive_path") == [
        ("a.zip!/x/b.zip!/y/c.zip!/1.png", "a.zip!/x/b.zip!/y/c.zip")
    ]


def test_one_picture_at_two_addresses_has_rows_for_both(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1), "2.png": png(1)})
    world.classify()
    assert len(world.rows()) == 4


def test_two_pictures_of_one_name_are_two_files(world: World) -> None:
    world.archive("a.zip", {"x/1.png": png(1), "y/1.png": png(2)})
    world.classify()
    files = world.tree(world.results()[0])
    assert sorted(files.values()) == sorted([png(1), png(2)] * 2)


def test_two_members_of_one_name_are_both_scored(world: World) -> None:
    world.archive("a.zip", [("1.png", png(1)), ("1.png", png(2))])
    world.classify()
    assert {row[0] for row in world.rows()} == {"a.zip!/1.png", "a.zip!/1.png#2"}


def test_pictures_lie_in_the_bin_of_their_score(world: World) -> None:
    world.archive("a.zip", {f"{i}.png": png(i) for i in range(8)})
    world.classify("--output_bins=4")
    for name, score, tag in world.rows("file_name, tag_score, tag"):
        [bin_folder] = world.results()[0].glob(f"*/{tag}/*/{name}")
        upper = float(bin_folder.parent.name)
        assert upper - 0.25 <= float(str(score)) <= upper


def test_entries_of_a_picture_are_links_to_one_copy(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    files = list(world.results()[0].glob("*/*/*/1.png"))
    assert [path.stat().st_nlink for path in files] == [3, 3]


def test_copies_are_made_on_request(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify("--results=copy")
    assert [p.stat().st_nlink for p in world.results()[0].glob("*/*/*/1.png")] == [1, 1]


def test_no_results_folder_is_made_on_request(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    run = world.classify("--results=none")
    assert world.results() == []
    assert "sorted into" not in run.stdout


def test_output_json_gives_hash_address_and_every_score(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    [image] = json.loads((world.results()[0] / "output.json").read_text())
    assert image["file_path"] == f"{world.zips}/a.zip!/1.png"
    assert len(image["hash_id"]) == 128
    assert image["scores"] == {row[1]: row[2] for row in world.rows()}


def test_a_second_run_leaves_the_same_rows_and_no_second_folder(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    first, rows = world.classify(), world.rows()
    assert world.classify() == first
    assert world.rows() == rows
    assert len(world.results()) == 1


def test_an_unchanged_run_writes_no_row(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    before = (world.output / "zip_score_cache.sqlite").read_bytes()
    world.classify()
    assert (world.output / "zip_score_cache.sqlite").read_bytes() == before


def test_a_deleted_results_folder_is_made_again(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    (world.results()[0] / "output.json").unlink()
    world.classify()
    assert len(world.tree(world.results()[1])) == 2


def test_a_removed_member_takes_its_rows_along(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.classify()
    world.archive("a.zip", {"2.png": png(2)})
    world.classify()
    assert {row[0] for row in world.rows()} == {"a.zip!/2.png"}


def test_an_added_member_is_scored(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.classify()
    assert len(world.rows()) == 4


def test_a_removed_archive_takes_its_rows_along(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.archive("b.zip", {"2.png": png(2)}).unlink()
    world.archive("b.zip", {"2.png": png(2)})
    world.classify()
    (world.zips / "b.zip").unlink()
    world.classify()
    assert {row[0] for row in world.rows()} == {"a.zip!/1.png"}


def test_archives_elsewhere_keep_their_rows(world: World) -> None:
    world.archive("x/a.zip", {"1.png": png(1)})
    world.archive("y/b.zip", {"2.png": png(2)})
    world.classify(directory=world.zips / "x")
    world.classify(directory=world.zips / "y")
    assert len(world.rows()) == 4


def test_a_retrained_classifier_replaces_its_rows_alone(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    before = {row[1]: row[2] for row in world.rows()}
    world.train("dog", seed=3)
    world.classify()
    after = {row[1]: row[2] for row in world.rows()}
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["model-ovr-logistic-regression-tag-dog"]


def test_a_removed_classifier_takes_its_rows_along(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    (world.models / "model-ovr-logistic-regression-tag-dog.pkl").unlink()
    world.classify()
    assert [row[1] for row in world.rows()] == ["model-ovr-logistic-regression-tag-cat"]


def test_rows_that_another_program_deleted_come_back(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    rows = world.rows()
    with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
        database.execute("DELETE FROM zip_score_cache WHERE tag = 'cat'")
    world.classify()
    assert world.rows() == rows


def test_a_changed_archive_of_same_size_and_time_is_noticed(world: World) -> None:
    path = world.archive("a.zip", {"1.png": png(1)})
    world.classify()
    before = path.stat()
    world.archive("a.zip", {"1.png": png(2)})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    world.classify()
    assert {row[0] for row in world.rows("hash_id")} == {image_hash(png(2))}


def test_an_unknown_picture_is_a_problem_that_is_listed(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.entries.popitem()
    world.know()
    run = world.classify()
    assert run.exit_code == 3
    with (world.results()[0] / "problems.csv").open() as file:
        [problem] = csv.DictReader(file)
    assert (problem["address"], problem["fate"]) == (
        f"{world.zips}/a.zip!/2.png",
        "no_embedding",
    )


def test_a_picture_that_the_metadata_learns_of_is_scored_without_reading(world: World) -> None:
    path = world.archive("a.zip", {"1.png": png(1)})
    entries = dict(world.entries)
    world.entries.clear()
    world.know(png(9))
    world.classify()
    world.entries.update(entries)
    world.know()
    stamp = path.stat()
    path.write_bytes(b"\0" * (stamp.st_size - 22 - 51) + path.read_bytes()[-73:])
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert world.classify("--results=none").exit_code == 0
    assert len(world.rows()) == 2


def test_the_numbers_of_the_summary_add_up(world: World) -> None:
    world.archive(
        "a.zip",
        {"1.png": png(1), "t.txt": b"text", "__MACOSX/._1.png": b"", "bad.png": b"no picture"},
    )
    assert world.classify().stdout.splitlines()[1] == (
        "archives 1 · members 4 = scored 1 + ignored 1 + not an image 1 + corrupt 1"
    )


def test_a_bad_archive_does_not_stop_the_others(world: World) -> None:
    (world.zips / "0.zip").write_bytes(b"no archive")
    world.archive("a.zip", {"1.png": png(1)})
    run = world.classify()
    assert run.exit_code == 3
    [results] = world.results()
    assert run.stdout.splitlines()[:2] == [
        f"problems are listed in {results}/problems.csv",
        "archives 2 (not a zip 1) · members 1 = scored 1",
    ]


def test_strict_stops_at_the_first_problem(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1), "bad.png": b"no picture"})
    run = world.classify("--strict")
    assert run.exit_code == 1
    assert run.stderr.startswith(f"error: {world.zips}/a.zip!/bad.png: corrupt")


def test_loose_files_are_counted_and_left_alone(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    (world.zips / "loose.png").write_bytes(png(2))
    run = world.classify()
    assert run.stdout.splitlines()[0] == "other files 1, left alone"
    assert len(world.rows()) == 2


def test_archives_of_other_kinds_are_problems_wherever_they_lie(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1), "more.tar": OTHERS["tar"]})
    (world.zips / "half of it").write_bytes(OTHERS["7z"])
    (world.zips / "loose.png").write_bytes(png(2))
    run = world.classify()
    assert run.exit_code == 3
    assert [run.stdout.splitlines()[at] for at in (0, 2)] == [
        "other files 1, left alone",
        "archives 2 (unsupported archive 1) · members 2 = scored 1 + unsupported archive 1",
    ]
    [results] = world.results()
    _, *problems = (results / "problems.csv").read_text("utf-8").splitlines()
    assert sorted(problems) == [
        f"{world.zips}/a.zip!/more.tar,unsupported_archive,a tar archive; zip is read",
        f"{world.zips}/half of it,unsupported_archive,a 7z archive; zip is read",
    ]


def test_one_archive_can_be_named(world: World) -> None:
    path = world.archive("a.zip", {"1.png": png(1)})
    world.archive("b.zip", {"2.png": png(2)})
    world.classify(directory=path)
    assert {row[0] for row in world.rows()} == {"a.zip!/1.png"}


def test_hash_collisions_of_other_sizes_are_no_embedding(world: World) -> None:
    wide, high = png(1, (4, 1)), png(1, (1, 4))
    world.archive("a.zip", {"wide.png": wide, "high.png": high})
    [entry] = world.entries.values()
    entry["image_resolution"] = [4, 1]
    world.know()
    world.entries[next(iter(world.entries))]["image_resolution"] = [4, 1]
    world.metadata.write_text(json.dumps(world.entries))
    assert world.classify().exit_code == 3
    assert {row[0] for row in world.rows()} == {"a.zip!/wide.png"}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("--directory=/nowhere", "/nowhere: no such file or folder"),
        ("--metadata_json=/nowhere.json", "/nowhere.json"),
        ("--model=/nowhere", "/nowhere"),
        ("--output=/dev/null/x", "/dev/null"),
    ],
)
def test_what_is_missing_is_named_in_one_line(world: World, broken: str, words: str) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    run = world.classify(broken)
    assert run.exit_code == 1
    assert words in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_link_in_a_circle_is_no_folder(world: World, tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    world.archive("a.zip", {"1.png": png(1)})
    run = world.classify(f"--directory={circle}")
    assert (run.exit_code, run.stderr.count("\n")) == (1, 1)
    assert f"{circle}: no such file or folder" in run.stderr


def test_wrong_use_is_exit_code_2(world: World) -> None:
    assert world.classify("--output_bins=0").exit_code == 2


def test_a_bare_estimator_scores_as_the_dict_around_it(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    joblib.dump(classifier(1), world.models / "model-ovr-logistic-regression-tag-bare.pkl")
    world.classify()
    scores = {row[0]: row[1] for row in world.rows("tag, tag_score")}
    assert scores["bare"] == scores["cat"]


def test_the_script_runs_from_the_root_folder(world: World) -> None:
    world.archive("a.zip", {"1.png": png(1)})
    run = script(
        "stage4/classify_zip.py",
        f"--directory={world.zips}",
        f"--metadata-json={world.metadata}",
        f"--model={world.models}",
        f"--output={world.output}",
    )
    assert (run.exit_code, run.stderr) == (0, "")


def test_classifiers_of_2023_score_as_they_did(tmp_path: Path) -> None:
    world = World(tmp_path)
    expected = json.loads((OF_2023 / "scores.json").read_text())
    for number, vector in enumerate(expected["vectors"]):
        world.entries[image_hash(png(number))] = {"embeddings_vector": vector}
    world.archive("a.zip", {f"{number}.png": png(number) for number in range(len(world.entries))})
    run = world.classify(f"--model={OF_2023}")
    assert (run.exit_code, run.stderr) == (0, "")
    assert {
        (name, file): score for name, file, score in world.rows("model_name, file_name, tag_score")
    } == {
        (name, f"{number}.png"): pytest.approx(score, abs=1e-6)
        for name, scores in expected["scores"].items()
        for number, score in enumerate(scores)
    }


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data is not beside the project")
def test_reference_scores_are_reached(tmp_path: Path) -> None:
    run = script(
        "stage4/classify_zip.py",
        f"--directory={REFERENCE / 'images'}",
        f"--metadata_json={REFERENCE / 'input-metadata.json'}",
        f"--model={REFERENCE / 'models'}",
        f"--output={tmp_path}",
    )
    assert run.exit_code == 0
    with (REFERENCE / "expected_scores.csv").open() as file:
        expected = {
            (row["member"], row["model_name"]): float(row["tag_score"])
            for row in csv.DictReader(file)
        }
    with sqlite3.connect(tmp_path / "zip_score_cache.sqlite") as database:
        rows = database.execute("SELECT file_path, model_name, tag_score FROM zip_score_cache")
        found = {(path.split("subset3.zip!/")[1], name): score for path, name, score in rows}
    assert found == pytest.approx(expected, abs=1e-6)


def test_all_inputs_that_are_wrong_are_named_at_once(tmp_path: Path) -> None:
    nowhere = [f"--{name}={tmp_path / name}" for name in ("directory", "metadata_json", "model")]
    for stage in ("stage3/classify.py", "stage4/classify_zip.py"):
        done = command(stage, *nowhere, f"--output={tmp_path / 'output'}")
        assert done.exit_code == 1
        lines = done.stderr.splitlines()
        assert [
            str(tmp_path / name) in line
            for name, line in zip(("directory", "metadata_json", "model"), lines, strict=True)
        ] == [True, True, True]


class TestDryRun:
    def test_it_says_what_the_run_after_it_does(self, world: World) -> None:
        world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
        dry = world.classify("--dry_run")
        assert dry.exit_code == 0
        assert dry.stdout.splitlines()[:4] == [
            "dry run: nothing is written",
            "archives 1 = new 1",
            "to read 2 images · to decode at most 2",
            "to score at most 2 images · rows 4, about 0.0 MB in "
            f"{world.output}/zip_score_cache.sqlite",
        ]
        assert dry.stdout.splitlines()[-1] == "time unknown: no earlier run to take rates from"
        assert not world.output.exists()
        world.classify()
        assert "nothing to read or to score\n" in world.classify("--dry-run").stdout

    def test_it_ends_as_the_run_would(self, world: World) -> None:
        world.archive("a.zip", {"bad.png": b"no picture"})
        world.know(png(1))
        assert world.classify("--results=none").exit_code == 3
        assert world.classify("--results=none", "--dry_run").exit_code == 3
        for path in world.models.iterdir():
            path.unlink()
        dry, run = world.classify("--dry_run"), world.classify()
        assert (dry.exit_code, dry.stderr) == (1, run.stderr)

    def test_where_the_disk_has_no_room_it_ends_with_1(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.archive("a.zip", {"1.png": png(1)})
        monkeypatch.setattr("shared.flow.dry_run.free_bytes", lambda _: 10)
        dry = world.classify("--dry_run")
        assert (dry.exit_code, dry.stderr.count("\n")) == (1, 1)
        assert "results in a new folder: at most 1 file, 2 links" in dry.stdout
        assert dry.stderr.startswith(f"error: {world.output}: the results folder takes at most")
