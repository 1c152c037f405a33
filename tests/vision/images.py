"""Images that tests read, and the tool that reads them (vision.c)."""

import atexit
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

EXIT_SKIPPED = 77  # what ctest's SKIP_RETURN_CODE says

try:
    import numpy as np
    from PIL import Image, ImageFile
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(EXIT_SKIPPED)

FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}  # as PIL numbers them


# ---- PNG files of kinds that PIL does not write ---------------------------------------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _rows(samples, depth):
    """Rows of an image [height, width, channels] without a filter, samples packed."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if depth == 16:
        packed = flat.astype(">u2").view(np.uint8).reshape(height, -1)
    elif depth == 8:
        packed = flat.astype(np.uint8)
    else:
        bits = (flat[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def png(samples, depth, color, interlaced=False, extra=b""):
    """A PNG of samples [height, width, channels]; color: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA."""
    height, width = samples.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    if interlaced:
        parts = [samples[top::down, left::right] for left, top, right, down in ADAM7]
        data = b"".join(_rows(part, depth) for part in parts if part.size)
    else:
        data = _rows(samples, depth)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + extra + _chunk(b"IDAT", zlib.compress(data)) + _chunk(b"IEND", b"")


def palette(colors):
    return _chunk(b"PLTE", np.asarray(colors, np.uint8).tobytes())


def transparency(data):
    return _chunk(b"tRNS", data)


# ---- files and the tool ----------------------------------------------------------------------------------------------

ImageFile.MAXBLOCK = 1 << 22  # else PIL fails to write what does not get smaller
work = tempfile.mkdtemp()
atexit.register(shutil.rmtree, work)
tool = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def encoded(image, form, **options):
    """The bytes of PIL's image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def file_of(data, name="image"):
    path = os.path.join(work, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def ask(*words):
    """The tool's answer: the size and the bytes it wrote, or what is wrong."""
    out = os.path.join(work, "out")
    tool.stdin.write("\t".join([*map(str, words), out]) + "\n")
    tool.stdin.flush()
    line = tool.stdout.readline()
    assert line, f"the tool ended at {words}"
    if not line.startswith("ok "):
        return line.strip()
    with open(out, "rb") as f:
        return (*map(int, line.split()[1:]), f.read())


def picture(*words):
    """The same as an array [height, width, 3]."""
    answer = ask(*words)
    assert not isinstance(answer, str), (words, answer)
    width, height, data = answer
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def by_pil(data):
    """What PIL reads of a file, as image processors ask for it."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
