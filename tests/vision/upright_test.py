#!/usr/bin/python3
"""upright_test.py VISION: pictures stand as Exif says that the camera was held, as transformers' load_image turns them; Exif data that
are damaged turn nothing, and crash nothing."""

import struct

import numpy as np
from PIL import Image

from images import ask, by_pil, encoded, file_of, picture
from pictures import photo

ORIENTATION, SHORT = 0x0112, 3


def exif(orientation, order="<", before=2, kind=SHORT):
    """A TIFF directory, some other entries first."""
    rows = [struct.pack(f"{order}HHII", 0x0100 + i, 4, 1, 7) for i in range(before)]
    rows.append(struct.pack(f"{order}HHIHH", ORIENTATION, kind, 1, orientation, 0))
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return start + struct.pack(f"{order}H", len(rows)) + b"".join(rows) + struct.pack(f"{order}I", 0)


def check(name, data):
    found, wanted = picture("read", file_of(data)), by_pil(data)
    assert found.shape == wanted.shape and (found == wanted).all(), name


image = Image.fromarray(photo(64, 42))
turned = set()
for form, before in (("JPEG", b"Exif\0\0"), ("PNG", b"")):
    for orientation in range(11):
        for order in "<>":
            data = encoded(image, form, exif=before + exif(orientation, order))
            check((form, orientation, order), data)
            turned.add(by_pil(data).tobytes())
    check("without", encoded(image, form))
    check("no rows before", encoded(image, form, exif=before + exif(6, before=0)))
    small = encoded(Image.fromarray(photo(1, 1)), form, exif=before + exif(8))
    check("one pixel", small)
assert len(turned) == 16, "each orientation of each form has a picture of its own"

# ---- damage: a picture, as it lies or turned ---------------------------------------------------------------------------

for form, before in (("JPEG", b"Exif\0\0"), ("PNG", b"")):
    whole = exif(6)
    sizes = {(64, 42), (42, 64)}
    for cut in range(len(whole)):
        width, height, _ = ask("read", file_of(encoded(image, form, exif=before + whole[:cut])))
        assert (width, height) in sizes
    for at in range(len(whole)):
        for value in (0, 1, 127, 255):
            data = encoded(image, form, exif=before + whole[:at] + bytes([value]) + whole[at + 1:])
            width, height, _ = ask("read", file_of(data))
            assert (width, height) in sizes
print(f"{len(turned)} ways to hold a camera")
