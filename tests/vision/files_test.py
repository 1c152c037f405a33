#!/usr/bin/python3
"""files_test.py VISION: PNG and BMP files of every kind become the bytes that PIL reads."""

import numpy as np
from PIL import Image

from images import by_pil, encoded, file_of, picture
from pictures import noise, photo
from png_writer import palette, png, transparency

random = np.random.default_rng(7)


def samples(depth, channels, width=37, height=23):
    return random.integers(0, 1 << depth, (height, width, channels))


def pil_files():
    image = Image.fromarray(photo(61, 43))
    for mode in ("RGB", "L", "LA", "RGBA", "P", "1"):
        yield f"PIL's {mode}", encoded(image.convert(mode), "PNG")
    clear = Image.fromarray(np.dstack([photo(61, 43), noise(61, 43)[..., 0]]))
    yield "alpha", encoded(clear, "PNG")
    yield "palette and alpha", encoded(image.convert("P"), "PNG", transparency=3)
    for level in (0, 1, 9):
        yield f"compression {level}", encoded(image, "PNG", compress_level=level)
    yield "noise", encoded(Image.fromarray(noise(301, 203)), "PNG")
    for mode in ("RGB", "L", "P"):
        yield f"BMP {mode}", encoded(image.convert(mode), "BMP")


def written_files():
    colors = random.integers(0, 256, (256, 3))
    for interlaced in (False, True):
        for depth in (1, 2, 4, 8):
            yield f"gray {depth} {interlaced}", png(samples(depth, 1), depth, 0, interlaced)
            yield f"palette {depth} {interlaced}", png(samples(depth, 1), depth, 3, interlaced, palette(colors[: 1 << depth]))
        yield f"RGB {interlaced}", png(samples(8, 3), 8, 2, interlaced)
        yield f"RGB 16 {interlaced}", png(samples(16, 3), 16, 2, interlaced)
        yield f"RGBA 16 {interlaced}", png(samples(16, 4), 16, 6, interlaced)
        yield f"gray and alpha {interlaced}", png(samples(8, 2), 8, 4, interlaced)
        yield f"one pixel {interlaced}", png(samples(8, 3, 1, 1), 8, 2, interlaced)
        yield f"a column {interlaced}", png(samples(8, 3, 1, 9), 8, 2, interlaced)
    yield "transparent gray", png(samples(8, 1), 8, 0, extra=transparency(b"\0\5"))
    yield "transparent RGB", png(samples(8, 3), 8, 2, extra=transparency(b"\0\5\0\6\0\7"))
    yield "transparent palette", png(samples(4, 1), 4, 3, extra=palette(colors[:16]) + transparency(bytes(range(9))))


count = 0
for name, data in [*pil_files(), *written_files()]:
    found, wanted = picture("read", file_of(data)), by_pil(data)
    assert found.shape == wanted.shape and (found == wanted).all(), name
    count += 1
# PIL clips 16 bits of gray to 255, which makes nearly all of them white; here the upper byte stays, as in RGB.
for interlaced in (False, True):
    gray = samples(16, 1)
    found = picture("read", file_of(png(gray, 16, 0, interlaced)))
    assert (found == np.repeat(gray >> 8, 3, axis=2)).all()
print(f"{count} files read as PIL reads them")
