"""What runs have left behind, in a form in which two of them can be compared."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from shared.replacing import UNFINISHED
from shared.results.thumbnails import HIDDEN_FOLDER
from tests.crash.databases import DatabaseUnderTest, Rows, connected, rows

LASTING = {".lock", "zip_score_cache.sqlite", "latest", HIDDEN_FOLDER}
"""What lies in an output folder beside the results when no run is under way."""
RESULTS = "tagging_output_"


@dataclass(frozen=True)
class Standing:
    """Rows, results folders (digests by relative path; not their names, which tell the time)."""

    rows: dict[str, Rows]
    results: list[dict[str, str]]
    litter: set[str]

    def differences(self, reference: "Standing") -> list[str]:
        """Name what is not as in the reference."""
        told = [
            f"{name}: {len(self.rows[name])} rows, {len(expected)} expected"
            for name, expected in reference.rows.items()
            if self.rows[name] != expected
        ]
        told += _unequal_files(self.results, reference.results)
        return told + sorted(self.litter)


def standing(database: DatabaseUnderTest, output: Path) -> Standing:
    """Look at an output folder after a run that ended."""
    with connected(database, output) as connection:
        found = rows(connection)
    folders = sorted(output.glob(f"{RESULTS}*"))
    return Standing(found, [_digests(folder) for folder in folders], litter(output))


def litter(output: Path) -> set[str]:
    """What a run that ended, well or not, must not leave in or beside its output folder."""
    found = {path.name for path in output.iterdir()} if output.exists() else set()
    unknown = {name for name in found - LASTING if not name.startswith(RESULTS)}
    return unknown | {path.name for path in output.parent.glob(f"{UNFINISHED}*")}


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _unequal_files(found: list[dict[str, str]], expected: list[dict[str, str]]) -> list[str]:
    if len(found) != len(expected):
        return [f"{len(found)} results folders, {len(expected)} expected"]
    pairs = [set(f.items()) ^ set(e.items()) for f, e in zip(found, expected, strict=True)]
    names = sorted({name for unequal in pairs for name, _ in unequal})
    return [f"{len(names)} files differ: {names[:3]}"] if names else []
