"""The least worlds to export from: a few files that stand for pictures, scored and decided."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert

from shared.database.containers import finish_reading, start_reading
from shared.database.engine import Database, open_database
from shared.database.exports import Chosen
from shared.database.members import KnownMember, known_members_page, write_fates, write_readings
from shared.database.scores import ScoreTable, classifier_ids, write_rows
from shared.database.tables import AnswerRow, ScoreCache, ThresholdRow, ZipScoreCache
from shared.errors import Fate
from shared.exporting.formats import Format
from shared.exporting.request import ExportRequest
from shared.hashing import content_digest, pixel_hash
from shared.names import extension
from shared.records import Container, Limits, Member, Picture, Reading, Skipped
from shared.sources.source import ArchiveSource, FolderSource, Source
from tests.shared.database.world import EMBEDDER, UNDER, standing, survey
from tests.worlds import zipped

CAT = b"a cat"
DOG = b"a dog"
BOTH = b"a cat and a dog"
NEITHER = b"a tree"
SCORES = {
    CAT: {"cat": 0.9, "dog": 0.2},
    DOG: {"cat": 0.1, "dog": 0.8},
    BOTH: {"cat": 0.6, "dog": 0.7},
    NEITHER: {"cat": 0.3, "dog": 0.4},
}
THRESHOLD = 0.5
DATES = {"cat": None, "dog": "2026-11-22, 18:50:00"}


@dataclass
class Scene:
    """A folder with archives or loose files, and a database in which they are scored."""

    folder: Path
    table: ScoreTable = ZipScoreCache
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def database(self) -> Path:
        return self.output / f"{self.table.__tablename__}.sqlite"

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    def request(self, to: Format = "csv", name: str = "", **changes: object) -> ExportRequest:
        """What an export of all decided tags into `target` asks for."""
        target = self.pictures if to == "xmp" and self.table is ScoreCache else self.folder / "new"
        chosen = {
            k: v for k, v in changes.items() if k in ("what", "tags", "archives", "min_score")
        }
        others = {k: v for k, v in changes.items() if k not in chosen}
        return ExportRequest(
            database=self.database,
            table=self.table,
            output=self.output,
            target=self.folder / name if name else target,
            to=to,
            chosen=Chosen(**chosen),  # type: ignore[arg-type]
            limits=Limits(),
            **others,  # type: ignore[arg-type]
        )

    def answer(self, content: bytes, tag: str, *, has_tag: bool) -> None:
        """Have a person say something of a picture."""
        row = {"hash_id": pixel_hash(content), "tag": tag, "has_tag": has_tag}
        with open_database(self.database, self.table) as database:
            database.run(lambda c: c.execute(insert(AnswerRow).values(row)))

    def sql(self, statement: str) -> None:
        """Change the database by hand."""
        with open_database(self.database, self.table) as database:
            database.run(lambda c: c.exec_driver_sql(statement))

    def sql_elsewhere(self, statement: str) -> None:
        """Change the database by hand, in a process of its own."""
        code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2])"
        code += "; c.commit(); c.close()"
        subprocess.run([sys.executable, "-c", code, self.database, statement], check=True)


def archives(folder: Path, contents: Mapping[str, Mapping[str, bytes]], **tags: str) -> Scene:
    """Archives by name; keywords are other names for the tags `cat` and `dog`."""
    scene = Scene(folder, renamed=tags)
    scene.pictures.mkdir()
    for name, members in contents.items():
        (scene.pictures / name).write_bytes(zipped(members))
    _score(scene, ArchiveSource(scene.pictures, scene.output))
    return scene


def loose(folder: Path, contents: Mapping[str, bytes], **tags: str) -> Scene:
    """Loose files by name."""
    scene = Scene(folder, ScoreCache, renamed=tags)
    scene.pictures.mkdir()
    for name, content in contents.items():
        (scene.pictures / name).parent.mkdir(exist_ok=True)
        (scene.pictures / name).write_bytes(content)
    _score(scene, FolderSource(scene.pictures, scene.output))
    return scene


def _score(scene: Scene, source: Source) -> None:
    scene.output.mkdir()
    with open_database(scene.database, scene.table) as database:
        score(database, scene, source)


def score(database: Database, scene: Scene, source: Source) -> None:
    """Read a source into a database, score what is in `SCORES`, and decide."""
    found = [one for one in source.iter_found() if isinstance(one, Container)]
    survey(database, *found)
    ids = database.run(classifier_ids, [f"model-svm-tag-{tag}" for tag in DATES])
    for one in found:
        number = database.run(start_reading, standing(database, one.address), UNDER)
        readings = list(map(_reading, source.iter_members(one.location, Limits())))
        database.run(write_readings, number, readings, EMBEDDER)
        database.run(finish_reading, number, None, "")
        known = database.run(known_members_page, number, 0, 1000)
        contents = {r.place.address: r.content_sha256 for r in readings}
        rows = [
            row
            for m in known
            for row in _iter_rows(scene, m, contents[m.file_path], [*ids.values()])
        ]
        database.run(write_rows, scene.table, rows)
        database.run(write_fates, [(m.id, Fate.SCORED, "") for m in known])
    database.run(lambda c: c.execute(insert(ThresholdRow), [*_iter_thresholds(scene, ids)]))


def _reading(there: Member | Skipped) -> Reading:
    if isinstance(there, Skipped):
        return Reading(there.place, there.fate, there.reason)
    content = there.read()
    if content not in SCORES:
        return Reading(there.place, Fate.NOT_AN_IMAGE)
    return Reading(
        there.place,
        Fate.PENDING,
        content_sha256=content_digest(content),
        picture=Picture(pixel_hash(content), "L", len(content), 1, "PNG"),
        n_bytes=len(content),
    )


def _iter_rows(
    scene: Scene, member: KnownMember, digest: bytes | None, ids: Sequence[int]
) -> Iterator[tuple[object, ...]]:
    archive = (member.parent,) if scene.table is ZipScoreCache else ()
    facts = (member.file_name, member.file_path, extension(member.file_name), member.hash_id)
    scores = next(one for content, one in SCORES.items() if content_digest(content) == digest)
    for number, (tag, value) in zip(ids, scores.items(), strict=True):
        model = (f"model-svm-tag-{tag}", "svm", DATES[tag], scene.renamed.get(tag, tag), value)
        yield (member.id, number, *facts, *model, *archive)


def _iter_thresholds(scene: Scene, ids: Mapping[str, int]) -> Iterator[dict[str, object]]:
    for tag in DATES:
        yield {
            "tag": scene.renamed.get(tag, tag),
            "classifier_id": ids[f"model-svm-tag-{tag}"],
            "version": b"1",
            "threshold": THRESHOLD,
            "chosen_by": "number",
        }
