"""Writes golden.json: what the image processors of transformers make of each picture.

python -m tests.clip_models.make_golden, with transformers installed (torch is not needed).
The file there was made by transformers 5.23.0 with Pillow 13.0.0 and numpy 2.4.6.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.clip_models.pictures import CONFIGS, pictures, sampled

GOLDEN = Path(__file__).with_name("golden.json")


def processor_of(config: dict[str, Any]) -> Any:  # noqa: ANN401 - transformers is optional
    """Make the processor that a ``preprocessor_config.json`` describes, in its Pillow version.

    SigLIP's files leave ``do_convert_rgb`` null, and then the processor refuses all but RGB; here
    it does what it does by default.
    """
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    is_siglip = config.get("image_processor_type") == "SiglipImageProcessor"
    chosen = SiglipImageProcessorPil if is_siglip else CLIPImageProcessorPil
    told = {key: value for key, value in config.items() if value is not None}
    return chosen(**{key: value for key, value in told.items() if not key.endswith("_type")})


def processed(processor: Any, image: Image.Image) -> NDArray[np.float32]:  # noqa: ANN401
    """Prepare one picture."""
    return np.asarray(processor(image)["pixel_values"][0])


def main() -> None:
    """Write the file."""
    golden = {
        name: {
            kind: [round(number, 7) for number in sampled(processed(processor_of(config), image))]
            for kind, image in pictures().items()
        }
        for name, config in CONFIGS.items()
    }
    GOLDEN.write_text(json.dumps(golden, indent=0).replace(",\n", ", ") + "\n")


if __name__ == "__main__":
    main()
