#!/usr/bin/python3
"""jpeg_test.py VISION: JPEG files of every kind become the bytes that PIL (libjpeg-turbo) reads."""

import numpy as np
from PIL import Image

from images import ask, by_pil, encoded, file_of, picture
from jpeg_writer import adobe, jfif, jpeg
from pictures import noise, photo

random = np.random.default_rng(5)


def pil_files():
    for name, array in (("photo", photo(321, 213)), ("odd", photo(133, 91, 2)), ("noise", noise(120, 110)), ("thin", noise(2, 37)), ("pixel", noise(1, 1))):
        image = Image.fromarray(array)
        for quality in (1, 30, 75, 95, 100):
            for subsampling in (0, 1, 2):
                for progressive in (False, True):
                    yield (f"{name} {quality} {subsampling} {progressive}",
                           encoded(image, "JPEG", quality=quality, subsampling=subsampling, progressive=progressive))
        for progressive in (False, True):
            yield f"{name} gray {progressive}", encoded(image.convert("L"), "JPEG", progressive=progressive)
            yield f"{name} CMYK {progressive}", encoded(image.convert("CMYK"), "JPEG", quality=95, progressive=progressive)


def written_files():
    for across, down in ((1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (2, 4)):
        for width, height in ((61, 43), (16, 16), (5, 3), (33, 70)):
            for restart in (0, 1, 3):
                yield f"factors {across} {down} {width} {restart}", jpeg(random, width, height, [(1, across, down), (2, 1, 1), (3, 1, 1)], restart)
    yield "gray with factors", jpeg(random, 50, 30, [(1, 2, 2)], 2)
    yield "colors apart", jpeg(random, 50, 30, [(1, 2, 2), (2, 2, 1), (3, 1, 2)])
    for names in ((1, 2, 3), (82, 71, 66), (0, 1, 2), (7, 8, 9)):
        for what, before in (("bare", b""), ("JFIF", jfif()), ("Adobe 0", adobe(0)), ("Adobe 1", adobe(1)), ("both", jfif() + adobe(0))):
            yield f"{names} {what}", jpeg(random, 30, 20, [(name, 1, 1) for name in names], before=before)
    for what, before in (("bare", b""), ("Adobe 0", adobe(0)), ("Adobe 1", adobe(1)), ("Adobe 2", adobe(2))):
        yield f"inks {what}", jpeg(random, 30, 20, [(name, 1, 1) for name in (1, 2, 3, 4)], before=before)


count = 0
for name, data in [*pil_files(), *written_files()]:
    found, wanted = picture("read", file_of(data)), by_pil(data)
    assert found.shape == wanted.shape and (found == wanted).all(), (name, np.abs(found.astype(int) - wanted).max())
    count += 1
print(f"{count} files read as PIL reads them")

# ---- kinds that are not read ---------------------------------------------------------------------------------------------

whole = encoded(Image.fromarray(photo(30, 20)), "JPEG")
frame = whole.index(b"\xff\xc0")
for marker in (0xC3, 0xC5, 0xC9, 0xCA):
    answer = ask("read", file_of(whole[: frame + 1] + bytes([marker]) + whole[frame + 2 :]))
    assert isinstance(answer, str) and "of a kind" in answer, answer
answer = ask("read", file_of(whole[: frame + 4] + bytes([12]) + whole[frame + 5 :]))
assert isinstance(answer, str) and "8 bits" in answer, answer
