import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.embedders.choosing import AtHand, find_embedder
from shared.pictures.embedders.clip import ClipEmbedder, ClipOptions, load_clip
from shared.pictures.embedders.towers import CONFIG_FILE, WEIGHTS_FILE
from shared.records import EmbedderName
from tests.clip_models.layout import write_cache, write_folder
from tests.clip_models.plans import TINY

FROM_ELSEWHERE = EmbedderName("CLIP", "ViT-B-32", "openai")
OTHER_DIGEST = "ab" * 32


def given(folder: Path) -> ClipOptions:
    return ClipOptions(str(folder))


def refusal_of(name: EmbedderName, folder: Path) -> RunError:
    with pytest.raises(RunError) as caught:
        find_embedder(name, 0, given(folder))
    return caught.value


def test_the_built_in_embedder_is_always_at_hand() -> None:
    assert find_embedder(BuiltinEmbedder.name) == AtHand(BuiltinEmbedder())


def test_weights_that_another_tool_named_are_taken_from_the_cache(cache: Path) -> None:
    folder = write_cache(cache)
    found = find_embedder(FROM_ELSEWHERE).embedder
    assert isinstance(found, ClipEmbedder)
    assert found.weights == folder / WEIGHTS_FILE


def test_that_nobody_told_the_weights_digest_is_noted(cache: Path) -> None:
    folder = write_cache(cache)
    note = find_embedder(FROM_ELSEWHERE).note
    assert "does not tell" in note
    assert str(folder / WEIGHTS_FILE) in note


def test_the_weights_of_stage_1_are_found_again_without_a_note(cache: Path) -> None:
    write_cache(cache)
    embedder = load_clip(ClipOptions())
    assert find_embedder(embedder.name) == AtHand(embedder)


def test_a_repository_of_stage_1_is_found_again(cache: Path) -> None:
    write_cache(cache, "owner/tower")
    embedder = load_clip(ClipOptions("owner/tower"))
    assert find_embedder(embedder.name).embedder == embedder


def test_other_weights_than_the_metadatas_are_not_used(cache: Path) -> None:
    write_cache(cache)
    found = find_embedder(replace(FROM_ELSEWHERE, weights_sha256=OTHER_DIGEST))
    assert found.embedder is None
    assert OTHER_DIGEST[:12] in found.note


@pytest.mark.usefixtures("cache")
def test_weights_that_are_not_on_this_machine_are_not_fetched() -> None:
    found = find_embedder(FROM_ELSEWHERE)
    assert found.embedder is None
    assert "--clip_model ViT-B-32 fetches them" in found.note


@pytest.mark.parametrize(
    "name",
    [
        None,
        EmbedderName("", "", ""),
        EmbedderName("CLIP", "ViT-nowhere", "nobody"),
        EmbedderName("CLIP", "my-tower", "local", OTHER_DIGEST),
        EmbedderName("builtin", "hog-color-v0", "none"),
    ],
)
def test_an_embedder_that_is_unknown_is_not_at_hand(name: EmbedderName | None) -> None:
    found = find_embedder(name)
    assert (found.embedder, bool(found.note)) == (None, True)


def test_a_broken_cache_keeps_nobody_from_working(cache: Path) -> None:
    (write_cache(cache) / CONFIG_FILE).write_text("<html>")
    found = find_embedder(FROM_ELSEWHERE)
    assert found.embedder is None
    assert CONFIG_FILE in found.note


@pytest.mark.parametrize("package", ["huggingface_hub", "huggingface_hub.constants"])
def test_a_missing_hub_keeps_nobody_from_working(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    found = find_embedder(FROM_ELSEWHERE)
    assert found.embedder is None
    assert "pip install" in found.note


def test_a_missing_runtime_keeps_nobody_from_working(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cache(cache)
    monkeypatch.setattr("shared.pictures.embedders.runtimes.find_spec", lambda _: None)
    found = find_embedder(FROM_ELSEWHERE)
    assert found.embedder is None
    assert "pip install" in found.note


def test_the_users_own_folder_is_used_for_weights_that_were_told_by_name(folder: Path) -> None:
    found = find_embedder(FROM_ELSEWHERE, 0, given(folder))
    assert isinstance(found.embedder, ClipEmbedder)
    assert found.embedder.weights == folder / WEIGHTS_FILE
    assert "is taken to be it" in found.note


def test_the_users_own_folder_is_used_where_no_name_was_told(folder: Path) -> None:
    assert find_embedder(None, 0, given(folder)).embedder == load_clip(given(folder))


def test_the_users_own_folder_is_found_again_by_digest_whatever_its_name(
    folder: Path, tmp_path: Path
) -> None:
    name = load_clip(given(folder)).name
    moved = folder.rename(tmp_path / "elsewhere")
    assert find_embedder(name, 0, given(moved)).note == ""


def test_other_weights_in_the_users_own_folder_end_the_run(folder: Path) -> None:
    refusal = refusal_of(replace(FROM_ELSEWHERE, weights_sha256=OTHER_DIGEST), folder)
    assert refusal.where == f"--clip_model {folder}"
    assert OTHER_DIGEST[:12] in refusal.found


def test_weights_do_not_stand_in_for_the_built_in_embedder(folder: Path) -> None:
    assert "builtin" in refusal_of(BuiltinEmbedder.name, folder).found


def test_weights_that_the_user_names_and_that_are_not_to_be_had_end_the_run(cache: Path) -> None:
    with pytest.raises(RunError) as caught:
        find_embedder(FROM_ELSEWHERE, 0, ClipOptions("ViT-B-32"))
    assert str(cache) in caught.value.found


@pytest.mark.parametrize(("n_features", "fits"), [(0, True), (TINY.n_features, True), (512, False)])
def test_vectors_of_another_width_are_never_made(
    tmp_path: Path, n_features: int, fits: bool
) -> None:
    folder = write_folder(tmp_path / "tower")
    embedder = find_embedder(FROM_ELSEWHERE, n_features, given(folder)).embedder
    assert embedder
    if fits:
        assert embedder.n_features == TINY.n_features
    else:
        with pytest.raises(RunError):
            embedder.embed([])


@pytest.mark.parametrize("clip_model", ["ViT-B-16", "Xenova/clip-vit-base-patch16"])
def test_weights_that_contradict_the_metadata_are_refused_before_they_are_fetched(
    cache: Path, clip_model: str
) -> None:
    with pytest.raises(RunError) as caught:
        find_embedder(FROM_ELSEWHERE, 0, ClipOptions(clip_model))
    assert caught.value.where == f"--clip_model {clip_model}"
    assert "made by CLIP ViT-B-32 openai" in caught.value.found
    assert not cache.exists()


@pytest.mark.parametrize("repository", ["Xenova/clip-vit-base-patch32", "owner/mirror"])
def test_a_repository_that_may_hold_the_metadatas_weights_is_used(
    cache: Path, repository: str
) -> None:
    folder = write_cache(cache, repository)
    found = find_embedder(FROM_ELSEWHERE, 0, ClipOptions(repository)).embedder
    assert isinstance(found, ClipEmbedder)
    assert found.weights == folder / WEIGHTS_FILE
