"""Pictures made from seeds, as arrays [height, width, 3]."""

import numpy as np


def photo(width, height, seed=1):
    """Something like a photograph: shades, edges, and a little noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    planes = []
    for channel in range(3):
        plane = 128 + 80 * np.sin(x / (9 + 5 * channel)) * np.cos(y / (13 + channel)) + 40 * ((x + y * (channel + 1)) % 61 > 30)
        planes.append(plane + random.normal(0, 6, plane.shape))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def noise(width, height, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
