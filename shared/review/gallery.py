"""The pictures that are reviewed: those of the databases in an output folder, by short ids.

`z123` is a member of the archives, `l123` one of the loose files, `d123` one of the dataset.
"""

import queue
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

from shared.database import schema
from shared.database.engine import (
    Connection,
    Database,
    DatabasePlace,
    open_database,
    open_for_readers,
    open_for_reading,
    spelled_place,
)
from shared.database.reviewing import (
    PlacedPicture,
    ReviewedTable,
    changes,
    count_places,
    holds,
    newest_picture,
    placed_pictures,
)
from shared.database.scores import ScoreTable
from shared.database.tables import DatasetCache, ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.review.refusals import RefusedRequest, bad, not_found

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
Letter = Literal["z", "l", "d"]
PictureId: TypeAlias = tuple[Letter, int]
TABLES: dict[Letter, ReviewedTable] = {"z": ZipScoreCache, "l": ScoreCache, "d": DatasetCache}
SCORED: dict[Letter, ScoreTable] = {"z": ZipScoreCache, "l": ScoreCache}
PLACES: dict[str, Letter] = {"archived": "z", "loose": "l", "dataset": "d"}
MAX_REMEMBERED = 20_000
MAX_COUNTS = 500
_ID = re.compile(r"([zld])([0-9]{1,18})")
_RUN_FIRST = "Run stage 3 or 4 with this {} first."


