"""The least worlds in which a run can go right or wrong: tiny pictures, archives, classifiers."""

import functools
import hashlib
import importlib.util
import io
import json
import re
import sqlite3
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from click.testing import CliRunner
from PIL import Image
from sklearn.linear_model import LogisticRegression

from shared.results.folder import STORE_FOLDER

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = (ROOT.parent / "shared" / "reference").resolve()
OF_2023 = ROOT / "tests" / "data" / "classifiers_of_2023"
HERE = "--workers=1"
"""The option of a run whose law is not about workers: it starts none."""
N_FEATURES = 4
_PROGRESS = re.compile(
    r"^([a-z]+ \d+ (of \d+ )?images( · .*)?|the results folder will take .*)\n", re.MULTILINE
)
_TIME = re.compile(r"(\bseconds )[\d.]+ · images read .*")
FIXED_TIME = (2020, 1, 1, 0, 0, 0)


def png(shade: int, size: tuple[int, int] = (3, 2)) -> bytes:
    """A picture of one colour; each shade is another picture."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade % 256, shade // 256, 7)).save(file, "PNG")
    return file.getvalue()


def image_hash(content: bytes) -> str:
    """The hash that DESIGN section 3 defines, written out once more."""
    return hashlib.blake2b(Image.open(io.BytesIO(content)).tobytes()).hexdigest()


def zipped(
    members: Mapping[str, bytes] | list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED
) -> bytes:
    """An archive; a list may hold a name twice."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            with warnings.catch_warnings(action="ignore"):  # of a name that is there twice
                archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), content, method)
    return file.getvalue()


def vector_of(content: bytes) -> list[float]:
    """A vector that depends on nothing but the picture."""
    seed = int.from_bytes(hashlib.sha256(content).digest()[:4], "big")
    return [float(x) for x in np.random.default_rng(seed).normal(size=N_FEATURES).astype("f4")]


def classifier(seed: int) -> LogisticRegression:
    """A fitted classifier; each seed is another one."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(20, N_FEATURES))
    return LogisticRegression().fit(vectors, np.arange(20) % 2)


@dataclass(frozen=True)
class Run:
    """What a command said and how it ended, but for the lines and figures that tell of time."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass
class World:
    """A folder with archives, metadata, classifiers and an output folder, and a way to run."""

    folder: Path
    entries: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in (self.zips, self.models):
            path.mkdir(parents=True)

    @property
    def zips(self) -> Path:
        return self.folder / "zips"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def metadata(self) -> Path:
        return self.folder / "input-metadata.json"

    def know(self, *pictures: bytes) -> None:
        """Put pictures into the metadata; those that are there keep their vectors."""
        for picture in pictures:
            entry = self.entries.setdefault(image_hash(picture), {})
            entry.setdefault("embeddings_vector", vector_of(picture))
        self.metadata.write_text(json.dumps(self.entries))

    def archive(self, name: str, members: Mapping[str, bytes] | list[tuple[str, bytes]]) -> Path:
        """Write an archive of pictures, all of them in the metadata."""
        path = self.zips / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zipped(members))
        contents = members.values() if isinstance(members, Mapping) else [m[1] for m in members]
        self.know(*(content for content in contents if content.startswith(b"\x89PNG")))
        return path

    def train(self, tag: str, seed: int = 0, **told: object) -> None:
        """Write a classifier file, in the form of DESIGN section 3; with more keys, if wanted."""
        name = "model-ovr-logistic-regression-tag-" + tag
        form = {
            "classifier": classifier(seed),
            "model_type": "ovr-logistic-regression",
            "tag": tag,
            **told,
        }
        joblib.dump(form, self.models / f"{name}.pkl")

    def classify(self, *options: str, directory: Path | None = None) -> Run:
        """Run stage 4, in this process alone where the options say nothing else."""
        return command(
            "stage4/classify_zip.py",
            HERE,
            f"--directory={directory or self.zips}",
            f"--metadata_json={self.metadata}",
            f"--model={self.models}",
            f"--output={self.output}",
            *options,
        )

    def rows(self, columns: str = "file_path, model_name, tag_score") -> list[tuple[object, ...]]:
        """The rows of the score table, sorted, with paths relative to the archives' folder."""
        with sqlite3.connect(self.output / "zip_score_cache.sqlite") as database:
            rows = database.execute(f"SELECT {columns} FROM zip_score_cache").fetchall()
        above = f"{self.zips}/"
        return sorted(
            tuple(v.replace(above, "") if isinstance(v, str) else v for v in row) for row in rows
        )

    def results(self) -> list[Path]:
        """The results folders, in the order of their making."""
        folders = self.output.glob("tagging_output_*")
        return sorted(folders, key=lambda path: [int(n) for n in path.name.split("_")[2:]])

    def tree(self, results: Path) -> dict[str, bytes]:
        """The picture files of a results folder, by relative path."""
        return {
            str(path.relative_to(results)): path.read_bytes()
            for path in results.rglob("*")
            if path.is_file()
            and path.parent not in {results, results / STORE_FOLDER}
            and path.suffix != ".html"
        }


def command(name: str, *arguments: str) -> Run:
    """Run one of the project's commands in this process; a bug comes through as it is."""
    done = CliRunner(catch_exceptions=False).invoke(_load(name).main, list(arguments))
    return Run(done.exit_code, timeless(done.stdout), timeless(done.stderr))


@functools.cache
def _load(name: str) -> Any:  # noqa: ANN401 - a script has no type of its own
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def script(name: str, *arguments: str, cwd: Path | str = "/") -> Run:
    """Run one of the project's scripts in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(ROOT / name), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=120,
    )
    return Run(done.returncode, timeless(done.stdout), timeless(done.stderr))


def timeless(said: str) -> str:
    """What was said without the lines of a log's progress, and without figures of time."""
    return _TIME.sub(r"\1…", _PROGRESS.sub("", said))
