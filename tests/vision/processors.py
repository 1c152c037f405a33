"""What Hugging Face's image processors make of an image, written with PIL and NumPy from their documentation."""

import numpy as np
from PIL import Image

HALF, CLIP_MEAN, CLIP_STD = [0.5] * 3, [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
SQUARE = lambda side: {"height": side, "width": side}
SHORT = lambda side: {"shortest_edge": side}

# What each does of itself: size, crop, filter, mean, deviation, whether red and blue change places; and what an
# integer as its size means.
DEFAULTS = {
    "ViT": (SQUARE(224), None, 2, HALF, HALF, False, SQUARE),
    "DeiT": (SQUARE(256), 224, 3, HALF, HALF, False, SQUARE),
    "Beit": (SQUARE(256), 224, 3, HALF, HALF, False, SQUARE),
    "CLIP": (SHORT(224), 224, 3, CLIP_MEAN, CLIP_STD, False, SHORT),
    "Bit": (SHORT(224), 224, 3, CLIP_MEAN, CLIP_STD, False, SHORT),
    "ConvNext": (SHORT(384), None, 3, HALF, HALF, False, SHORT),
    "MobileViT": (SHORT(224), 256, 2, None, None, True, SHORT),
}


def short_edge(image, side):
    width, height = image.size
    return (side, int(side * height / width)) if width <= height else (int(side * width / height), side)


def resized(image, size, resample):
    if "shortest_edge" in size:
        return image.resize(short_edge(image, size["shortest_edge"]), resample)
    return image.resize((size["width"], size["height"]), resample)


def center(array, height, width):
    """The middle of an array [h, w, 3], in zeros where it is smaller; the larger half of the zeros comes first."""
    out = np.zeros((height, width, 3), array.dtype)
    places = []
    for have, want in ((array.shape[0], height), (array.shape[1], width)):
        first = (have - want) // 2
        places.append((slice(max(first, 0), first + want), slice(max(-first, 0), max(-first, 0) + min(have, want))))
    (rows_from, rows_to), (columns_from, columns_to) = places
    out[rows_to, columns_to] = array[rows_from, columns_from]
    return out


def pixel_values(config, array):
    """[3, height, width] f32 of an RGB array, as the processor of `config` (preprocessor_config.json) makes it"""
    name = config.get("image_processor_type", config.get("feature_extractor_type"))
    for end in ("ImageProcessorFast", "ImageProcessor", "FeatureExtractor"):
        name = name[: -len(end)] if name.endswith(end) else name
    size, crop, resample, mean, deviation, flips, integer = DEFAULTS[name]
    size, resample = config.get("size", size), config.get("resample", resample)
    size = integer(size) if isinstance(size, int) else dict(zip(("height", "width"), size)) if isinstance(size, list) else size
    crop = config.get("crop_size", crop) if config.get("do_center_crop", crop is not None) else None
    crop = SQUARE(crop) if isinstance(crop, int) else crop
    image = Image.fromarray(array)
    if name == "ConvNext":
        side = size["shortest_edge"]
        crop = SQUARE(side) if side < 384 else None
        size = SHORT(int(side / config.get("crop_pct", 224 / 256))) if side < 384 else SQUARE(side)
    if config.get("do_resize", True):
        image = resized(image, size, resample)
    values = np.asarray(image)
    if crop:
        values = center(values, crop["height"], crop["width"])
    if config.get("do_rescale", True):
        values = (values.astype(np.float64) * config.get("rescale_factor", 1 / 255)).astype(np.float32)
    if config.get("do_normalize", mean is not None):
        mean, deviation = (np.array(config.get(key, own), np.float32) for key, own in (("image_mean", mean), ("image_std", deviation)))
        values = (values.astype(np.float32) - mean) / deviation
    if config.get("do_flip_channel_order", flips):
        values = values[..., ::-1]
    return np.ascontiguousarray(values.astype(np.float32).transpose(2, 0, 1))
