#!/usr/bin/python3
"""pixels_test.py VISION: what the model reads of an image is, bit for bit, what its image processor makes of it."""

import json
import os
import sys

import numpy as np
from PIL import Image

from images import ask, encoded, file_of, work
from pictures import photo
from processors import pixel_values

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
from image_processors import PROCESSORS

SHAPES = [(90, 60), (60, 90), (24, 24), (13, 17), (3, 200), (223, 224)]


def pixels_of(config, path):
    return ask("pixels", path, file_of(json.dumps(config).encode(), "config.json"))


def check(name, config, shapes=SHAPES):
    for index, shape in enumerate(shapes):
        array = photo(*shape, seed=index)
        wanted = pixel_values(config, array)
        answer = pixels_of(config, file_of(encoded(Image.fromarray(array), "PNG")))
        assert not isinstance(answer, str), (name, shape, answer)
        found = np.frombuffer(answer[2], np.float32)
        assert found.size == wanted.size and (found == wanted.ravel()).all(), (name, shape)


# ---- right configurations ----------------------------------------------------------------------------------------------

for name, config in PROCESSORS.items():
    check(name, config)
for name in ("ViT", "DeiT", "Beit", "CLIP", "Bit", "ConvNext", "MobileViT"):
    check(name, {"image_processor_type": f"{name}ImageProcessor"})
    for resample in range(6):
        check(name, {"image_processor_type": f"{name}ImageProcessorFast", "resample": resample, "size": 40, "crop_size": 33}, SHAPES[:3])

# ---- wrong ones --------------------------------------------------------------------------------------------------------

VIT = {"image_processor_type": "ViTImageProcessor"}
image = file_of(encoded(Image.fromarray(photo(9, 9)), "PNG"))
for config, why in (({}, "names no image processor"), ({"image_processor_type": "DonutImageProcessor"}, "is not compiled"),
                    ({"image_processor_type": "ViT"}, "is not compiled"), ({**VIT, "do_pad": True}, "this step is not compiled"),
                    ({**VIT, "size": {"longest_edge": 9}}, "wrong type"), ({**VIT, "size": {"height": 9}}, "wrong type"),
                    ({**VIT, "size": {"shortest_edge": 9, "longest_edge": 20}}, "wrong type"),
                    ({**VIT, "size": 0}, "out of range"), ({**VIT, "size": 1 << 40}, "out of range"), ({**VIT, "size": [1, 2, 3]}, "wrong type"),
                    ({**VIT, "size": "large"}, "wrong type"), ({**VIT, "resample": 9}, "wrong type"), ({**VIT, "resample": "bicubic"}, "wrong type"),
                    ({**VIT, "image_mean": [1, 2]}, "wrong type"), ({**VIT, "image_std": [1, 0, 1]}, "out of range"),
                    ({**VIT, "image_mean": 1e300}, "out of range"), ({**VIT, "do_resize": 1}, "wrong type"),
                    ({**VIT, "do_center_crop": True}, "wrong type"), ({**VIT, "rescale_factor": "1/255"}, "wrong type"),
                    ({"image_processor_type": "ConvNextImageProcessor", "size": 224, "crop_pct": 0}, "out of range"),
                    ([], "is not a configuration")):
    answer = pixels_of(config, image)
    assert isinstance(answer, str) and why in answer, (config, answer)
print("right for", len(PROCESSORS) + 7 * 7, "configurations")
