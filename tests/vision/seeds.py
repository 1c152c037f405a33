#!/usr/bin/python3
"""seeds.py FOLDER: small images of every kind, for tests/fuzz. Without PIL those that need none."""

import io
import os
import sys

import numpy as np

from pictures import photo
from png_writer import palette, png, transparency

try:
    from PIL import Image
except ImportError:
    Image = None

random = np.random.default_rng(2)


def samples(depth, channels, width=13, height=9):
    return random.integers(0, 1 << depth, (height, width, channels))


def written():
    colors = palette(random.integers(0, 256, (16, 3)))
    for interlaced in (0, 1):
        for depth, channels, color in ((1, 1, 0), (4, 1, 3), (8, 1, 0), (8, 2, 4), (8, 3, 2), (8, 4, 6), (16, 1, 0), (16, 3, 2)):
            yield f"{color}_{depth}_{interlaced}.png", png(samples(depth, channels), depth, color, interlaced, colors if color == 3 else b"")
    yield "transparent.png", png(samples(8, 3), 8, 2, extra=transparency(b"\0\5\0\6\0\7"))


def by_pil():
    image = Image.fromarray(photo(21, 17))
    for name, made, options in (("gray.jpg", image.convert("L"), {}), ("cmyk.jpg", image.convert("CMYK"), {}),
                                ("whole.jpg", image, {"subsampling": 0}), ("wide.jpg", image, {"subsampling": 1}),
                                ("small.jpg", image, {"subsampling": 2}), ("progressive.jpg", image, {"progressive": True}),
                                ("rgb.bmp", image, {}), ("palette.bmp", image.convert("P"), {}), ("bits.bmp", image.convert("1"), {})):
        buffer = io.BytesIO()
        made.save(buffer, "BMP" if name.endswith("bmp") else "JPEG", **options)
        yield name, buffer.getvalue()


for name, data in [*written(), *(by_pil() if Image else [])]:
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(data)
