"""Pictures of shapes, drawn from a seed: one shape of any color, size and place, a little turned, on shades of another color."""

import numpy as np

LABELS = ["circle", "ring", "square", "triangle", "cross", "star"]


def _star(x, y):
    """Five points: what is beside the line from a tip to the hollow next to it, the plane being folded onto one such line."""
    angle = np.abs((np.arctan2(y, x) + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
    length = np.hypot(x, y)
    hollow = 0.42 * np.array([np.cos(np.pi / 5), np.sin(np.pi / 5)])
    along = hollow - [1, 0]
    normal = np.array([along[1], -along[0]]) / np.hypot(*along)
    return (length * np.cos(angle) - 1) * normal[0] + length * np.sin(angle) * normal[1]


def _triangle(x, y):
    return np.max([x * np.cos(a) + y * np.sin(a) for a in (0, 2 * np.pi / 3, 4 * np.pi / 3)], axis=0) - 0.5


def _cross(x, y):
    x, y = np.abs(x), np.abs(y)
    return np.minimum(np.maximum(x - 1, y - 0.3), np.maximum(x - 0.3, y - 1))


# How far a point lies outside a shape of radius 1; inside it is below 0.
DISTANCES = [
    lambda x, y: np.hypot(x, y) - 1,
    lambda x, y: np.abs(np.hypot(x, y) - 0.78) - 0.22,
    lambda x, y: np.maximum(np.abs(x), np.abs(y)) - 0.8,
    _triangle,
    _cross,
    _star,
]


def draw_batch(random, count, width, height):
    """bytes [count, height, width, 3] and labels [count], from numpy.random.Generator `random`"""
    labels = random.integers(0, len(LABELS), count)
    sizes = random.uniform(0.25, 0.46, (count, 1, 1)) * min(width, height)
    places = [random.uniform(0, 1, (count, 1, 1)) * (side - 2 * sizes) + sizes for side in (width, height)]
    turns = random.uniform(-0.35, 0.35, (count, 1, 1))
    y, x = np.mgrid[0:height, 0:width] + 0.5
    x, y = (x - places[0]) / sizes, (y - places[1]) / sizes
    x, y = x * np.cos(turns) + y * np.sin(turns), y * np.cos(turns) - x * np.sin(turns)
    distance = np.stack([DISTANCES[label](x[i], y[i]) for i, label in enumerate(labels)]) * sizes
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    ground = random.uniform(0, 255, (count, 1, 1, 3))
    color = (ground + 128 + random.uniform(-70, 70, (count, 1, 1, 3))) % 256
    shade = random.uniform(-30, 30, (count, 1, 1, 1)) * np.linspace(-1, 1, width)[None, None, :, None]
    return np.clip(ground * (1 - cover) + color * cover + shade, 0, 255).astype(np.uint8), labels
