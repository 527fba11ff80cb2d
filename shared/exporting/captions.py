"""What is written beside a copied picture, by format. Nothing here touches the disk."""

from collections.abc import Callable, Sequence
from pathlib import PurePath

import orjson

from shared.database.exports import TaggedMember
from shared.errors import RunError
from shared.exporting.formats import SEPARATORS, Format
from shared.exporting.xmp import merged

Captioner = Callable[[str, TaggedMember], tuple[str, bytes]]
"""Gives the name and the content of the text that belongs to a picture with this name."""


def check_spellable(to: Format, tags: Sequence[str]) -> None:
    """Refuse tags that would be read as two.

    Raises
    ------
    RunError
        Naming the first of them.
    """
    for tag in tags:
        if any(character in SEPARATORS.get(to, "") for character in tag):
            found = f"the tag {tag!r} would be read as several"
            raise RunError(f"--to={to}", found, "Use imagefolder, or name other tags with --tag.")


def tag_names(member: TaggedMember) -> list[str]:
    """Tags of a picture, the surest first, each once."""
    ranked = sorted(member.tags, key=lambda one: (-one.score, one.tag))
    return list(dict.fromkeys(one.tag for one in ranked))


def comma_separated(name: str, member: TaggedMember) -> tuple[str, bytes]:
    """Caption `1.txt` of `1.png`, as trainers read it: ``cat, dog``."""
    return f"{PurePath(name).stem}.txt", ", ".join(tag_names(member)).encode()


def line_by_line(name: str, member: TaggedMember) -> tuple[str, bytes]:
    """Sidecar `1.png.txt`, as hydrus imports it: a tag a line."""
    return f"{name}.txt", "".join(f"{tag}\n" for tag in tag_names(member)).encode()


def as_xmp(name: str, member: TaggedMember, *, subjects: bool) -> tuple[str, bytes]:
    """Sidecar `1.png.xmp`, as digiKam names it."""
    tags = sorted(tag_names(member))
    return f"{name}.xmp", merged(None, tags, tags, subjects=subjects) or b""


def metadata_line(name: str, member: TaggedMember, *, is_caption: bool) -> str:
    """Line of `metadata.jsonl`, as Hugging Face `datasets` reads it.

    Lists have the same order; ``text``, which trainers take for the caption, is there where the
    tags are decided ones.
    """
    ranked = sorted(member.tags, key=lambda one: (-one.score, one.tag, one.model_name))
    record = {
        "file_name": name,
        **({"text": ", ".join(tag_names(member))} if is_caption else {}),
        "file_path": member.file_path,
        "archive_path": member.parent,
        "hash_id": member.hash_id,
        "tags": [one.tag for one in ranked],
        "tag_scores": [one.score for one in ranked],
        "model_names": [one.model_name for one in ranked],
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode()
