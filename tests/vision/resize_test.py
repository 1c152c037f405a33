#!/usr/bin/python3
"""resize_test.py VISION: resizing gives PIL's bytes, for each filter, up and down, along one side and both."""

import numpy as np
from PIL import Image

from images import FILTERS, encoded, file_of, picture
from pictures import noise, photo

SIZES = [(64, 64), (224, 224), (1, 1), (7, 301), (301, 7), (97, 61), (97, 224), (31, 61), (98, 62), (640, 3)]

count = 0
for name, array in (("photo", photo(97, 61)), ("noise", noise(97, 61)), ("wide", noise(613, 5)), ("pixel", noise(1, 1)),
                    ("large", photo(1203, 801))):
    image = Image.fromarray(array)
    path = file_of(encoded(image, "PNG"))
    for size in SIZES if name != "large" else SIZES[:3]:
        for number, filter_name in FILTERS.items():
            found, wanted = picture("resize", path, *size, number), np.asarray(image.resize(size, number))
            assert (found == wanted).all(), (name, size, filter_name, np.abs(found.astype(int) - wanted).max())
            count += 1
print(f"{count} images resized as PIL resizes them")
