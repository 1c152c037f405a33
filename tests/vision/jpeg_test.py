#!/usr/bin/python3
"""jpeg_test.py VISION: JPEG files of every kind, close to what PIL (libjpeg-turbo) reads; measured and bounded.

stb_image rounds elsewhere in its transform and its colors. Where color has half the columns but all rows (4:2:2), its
last column is wrong by more: it takes the last but one for it.
"""

import numpy as np
from PIL import Image

from images import by_pil, encoded, file_of, picture
from pictures import noise, photo

SMALL = (224, 224)
MOST_FULL, MOST_SMALL, MOST_MEAN = 4, 3, 0.1  # levels of 255: a pixel of the file, one of it resized, all of those
MOST_MEAN_422 = 0.3


def files():
    for name, array in (("photo", photo(640, 427)), ("odd", photo(333, 251, 2)), ("noise", noise(320, 240))):
        image = Image.fromarray(array)
        for quality in (30, 75, 95):
            for subsampling in (0, 1, 2):
                for progressive in (False, True):
                    yield (f"{name} {quality} {subsampling} {progressive}",
                           encoded(image, "JPEG", quality=quality, subsampling=subsampling, progressive=progressive))
        yield f"{name} gray", encoded(image.convert("L"), "JPEG")
        yield f"{name} optimized", encoded(image, "JPEG", optimize=True)
    turned = Image.fromarray(photo(640, 427))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, which PIL does not do when it opens a file
    yield "turned", encoded(turned, "JPEG", exif=exif)
    yield "CMYK", encoded(turned.convert("CMYK"), "JPEG", quality=95)


worst = {"full": 0, "small": 0, "mean": 0.0, "mean 4:2:2": 0.0}
for name, data in files():
    found, wanted = picture("read", file_of(data)), by_pil(data)
    assert found.shape == wanted.shape, name
    full = np.abs(found.astype(int) - wanted)
    small = np.abs(picture("resize", file_of(data), *SMALL, 2).astype(int) - np.asarray(Image.fromarray(wanted).resize(SMALL, 2)))
    print(f"{name:28} full: most {full.max()}, mean {full.mean():.4f}; resized: most {small.max()}, mean {small.mean():.4f}")
    is_422 = name.split()[2:3] == ["1"]
    full = full[:, :-2] if is_422 else full
    found = {"full": full.max(), "mean 4:2:2": small.mean()} if is_422 else {"full": full.max(), "small": small.max(), "mean": small.mean()}
    worst.update((key, max(worst[key], value)) for key, value in found.items())
print("worst:", worst)
assert worst["full"] <= MOST_FULL and worst["small"] <= MOST_SMALL and worst["mean"] <= MOST_MEAN
assert worst["mean 4:2:2"] <= MOST_MEAN_422
