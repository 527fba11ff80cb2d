import hashlib
import io
import math
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from shared.pictures.embedders.pixels import cropped, planes_of
from shared.pictures.embedders.recipe import load_recipe
from shared.pictures.embedders.towers import CONFIG_FILE
from shared.pictures.opening import open_picture
from shared.records import Limits
from shared.results.thumbnails import ThumbnailFolder
from tests.bench import unknown
from tests.bench.aims import AIMS
from tests.bench.corpora import block_plans, write_archive
from tests.bench.exporting import iter_exports
from tests.bench.floors import iter_contents, picture_hash
from tests.bench.measures import MEASURES, Round
from tests.bench.measuring import Cost, call, cost_of, spread
from tests.bench.pictures import picture
from tests.bench.prepared import Prepared
from tests.bench.report import END, START, write_results
from tests.bench.scene import Scene, forget_scenes, scene_folder
from tests.bench.thumbnails import OPTION, Pair, build, line, pair, run_over
from tests.clip_models.layout import clip_config, write_folder

pytestmark = pytest.mark.slow

ONE_OF_EACH_FORMAT = (0, 1, 3, 50)
"""GIF, JPEG, PNG, WebP."""


@pytest.fixture
def round_of_costs(tmp_path: Path) -> Round:
    """Every process took as many seconds and MiB as its place in the list, from 2 on."""
    costs = Round(Prepared(Scene(tmp_path, 0.02), tmp_path))
    for place, name in enumerate(MEASURES, start=2):
        costs[name] = Cost(place, place, place * 2**20, f"{place}")
    return costs


def test_a_corpus_is_the_same_whenever_it_is_built(tmp_path: Path) -> None:
    digests = []
    for attempt in ("first", "second"):
        (tmp_path / attempt).mkdir()
        plan = block_plans(tmp_path / attempt, 0, 8)[2]
        write_archive(plan)
        digests.append(hashlib.sha256(plan.path.read_bytes()).digest())
    assert digests[0] == digests[1]


def test_metadata_knows_every_picture_of_an_archive_nested_ones_too(tmp_path: Path) -> None:
    plan = block_plans(tmp_path, 0, 8)[2]
    entries = write_archive(plan)
    with zipfile.ZipFile(plan.path) as archive:
        contents = list(iter_contents(archive, 0, 9))
    assert [entry.hash_id for entry in entries] == [picture_hash(content) for content in contents]


@pytest.mark.parametrize("number", ONE_OF_EACH_FORMAT)
def test_the_floor_does_the_whole_work(number: int) -> None:
    _, content = picture(number)
    with Image.open(io.BytesIO(content)) as image:
        plain = hashlib.blake2b(image.tobytes()).hexdigest()
    assert picture_hash(content) == open_picture(content, Limits()).picture.hash_id == plain


def test_a_spread_is_the_median_between_the_extremes() -> None:
    found = spread([3.0, 1.0, 2.0, 10.0])
    assert (found.median, found.least, found.most) == (2.5, 1.0, 10.0)


def test_a_cost_is_that_of_the_process() -> None:
    cost = cost_of(call("loading:start"))
    assert cost.stdout == "null"
    assert cost.peak_bytes > 2**20


def test_a_process_that_fails_ends_the_bench() -> None:
    with pytest.raises(ChildProcessError, match="No such file"):
        cost_of(call("loading:load_plainly", Path("/nowhere")))


def test_every_aim_is_a_ratio_of_what_is_measured(round_of_costs: Round) -> None:
    assert all(math.isfinite(aim.ratio(round_of_costs)) for aim in AIMS)
    assert {aim.number for aim in AIMS} == set(range(1, 15))


def test_ratios_are_the_right_way_up(round_of_costs: Round) -> None:
    ratios = {aim.label: aim.ratio(round_of_costs) for aim in AIMS}
    seconds = {name: cost.seconds for name, cost in round_of_costs.items()}
    assert ratios["1"] == seconds["decode and hash"] / seconds["first, 2"]
    assert ratios["5"] == seconds["unchanged, 60, half"] / seconds["first, 60, half"]


def test_measured_tables_replace_the_last_ones_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text(f"before\n{START}\nold\n{END}\nafter\n")
    write_results(path, "new")
    assert path.read_text() == f"before\n{START}\nnew\n{END}\nafter\n"


def test_cleaning_leaves_what_is_not_the_benchs_own(tmp_path: Path) -> None:
    scene_folder(tmp_path, 0.1).mkdir()
    (tmp_path / "mine").mkdir()
    forget_scenes(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_floor_of_embedding_does_the_whole_work(tmp_path: Path) -> None:
    for number in ONE_OF_EACH_FORMAT:
        hash_id, image = unknown._decoded(picture(number)[1])
        assert hash_id == picture_hash(picture(number)[1])
        recipe = load_recipe(write_folder(tmp_path, config=clip_config(unknown.PLAN)) / CONFIG_FILE)
        [expected] = planes_of(cropped([image], recipe), recipe)
        assert unknown._planes(image).tobytes() == expected.tobytes()


def test_an_export_is_measured_by_whole_processes(tmp_path: Path) -> None:
    [cost] = iter_exports(tmp_path, n_rows=100, n_rounds=1)
    assert cost.stdout.startswith("rows 100 in ")
    assert cost.cpu_seconds > 0


def test_what_thumbnails_cost_is_the_run_with_them_over_the_one_without() -> None:
    found = Pair(without=Cost(2, 4, 0, ""), with_them=Cost(3, 5, 0, ""))
    assert (found.processor, found.wall) == (1.25, 1.5)
    assert line("photos", [found]) == (
        "photos: processor +25.0% (+25.0% to +25.0%), wall +50.0% (+50.0% to +50.0%); "
        "4.0 s of processor time without"
    )


def test_both_runs_of_a_pair_score_all_and_one_of_them_makes_thumbnails(tmp_path: Path) -> None:
    build(str(tmp_path / "small"), "small", "5")
    found = pair(
        run_over(tmp_path / "small", "known", 5), tmp_path / "out", is_first=True, is_odd=True
    )
    assert found.processor > 0
    assert ThumbnailFolder.of(tmp_path / f"out{OPTION}").n_bytes() > 0
    assert ThumbnailFolder.of(tmp_path / "out").n_bytes() == 0
