import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.pictures.embedders.towers import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    Wanted,
    fetched_folder,
    file_sha256,
    local_folder,
    wanted_by_option,
)
from tests.clip_models.hub import served_folder
from tests.clip_models.layout import REPOSITORY, write_cache, write_folder
from tests.worlds import ROOT

KNOWN = wanted_by_option("ViT-B-32", "openai")
FETCH = """
from shared.pictures.embedders.towers import wanted_by_option
from shared.pictures.embedders.towers import fetched_folder
print(fetched_folder(wanted_by_option('ViT-B-32', 'openai')))
"""


def refusal_of(wanted: Wanted) -> RunError:
    with pytest.raises(RunError) as caught:
        fetched_folder(wanted)
    return caught.value


def test_digest_is_that_of_sha256sum(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        file_sha256(tmp_path / "nowhere")
    assert caught.value.where == str(tmp_path / "nowhere")


def test_the_users_own_folder_needs_no_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert local_folder(wanted_by_option(str(folder), "")) == folder


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refusal = refusal_of(wanted_by_option(str(folder), ""))
    assert (refusal.where, name in refusal.found) == (str(folder), True)
    assert "in stage 1, --embedder builtin" in refusal.remedy


def test_what_is_in_the_cache_is_used_without_a_network(cache: Path) -> None:
    folder = write_cache(cache)
    assert local_folder(KNOWN) == fetched_folder(KNOWN) == folder


def test_an_empty_cache_holds_nothing(cache: Path) -> None:
    assert local_folder(KNOWN) is None
    assert not cache.exists()


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
def test_a_cache_that_lacks_a_file_holds_nothing(cache: Path, name: str) -> None:
    (write_cache(cache) / name).unlink()
    assert local_folder(KNOWN) is None


def test_without_network_and_weights_one_sentence_tells_what_was_looked_for_and_where(
    cache: Path,
) -> None:
    refusal = refusal_of(KNOWN)
    assert refusal.where == "--clip_model ViT-B-32"
    for told in (WEIGHTS_FILE, REPOSITORY, str(cache), "HF_HUB_OFFLINE"):
        assert told in refusal.found


def test_without_network_and_weights_the_two_ways_on_are_told(cache: Path) -> None:
    refusal = refusal_of(KNOWN)
    assert cache.name in refusal.found
    assert CONFIG_FILE in refusal.remedy
    assert "--clip_model" in refusal.remedy
    assert "in stage 1, --embedder builtin" in refusal.remedy


@pytest.mark.usefixtures("cache")
def test_a_missing_package_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("huggingface_hub", "huggingface_hub.constants"):
        monkeypatch.setitem(sys.modules, name, None)
    refusal = refusal_of(KNOWN)
    assert refusal.where == "huggingface_hub"
    assert "pip install -r requirements-clip.txt" in refusal.remedy


def fetched(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Fetch in a process of its own, as the hub's package reads its environment once."""
    settings = os.environ | {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"} | environment
    command = [sys.executable, "-c", FETCH]
    return subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_weights_are_fetched_once_and_silently_to_where_hf_home_says(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source")
    (source / "README.md").write_text("not needed")
    with served_folder(source) as (address, asked):
        first = fetched(tmp_path / "home", HF_ENDPOINT=address)
    assert not [path for path in asked if path.endswith("README.md")]
    again = fetched(tmp_path / "home", HF_HUB_OFFLINE="1")
    assert (again.stdout, again.stderr, first.stderr) == (first.stdout, "", "")
    found = Path(first.stdout.strip())
    assert found.is_relative_to(tmp_path / "home" / "hub")
    assert file_sha256(found / WEIGHTS_FILE) == file_sha256(source / WEIGHTS_FILE)


@pytest.mark.slow
def test_a_repository_without_an_image_tower_is_refused(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source")
    (source / WEIGHTS_FILE).unlink()
    with served_folder(source) as (address, _):
        said = fetched(tmp_path / "home", HF_ENDPOINT=address).stderr
    assert f"the repository has no {WEIGHTS_FILE}" in said


@pytest.mark.slow
def test_a_hub_that_does_not_answer_is_one_error(tmp_path: Path) -> None:
    said = fetched(tmp_path / "home", HF_ENDPOINT="http://127.0.0.1:9").stderr
    assert said.rstrip().splitlines()[-1].startswith("shared.errors.RunError: --clip_model")
