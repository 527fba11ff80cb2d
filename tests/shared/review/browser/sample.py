"""The sample, of which few pictures are tagged, and a review of it as a process."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import average_precision_score

from tests.worlds import ROOT, script, zipped

DIGITS = (3, 5, 8, 9)
N_TAGGED = 8
"""Pictures of each digit that the first classifiers learn from: too few to be good."""
TAG = "digit-8"
LABELLED_IN = "box-1.zip"
HOSTILE = '<img src=x onerror="console.error(1)">.png'


@dataclass(frozen=True)
class Sample:
    """An output folder, with few tagged pictures and all archives of the sample."""

    output: Path

    def truths(self) -> dict[str, bool]:
        """Whether each picture of the archives is an eight, as the folder in its address says."""
        rows = self._ask("SELECT id, file_path FROM members WHERE fate = 'scored'")
        return {f"z{member}": f"!/{TAG}/" in path for member, path in rows}

    def average_precision(self) -> float:
        """Of the better classifier, in the archives of which nothing was labelled."""
        rows = self._ask(
            "SELECT model_type, file_path, tag_score FROM zip_score_cache WHERE tag = ?", TAG
        )
        unseen = [row for row in rows if LABELLED_IN not in row[1]]
        kinds = {kind for kind, _, _ in unseen}
        return max(_precision([row for row in unseen if row[0] == kind]) for kind in kinds)

    def _ask(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        database = sqlite3.connect(self.output / "zip_score_cache.sqlite")
        with database:
            found = database.execute(statement, values).fetchall()
        database.close()
        return found


def _precision(rows: list[tuple[str, ...]]) -> float:
    scores = [float(score) for _, _, score in rows]
    return float(average_precision_score([f"!/{TAG}/" in path for _, path, _ in rows], scores))


def run(name: str, *arguments: str) -> None:
    done = script(name, *arguments)
    assert done.exit_code == 0, done.stderr


def make_sample(output: Path) -> Sample:
    """Classify the sample by what few pictures teach; one archive has hostile names."""
    archives, dataset = output / "sample" / "archives", output / "sample" / "dataset"
    run("stage1/write_sample.py", f"--output_folder={output}/sample")
    for folder in dataset.iterdir():
        kept = N_TAGGED if folder.name in {f"digit-{digit}" for digit in DIGITS} else 0
        for surplus in sorted(folder.iterdir())[kept:]:
            surplus.unlink()
        if not kept:
            folder.rmdir()
    loose = sorted(path for path in (output / "sample" / "images").rglob("*.png"))
    names = {f"{at}{HOSTILE}": path.read_bytes() for at, path in enumerate(loose[:3])}
    (archives / "hostile.zip").write_bytes(zipped(names))
    (archives / "gone.zip").write_bytes(zipped({"gone.png": loose[3].read_bytes()}))
    scored = [f"--metadata_json={output}/input-metadata.json", f"--output={output}"]
    folders = [f"--input_folder={dataset}", f"--output_folder={output}"]
    run("stage1/process_dataset.py", *folders, "--embedder=builtin")
    run(
        "stage2/train.py", *scored, f"--tag_to_hash_json={output}/input-tag-to-image-hash-list.json"
    )
    models = [f"--model={output}/models", "--results=none"]
    run("stage4/classify_zip.py", f"--directory={archives}", *scored, *models)
    (archives / "gone.zip").unlink()
    return Sample(output)


@contextmanager
def serving(output: Path) -> Iterator[str]:
    """Run a review; the link that it shows."""
    command = [sys.executable, "stage4/review.py", f"--output={output}", "--workers=1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            link = process.stdout.readline().strip()
            assert link, "the review has not started"
            yield link
        finally:
            process.terminate()
