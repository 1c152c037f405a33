#!/usr/bin/python3
"""damaged_test.py VISION: what is no image, or only part of one, is told; nothing crashes, and memory stays bounded."""

import resource
import struct
import sys
import zlib

import numpy as np
from PIL import Image

from images import ask, encoded, file_of, tool
from pictures import photo
from png_writer import png

image = Image.fromarray(photo(120, 80))
FILES = {
    "PNG": encoded(image, "PNG"),
    "palette": encoded(image.convert("P"), "PNG"),
    "BMP": encoded(image, "BMP"),
    "baseline": encoded(image, "JPEG", quality=90),
    "progressive": encoded(image, "JPEG", quality=90, progressive=True),
    "CMYK": encoded(image.convert("CMYK"), "JPEG"),
    "interlaced": png(photo(33, 21).astype(int), 8, 2, True),
}


def told(data, *why):
    answer = ask("read", file_of(data))
    assert isinstance(answer, str) and any(word in answer for word in why), (data[:40], answer)


# ---- no images, and parts of some ---------------------------------------------------------------------------------------

told(b"", "empty")
for data in (b"\0", b"GIF89a\1\0\1\0\0\0\0;", b"text\n", b"\x89PNG", b"%PDF-1.4", b"RIFF\0\0\0\0WEBPVP8 ", b"\0" * 4096):
    told(data, "no PNG, JPEG or BMP")
for name, data in FILES.items():
    for part in (0.02, 0.3, 0.5, 0.9, 0.99):
        told(data[: max(8, int(len(data) * part))], "cut off", "ends before", "no sound", "damaged")

# ---- sizes that lie -------------------------------------------------------------------------------------------------------


def with_size(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return FILES["PNG"][:16] + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + FILES["PNG"][33:]


for size in ((0, 5), (5, 0), (1 << 31, 1), (1 << 30, 1 << 30), (65535, 65535), (65536, 1), (60000, 2000)):
    told(with_size(*size), "pixels", "no sound", "damaged")
told(with_size(9000, 9000), "damaged", "cut off")  # few bytes for many pixels
bomb = zlib.compress(b"\0" * (1 << 28), 9)  # 256 MiB of zeros for an image of 120 x 80
chunk = struct.pack(">I", len(bomb)) + b"IDAT" + bomb + struct.pack(">I", zlib.crc32(b"IDAT" + bomb))
answer = ask("read", file_of(FILES["PNG"][:33] + chunk + FILES["PNG"][-12:]))
assert isinstance(answer, str), answer

# ---- bytes changed at random ----------------------------------------------------------------------------------------------

random = np.random.default_rng(3)
read = 0
for name, data in FILES.items():
    for turn in range(60):
        changed = np.frombuffer(data, np.uint8).copy()
        places = random.integers(0 if turn % 2 else min(8, len(data)), len(data) if turn % 3 else min(700, len(data)), 1 + turn % 7)
        changed[places] = random.integers(0, 256, len(places))
        read += not isinstance(ask("read", file_of(changed.tobytes())), str)
print(f"{read} of {60 * len(FILES)} changed files still read")
tool.stdin.close()
assert tool.wait() == 0
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(f"peak memory {peak / 1024:.0f} MB")
assert peak < 1200 * 1024, peak
sys.exit(0)