class Reviewed:
    """One database, read by several threads at a time, each with a connection."""

    def __init__(self, letter: Letter, place: DatabasePlace, closing: ExitStack) -> None:
        self.letter = letter
        self.place = place
        self._one_more = closing.enter_context(open_for_readers(place))
        self._idle: queue.LifoQueue[Database] = queue.LifoQueue()

    def run(
        self,
        statement: Callable[Concatenate[Connection, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Run a function of statements, as `Database.run`."""
        with self._connected() as database:
            return database.run(statement, *args, **kwargs)

    def stamp(self) -> object:
        """Return what differs when it has been written to."""
        if isinstance(self.place, Path):
            return [_stamp(Path(f"{self.place}{end}")) for end in ("", "-wal")]
        return self.run(changes)

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        try:
            database = self._idle.get_nowait()
        except queue.Empty:
            database = self._one_more()
        try:
            yield database
        finally:
            self._idle.put(database)


class Gallery:
    """All that is reviewed, by the letter of its kind. For several threads.

    What was looked up lately is remembered until a database changes.
    """

    def __init__(self, databases: dict[Letter, Reviewed]) -> None:
        self.databases = databases
        self._lately: OrderedDict[PictureId, PlacedPicture] = OrderedDict()
        self._shown: OrderedDict[PictureId, str] = OrderedDict()
        self._counts: OrderedDict[Hashable, list[int]] = OrderedDict()
        self._as_of: object = None
        self._lock = threading.Lock()

    @property
    def scored(self) -> Iterator[tuple[Reviewed, ScoreTable]]:
        """The databases that hold scores."""
        for letter, table in SCORED.items():
            if letter in self.databases:
                yield self.databases[letter], table

    def stamp(self) -> object:
        """Return what differs when a database has been written to."""
        return [one.stamp() for one in self.databases.values()]

    def newest(self) -> list[int]:
        """Ids of the pictures that came last."""
        return [one.run(newest_picture) for one in self.databases.values()]

    def counts(self) -> tuple[int, int]:
        """Count pictures, each in its place, and archives."""
        found = {letter: one.run(count_places) for letter, one in self.databases.items()}
        return sum(n for n, _ in found.values()), found.get("z", (0, 0))[1]

    def placed(self, ids: list[PictureId]) -> dict[PictureId, PlacedPicture]:
        """Look up some pictures; those that are gone are missing."""
        with self._lock:
            stamp = self._forget_what_has_changed()
            found = {key: self._lately[key] for key in ids if key in self._lately}
        if len(found) < len(ids):
            new = self._placed([key for key in ids if key not in found])
            with self._lock:
                self._lately |= new if stamp == self._as_of else {}
                while len(self._lately) > MAX_REMEMBERED:
                    self._lately.popitem(last=False)
            found |= new
        return found

    def show(self, key: PictureId, hash_id: str) -> None:
        """Remember what a page has been shown under an id."""
        with self._lock:
            self._shown[key] = hash_id
            self._shown.move_to_end(key)
            while len(self._shown) > MAX_REMEMBERED:
                self._shown.popitem(last=False)

    def check_shown(self, key: PictureId, hash_id: str) -> None:
        """Refuse an id that stands for another picture by now: a run has come between.

        Raises
        ------
        RefusedRequest
            Where that is so.
        """
        if self._shown.get(key, hash_id) != hash_id:
            sentence = "A run has changed the pictures: load the list again."
            raise RefusedRequest(409, sentence)

    def remembered(self, key: Hashable, count: Callable[[], list[int]]) -> list[int]:
        """Count something, unless it was counted lately and no database has changed."""
        with self._lock:
            stamp = self._forget_what_has_changed()
            found = self._counts.get(key)
        if found is None:
            found = count()
            with self._lock:
                if stamp == self._as_of:
                    self._counts[key] = found
                while len(self._counts) > MAX_COUNTS:
                    self._counts.popitem(last=False)
        return found

    def _forget_what_has_changed(self) -> object:
        stamp = self.stamp()
        if stamp != self._as_of:
            self._lately.clear()
            self._counts.clear()
            self._as_of = stamp
        return stamp

    def _placed(self, ids: Sequence[PictureId]) -> dict[PictureId, PlacedPicture]:
        found: dict[PictureId, PlacedPicture] = {}
        for letter, database in self.databases.items():
            members = [number for kind, number in ids if kind == letter]
            for number, picture in (
                database.run(placed_pictures, members) if members else {}
            ).items():
                found[letter, number] = picture
        return found

    def find(self, spelled: str) -> tuple[PictureId, PlacedPicture]:
        """Look a picture up by its id as the page has it.

        Raises
        ------
        RefusedRequest
            Where there is none.
        """
        key = picture_id(spelled)
        picture = self.placed([key]).get(key)
        if picture is None:
            raise not_found("picture")
        return key, picture


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def picture_id(spelled: object) -> PictureId:
    """Take the id of a picture apart; refuse what is none."""
    found = _ID.fullmatch(spelled) if isinstance(spelled, str) else None
    if found is None:
        raise bad("This is no id of a picture.")
    return _letter(found[1]), int(found[2])


def spelled_id(key: PictureId) -> str:
    """Spell the id of a picture."""
    return f"{key[0]}{key[1]}"


def _letter(text: str) -> Letter:
    return next(letter for letter in TABLES if letter == text)


@contextmanager
def opened_gallery(output: Path, server: str | None = None) -> Iterator[Gallery]:
    """Open the databases that stages 1, 3 and 4 have left in an output folder.

    Parameters
    ----------
    output : Path
        The folder.
    server : str or None
        URL of a database of stage 3 or 4, which takes the place of the file of that stage.

    Raises
    ------
    RunError
        Where there is none of stages 3 and 4, all are empty, or one is of a newer version. An older
        one is brought up to date, as a run does.
    """
    with ExitStack() as closing:
        databases: dict[Letter, Reviewed] = {}
        if server:
            remote = _opened_remote(server, closing)
            databases[remote.letter] = remote
        for letter, table in TABLES.items():
            path = output / f"{table.__tablename__}.sqlite"
            if letter in databases or not path.is_file():
                continue
            database = Reviewed(letter, path, closing)
            if letter != "d" or database.run(holds, table):
                _bring_up_to_date(database, table)
                databases[letter] = database
        if not databases.keys() & SCORED.keys():
            raise RunError(
                str(output), "holds no database of scores", _RUN_FIRST.format("--output")
            )
        if not any(database.run(count_places)[0] for database in databases.values()):
            remedy = _RUN_FIRST.format("--output")
            raise RunError(str(output), "its databases hold no pictures", remedy)
        yield Gallery(databases)


def _opened_remote(server: str, closing: ExitStack) -> Reviewed:
    """Open a server's database, which holds the table of one stage."""
    with open_for_reading(server) as database:
        held = [letter for letter, table in SCORED.items() if database.run(holds, table)]
        if not held:
            remedy = _RUN_FIRST.format("--database_url")
            raise RunError(database.where, "holds no scores of stage 3 or 4", remedy)
    reviewed = Reviewed(held[0], server, closing)
    _bring_up_to_date(reviewed, SCORED[held[0]])
    return reviewed


def _bring_up_to_date(database: Reviewed, table: ReviewedTable) -> None:
    try:
        database.run(schema.check, table, spelled_place(database.place))
    except schema.OlderSchemaError:
        with open_database(database.place, table):
            pass
