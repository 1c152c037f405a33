"""PNG files of kinds that PIL does not write: few bits, 16 bits, interlaced."""

import struct
import zlib

import numpy as np

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
