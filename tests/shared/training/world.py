"""A metadata file and tag lists over numbered pictures whose vectors tell their tags."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from shared.metadata.loading import Metadata, load_metadata
from shared.training.run import TrainingRequest
from shared.training.selection import Collection, collected
from shared.training.suggesting import By, SuggestionRequest

Pictures: TypeAlias = Mapping[str, Iterable[int | str]]
STARTED = datetime(2026, 11, 22, 9, 5, 7)  # noqa: DTZ001 - as the stage gives it


@dataclass(frozen=True)
class World:
    """Pictures 0 to 199 are known; those of one ten are alike. One more has a bad vector."""

    folder: Path

    @property
    def metadata_json(self) -> Path:
        return self.folder / "input-metadata.json"

    @property
    def tag_to_hash_json(self) -> Path:
        return self.folder / "tags.json"

    def metadata(self) -> Metadata:
        return load_metadata(self.metadata_json, self.folder)

    def collection(self, tags: Pictures, denied: Pictures | None = None) -> Collection:
        return collected(_lists(tags), self.metadata(), _lists(denied or {}))

    def request(self, tags: Pictures, share: float = 0.2, n_workers: int = 1) -> TrainingRequest:
        self.tag_to_hash_json.write_text(json.dumps(_lists(tags)))
        output = self.folder / "output"
        return TrainingRequest(
            self.metadata_json, self.tag_to_hash_json, output, share, n_workers, STARTED
        )

    def suggestion_request(self, by: By = "doubt") -> SuggestionRequest:
        """Ask for twenty pictures for cat."""
        output = self.folder / "output"
        inputs = (self.metadata_json, self.tag_to_hash_json)
        return SuggestionRequest(*inputs, "cat", output / "models", output, None, 20, by)

    def add_picture(self, path: Path) -> str:
        """Write a real picture, give it a vector in the metadata, and return its hash."""
        image = Image.new("L", (4, 4), 7)
        image.save(path)
        image_hash = hashlib.blake2b(image.tobytes()).hexdigest()
        entries = json.loads(self.metadata_json.read_text())
        entries[image_hash] = {**entries[picture(0)], "file_path": str(path)}
        self.metadata_json.write_text(json.dumps(entries))
        return image_hash


def picture(number: int | str) -> str:
    """Hash of a numbered picture; a text stands for itself."""
    return number if isinstance(number, str) else f"{number * 7919 % 1000:0128x}"


def _lists(pictures: Pictures) -> dict[str, list[str]]:
    return {tag: [picture(one) for one in ones] for tag, ones in pictures.items()}


def vector(number: int) -> list[float]:
    """Pictures of one ten are alike."""
    numbers = np.random.default_rng(number).normal(size=6)
    numbers[number // 10 % 6] += 3
    return [float(x) for x in numbers.astype("f4")]


def make_world(folder: Path) -> World:
    entries: dict[str, object] = {
        picture(number): {
            "file_path": f"/pictures/{number}.png",
            "embeddings_vector": vector(number),
            "embeddings_type": "test",
            "model": "tens",
            "pretrained": "none",
        }
        for number in range(200)
    }
    entries["bad"] = {"embeddings_vector": [1, None, 3, 4, 5, 6]}
    (folder / "input-metadata.json").write_text(json.dumps(entries))
    return World(folder)
