"""What the page is told of pictures. Names are texts of strangers: made printable, never markup."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from shared.database.ranked import deciding_classifiers, given_scores
from shared.database.reviewing import PlacedPicture, count_copies
from shared.flow.novelty import told_novelty
from shared.names import NESTED, base_name, printable
from shared.records import ANY_NOVELTY, NOVEL
from shared.review.answers import Answers
from shared.review.gallery import Gallery, PictureId, spelled_id
from shared.review.grids import ShownPicture
from shared.review.scope import archive_ids

Record: TypeAlias = dict[str, Any]


def picture_records(
    gallery: Gallery,
    answers: Answers,
    tag: str | None,
    threshold: float,
    shown: Sequence[ShownPicture],
    *,
    max_novelty: float = ANY_NOVELTY,
) -> list[Record]:
    """Tell of the pictures of a page, in its order; those that are gone meanwhile are left out.

    ``tag`` is None where the page is not of one: then there are no answers.
    """
    placed = gallery.placed([one.key for one in shown])
    copies = _copies(gallery, (one.hash_id for one in shown))
    parents = {one.parent: one.container_id for key, one in placed.items() if key[0] == "z"}
    archives = archive_ids(gallery, parents)
    records = []
    for one in shown:
        picture = placed.get(one.key)
        if picture is None:
            continue
        record = _basic(one.key, picture, archives)
        said = answers.of(tag, one.hash_id) if tag is not None else None
        is_above = one.score is not None and one.score >= threshold
        is_above = is_above and _is_usual(picture, max_novelty)
        record |= {
            "score": one.score,
            "answer": said.word if said else None,
            "by": said.by if said else None,
            "is_decided": said.word == "yes" if said and said.word != "skip" else is_above,
            "copies": copies.get(one.hash_id, 1),
            "alt": _alt(record, one.score),
        }
        records.append(record)
        gallery.show(one.key, picture.hash_id)
    return records


def picture_record(
    gallery: Gallery, answers: Answers, tags: dict[str, int], spelled: str
) -> Record:
    """Tell all of one picture, with what each classifier says of it."""
    key, picture = gallery.find(spelled)
    archives = archive_ids(gallery, {picture.parent: picture.container_id}) if key[0] == "z" else {}
    record = _basic(key, picture, archives)
    copies = _copies(gallery, [picture.hash_id])
    return record | {
        "score": None,
        "answer": None,
        "by": None,
        "is_decided": False,
        "copies": copies.get(picture.hash_id, 1),
        "alt": _alt(record, None),
        "address": printable(picture.file_path),
        "hash": picture.hash_id,
        "format": picture.format,
        "bytes": picture.n_bytes,
        "scores": _score_records(gallery, answers, tags, key, picture),
    }


def _score_records(
    gallery: Gallery,
    answers: Answers,
    tags: dict[str, int],
    key: PictureId,
    picture: PlacedPicture,
) -> list[Record]:
    records: list[Record] = []
    for database, table in gallery.scored:
        if database.letter != key[0]:
            continue
        deciding = database.run(deciding_classifiers)
        for given in database.run(given_scores, table, key[1]):
            decides = deciding.get(given.tag)
            if given.tag not in tags:
                continue
            threshold = decides.threshold if decides else None
            said = answers.of(given.tag, picture.hash_id)
            is_above = threshold is not None and given.score >= threshold
            is_above = is_above and decides is not None and _is_usual(picture, decides.max_novelty)
            records.append(
                {
                    "tag": {"id": tags[given.tag], "name": printable(given.tag)},
                    "classifier": classifier_kind(given.model_type),
                    "decides": decides is not None and decides.model_name == given.model_name,
                    "score": given.score,
                    "threshold": threshold,
                    "is_decided": said.word == "yes" if said and said.word != "skip" else is_above,
                    "answer": said.word if said else None,
                }
            )
    return records


def classifier_kind(model: str) -> str:
    """Name of a kind of classifier as the page has it, from its type or its file's name."""
    for kind in ("svm", "logistic-regression"):
        if f"ovr-{kind}" in model:
            return kind.replace("-", "_")
    return printable(model)


def archive_name(address: str) -> str:
    """Short name of an archive: its own, after that of what it is nested in."""
    top, *nested = address.split(NESTED)
    return printable(" / ".join([base_name(top), *nested]))


def _basic(key: PictureId, picture: PlacedPicture, archives: dict[str, int]) -> Record:
    archive = None
    if picture.parent in archives:
        archive = {"id": archives[picture.parent], "name": archive_name(picture.parent)}
    return {
        "id": spelled_id(key),
        "name": printable(picture.file_name),
        "archive": archive,
        "width": picture.width,
        "height": picture.height,
        "novelty": picture.novelty,
        "is_unlike": not _is_usual(picture, NOVEL),
    }


def _is_usual(picture: PlacedPicture, limit: float) -> bool:
    return told_novelty(picture.novelty, limit) is None


def _alt(record: Record, score: float | None) -> str:
    place = f" in {record['archive']['name']}" if record["archive"] else ""
    told = f", score {score:.2f}" if score is not None else ""
    return f"{record['name']}{place}{told}"


def _copies(gallery: Gallery, hashes: Iterable[str]) -> dict[str, int]:
    wanted = list(hashes)
    total: dict[str, int] = {}
    for database in gallery.databases.values():
        for hash_id, count in database.run(count_copies, wanted).items():
            total[hash_id] = total.get(hash_id, 0) + count
    return total
