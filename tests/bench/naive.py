"""The naive tool: per image and classifier one prediction, one saved image, one committed row."""

import hashlib
import io
import json
import sqlite3
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from PIL import Image

from tests.bench.floors import iter_contents

N_BINS = 10


@dataclass(frozen=True, slots=True)
class Naive:
    """What it needs for every image; ``classifiers`` are joblib's dictionaries."""

    entries: dict[str, Any]
    classifiers: list[dict[str, Any]]
    output: Path
    database: sqlite3.Connection

    def classify(self, name: str, content: bytes) -> None:
        """Score one picture with every classifier."""
        image = Image.open(io.BytesIO(content))
        hash_id = hashlib.blake2b(image.tobytes()).hexdigest()
        vector = np.array([self.entries[hash_id]["embeddings_vector"]])
        for form in self.classifiers:
            score = float(form["classifier"].predict_proba(vector)[0, 0])
            upper = (int(score * N_BINS) + 1) / N_BINS
            folder = self.output / form["model_type"] / form["tag"] / f"{upper:g}"
            folder.mkdir(parents=True, exist_ok=True)
            image.save(folder / name, image.format)
            row = (name, hash_id, form["model_type"], form["tag"], score)
            self.database.execute("INSERT INTO scores VALUES (?, ?, ?, ?, ?)", row)
            self.database.commit()


def classify(archive: str, metadata: str, models: str, output: str, n_images: str) -> float:
    """Classify pictures of an archive, from its second one on, into a new folder.

    Returns
    -------
    float
        Seconds per image, without the loading of classifiers and metadata.
    """
    root, count = Path(output), int(n_images)
    root.mkdir()
    classifiers = [joblib.load(path) for path in sorted(Path(models).glob("*.pkl"))]
    database = sqlite3.connect(root / "naive.sqlite")
    database.execute("CREATE TABLE scores (name, hash_id, model_type, tag, score)")
    naive = Naive(json.loads(Path(metadata).read_bytes()), classifiers, root, database)
    with zipfile.ZipFile(archive) as opened:
        start = time.perf_counter()
        for number, content in enumerate(iter_contents(opened, 1, 1 + count)):
            naive.classify(f"{number}.image", content)
        seconds = time.perf_counter() - start
    database.close()
    return seconds / count
