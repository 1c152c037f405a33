"""Writes the trained shape reader as a model folder, and a few pictures of shapes that it never saw.

    python3 export.py
"""

import json
import os

import numpy as np
import onnx
import torch
from PIL import Image

from drawn_shapes import LABELS, draw_batch
from model import ShapeReader
from train import CHECKPOINT, score

FOLDER = os.path.dirname(os.path.abspath(__file__))
MODEL_FOLDER = os.path.join(FOLDER, "model")
OPSET = 14
PICTURES_SEED = 1 << 21  # of no step, and not of the score's


def dump(name, value):
    with open(os.path.join(MODEL_FOLDER, name), "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def write_model(model):
    os.makedirs(MODEL_FOLDER, exist_ok=True)
    path, side = os.path.join(MODEL_FOLDER, "model.onnx"), model.config.side
    axes = {0: "batch_size", 1: "num_channels", 2: "height", 3: "width"}
    torch.onnx.export(model, (torch.zeros(2, 3, side, side),), path, input_names=["pixel_values"], output_names=["logits"],
                      dynamic_axes={"pixel_values": axes, "logits": {0: "batch_size"}}, opset_version=OPSET)
    onnx.checker.check_model(onnx.load(path))
    dump("config.json", {"architectures": ["ViTForImageClassification"], "model_type": "vit", "id2label": dict(enumerate(LABELS))})
    dump("preprocessor_config.json", {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": side, "width": side},
                                      "resample": 2, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
                                      "image_mean": [0.5] * 3, "image_std": [0.5] * 3})


def write_pictures():
    """One of each shape, in turn as PNG and as JPEG."""
    os.makedirs(os.path.join(FOLDER, "pictures"), exist_ok=True)
    images, labels = draw_batch(np.random.default_rng(PICTURES_SEED), 60, 96, 80)
    for label, name in enumerate(LABELS):
        image = Image.fromarray(images[list(labels).index(label)])
        image.save(os.path.join(FOLDER, "pictures", f"{name}.{'png' if label % 2 else 'jpg'}"))


def main():
    model = ShapeReader()
    model.load_state_dict(torch.load(CHECKPOINT)["model"])
    model.eval()
    write_model(model)
    write_pictures()
    print(f"{sum(p.numel() for p in model.parameters())} parameters; {100 * score(model):.1f} % of held-out pictures are read right")


if __name__ == "__main__":
    main()
