"""A collection with something of everything, scored in different places."""

import json
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.servers import PATIENCE_SECONDS
from tests.worlds import REFERENCE, ROOT, Run, World, png, script, zipped

Row = tuple[object, ...]

COLUMNS = (
    "file_name, file_path, archive_path, type, hash_id, model_name, model_type, tag, tag_score"
)


@dataclass(frozen=True)
class Scene:
    """Archives, and what scores them; each run gets an output folder of its own."""

    archives: Path
    metadata: Path
    models: Path
    outputs: Path

    def arguments(self, output: str, *options: str, directory: str = "") -> list[str]:
        """Spell the command line of stage 4."""
        return [
            f"--directory={directory or self.archives}",
            f"--metadata_json={self.metadata}",
            f"--model={self.models}",
            f"--output={self.outputs / output}",
            "--results=none",
            *options,
        ]

    def run(self, output: str, *options: str, directory: str = "") -> Run:
        """Score all in a process of its own."""
        return script(
            "stage4/classify_zip.py", *self.arguments(output, *options, directory=directory)
        )

    def start(self, output: str, *options: str, directory: str = "") -> "subprocess.Popen[str]":
        """Start to score, and return when something has been read but not all."""
        started = subprocess.Popen(
            [
                sys.executable,
                str(ROOT / "stage4/classify_zip.py"),
                *self.arguments(output, *options, "--quiet", directory=directory),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._query(output, "SELECT 1 FROM members LIMIT 1"):
            assert started.poll() is None, started.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        return started

    def rows(self, output: str, directory: str = "") -> list[Row]:
        """The score rows with paths as they are below the directory."""
        above = f"{directory or self.archives}/"
        rows = self._query(output, f"SELECT {COLUMNS} FROM zip_score_cache")
        return sorted(
            tuple(v.removeprefix(above) if isinstance(v, str) else v for v in row) for row in rows
        )

    def fates(self, output: str) -> list[Row]:
        """What became of each member and of each archive, without the addresses."""
        members = "SELECT entry, file_name, fate, reason FROM members"
        containers = "SELECT '', '', fate, reason FROM containers"
        return sorted(self._query(output, f"{members} UNION ALL {containers}"), key=repr)

    def _query(self, output: str, query: str) -> list[Row]:
        path = self.outputs / output / "zip_score_cache.sqlite"
        try:
            database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        except sqlite3.OperationalError:
            return []  # not made yet
        try:
            return database.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []  # its tables are not
        finally:
            database.close()


def write_collection(folder: Path) -> Scene:
    """Write six archives worth workers, one in another, and what is none."""
    world = World(folder)
    world.train("cat")
    world.train("dog", 1)
    inner = {f"{i}.png": png(10_000 + i) for i in range(5)}
    world.know(*inner.values())
    for number in range(6):
        pictures = {f"{i}.png": png(number * 300 + i) for i in range(300)}
        more = {"a.txt": bytes(200_000), "more.zip": zipped(inner), "broken.png": b"none"}
        world.archive(f"{number % 2}/{number} ä%#?.zip", more | pictures)
    (world.zips / "no.zip").write_bytes(b"no archive")
    (world.zips / "loose.txt").write_bytes(b"loose")
    return Scene(world.zips, world.metadata, world.models, folder)


def reference_scene(outputs: Path) -> Scene:
    """The reference data, which stays where it is."""
    metadata = REFERENCE / "input-metadata.json"
    assert json.loads(metadata.read_text())
    return Scene(REFERENCE / "images", metadata, REFERENCE / "models", outputs)
