"""The output folder of clip-retrieval inference, written as its writer writes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def write_part(folder: Path, part: str, paths: Sequence[str], vectors: NDArray[Any]) -> None:
    """Write one part: vectors as .npy, and a table with a path and a caption for each."""
    for name in ("img_emb", "metadata"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    np.save(folder / "img_emb" / f"img_emb_{part}.npy", vectors)
    captions = [f"caption of {path}" for path in paths]
    frame = pd.DataFrame({"image_path": paths, "caption": captions})
    frame.to_parquet(folder / "metadata" / f"metadata_{part}.parquet")
