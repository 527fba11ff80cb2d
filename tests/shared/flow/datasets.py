"""Tagged datasets on disk, and what stage 1 is asked to do with them."""

from pathlib import Path

from shared.flow.dataset import DatasetRequest
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.records import Limits
from shared.sources.source import dataset_source


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def asked(path: Path, output: Path) -> DatasetRequest:
    source = dataset_source(path, output)
    return DatasetRequest(
        source, output, BuiltinEmbedder(), Limits(), tagged=True, n_workers=1, strict=False
    )
