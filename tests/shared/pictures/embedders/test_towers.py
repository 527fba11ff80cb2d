from pathlib import Path

import pytest

from shared.errors import RunError
from shared.pictures.embedders.towers import (
    FROM_FOLDER,
    FROM_HUB,
    REPOSITORIES,
    Wanted,
    differ,
    means,
    wanted_by_name,
    wanted_by_option,
)
from shared.records import EmbedderName


@pytest.mark.parametrize("pair", REPOSITORIES)
def test_a_known_model_means_the_same_as_option_and_in_metadata(pair: tuple[str, str]) -> None:
    wanted = wanted_by_option(*pair)
    assert (wanted.model, wanted.pretrained, wanted.repository) == (*pair, REPOSITORIES[pair])
    assert wanted_by_name(EmbedderName("CLIP", *pair)) == wanted


@pytest.mark.parametrize("spelled", ["ViT-L/14@336px", "ViT-L-14-336"])
def test_openais_own_spelling_is_understood(spelled: str) -> None:
    assert wanted_by_option(spelled, "openai").model == "ViT-L-14-336"


def test_a_folder_is_named_by_its_last_part(tmp_path: Path) -> None:
    (tmp_path / "tower").mkdir()
    roundabout = tmp_path / "tower" / ".." / "tower"
    wanted = wanted_by_option(str(roundabout), "openai")
    assert wanted == Wanted("tower", FROM_FOLDER, folder=roundabout)


def test_the_table_comes_before_a_folder_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ViT-B-32").mkdir()
    monkeypatch.chdir(tmp_path)
    assert wanted_by_option("ViT-B-32", "openai").folder is None
    assert wanted_by_option("./ViT-B-32", "openai").folder == Path("ViT-B-32")


def test_a_repository_is_named_as_it_is() -> None:
    assert wanted_by_option("owner/a.tower_1", "openai") == Wanted(
        "owner/a.tower_1", FROM_HUB, "owner/a.tower_1"
    )


@pytest.mark.parametrize(
    ("model", "pretrained"),
    [
        ("ViT-B-32", "laion2b"),
        ("ViT-X", "openai"),
        ("", "openai"),
        ("a/b/c", "openai"),
        ("../up", "x"),
    ],
)
def test_what_is_nothing_of_these_is_refused_with_what_is_allowed(
    model: str, pretrained: str
) -> None:
    with pytest.raises(RunError) as caught:
        wanted_by_option(model, pretrained)
    assert "ViT-B-32 openai" in caught.value.found
    assert "OWNER/NAME" in caught.value.remedy


@pytest.mark.parametrize(
    "name",
    [
        EmbedderName("builtin", "hog-color-v1", "none"),
        EmbedderName("CLIP", "ViT-B-32", "laion2b"),
        EmbedderName("CLIP", "my-tower", FROM_FOLDER),
        EmbedderName("CLIP", "/tmp", FROM_FOLDER),
        EmbedderName("CLIP", "../../etc", FROM_HUB),
        EmbedderName("CLIP", "..", FROM_HUB),
        EmbedderName("CLIP", "a/b\n", FROM_HUB),
        EmbedderName("CLIP", "-a/b", FROM_HUB),
        EmbedderName("", "", ""),
    ],
)
def test_metadata_lead_to_no_folder_and_to_no_odd_repository(name: EmbedderName) -> None:
    assert wanted_by_name(name) is None


def test_metadata_find_the_repository_that_stage_1_was_given() -> None:
    wanted = wanted_by_option("owner/tower", "openai")
    assert wanted_by_name(wanted.name("ab" * 32)) == wanted


DIGEST, OTHER_DIGEST = "ab" * 32, "cd" * 32


@pytest.mark.parametrize(
    ("one", "other", "is_so"),
    [
        (("CLIP", "ViT-B-32", "openai"), ("CLIP", "ViT-B-16", "openai"), True),
        (("CLIP", "ViT-B-32", "openai"), ("CLIP", "ViT-B-32", "laion2b"), True),
        (("CLIP", "ViT-B-32", "openai"), ("clip-retrieval", "ViT-B/32", "L2-normalised"), True),
        (("CLIP", "ViT-B-32", "openai"), ("builtin", "hog", "none"), True),
        (("CLIP", "ViT-B-32", "openai"), ("clip", "ViT-B/32", "openai"), False),
        (("CLIP", "ViT-B-32", "openai"), ("CLIP", "ViT-B-32", "openai", DIGEST), False),
        (("CLIP", "ViT-B-32", "openai"), ("CLIP", "ViT-B-32", ""), False),
        (("CLIP", "ViT-B-32", "openai"), ("CLIP", "tower", "local", DIGEST), False),
        (("CLIP", "ViT-B-32", "openai"), ("CLIP", "owner/tower", "hub", DIGEST), False),
        (("builtin", "hog", "none"), ("CLIP", "tower", "local", DIGEST), True),
        (
            ("CLIP", "ViT-B-32", "openai"),
            ("CLIP", "Xenova/clip-vit-base-patch16", "hub", DIGEST),
            True,
        ),
        (
            ("CLIP", "ViT-B-32", "openai"),
            ("CLIP", "Xenova/clip-vit-base-patch32", "hub", DIGEST),
            False,
        ),
        (("CLIP", "tower", "local", DIGEST), ("CLIP", "ViT-B-32", "openai", DIGEST), False),
        (("CLIP", "tower", "local", DIGEST), ("CLIP", "tower", "local", OTHER_DIGEST), True),
    ],
)
def test_embedders_differ_by_digest_or_else_by_what_words_surely_tell(
    one: tuple[str, ...], other: tuple[str, ...], is_so: bool
) -> None:
    names = EmbedderName(*one), EmbedderName(*other)
    assert (differ(*names), differ(*reversed(names))) == (is_so, is_so)


@pytest.mark.parametrize(
    ("text", "name", "is_so"),
    [
        (f"CLIP ViT-B-32 openai {DIGEST}", ("CLIP", "ViT-B-32", "openai"), True),
        (f"CLIP ViT-B-32 openai {DIGEST}", ("clip", "ViT-B/32", "openai"), True),
        (f"CLIP ViT-B-32 openai {DIGEST}", ("CLIP", "ViT-B-16", "openai"), False),
        (f"CLIP ViT-B-32 openai {DIGEST}", ("CLIP", "ViT-B-32", "openai", OTHER_DIGEST), False),
        (f"CLIP tower local {DIGEST}", ("CLIP", "ViT-B-32", "openai", DIGEST), True),
        ("CLIP ViT-B-32 openai", ("CLIP", "ViT-B-32", "openai", DIGEST), False),
        ("builtin hog none", ("builtin", "hog", "none"), True),
        (DIGEST, ("", "", ""), False),
        ("", ("", "", ""), False),
    ],
)
def test_a_kept_name_means_weights_of_that_digest_or_else_of_those_words(
    text: str, name: tuple[str, ...], is_so: bool
) -> None:
    assert means(text, EmbedderName(*name)) == is_so


def test_weights_that_are_not_known_are_told_by_an_option_that_every_stage_has() -> None:
    with pytest.raises(RunError) as caught:
        wanted_by_option("ViT-B-32", "laion2b")
    assert caught.value.where == "--clip_model ViT-B-32"
    assert caught.value.found.startswith("with laion2b weights neither")
