"""Operators that read images at real-valued places: grids, regions, deformed kernels."""

import itertools

import numpy as np

from case import Case, Input, given, integers, normal, weight

# ---- grids: from well inside to well outside the image ------------------------------------------------------------

IMAGE, PLANE = {"N": 2, "C": 3, "H": 5, "W": 4}, [normal("N C H W"), normal("N 6 7 2", scale=0.8)]
VOLUME = [normal("N 2 4 3 5"), normal("N 3 2 4 3", scale=0.8)]
MODES, PADDINGS = ("linear", "nearest", "cubic"), ("zeros", "border", "reflection")


def grid_sample(inputs, sizes, version=22, **attributes):
    return Case(sizes, inputs, attributes, domain="", version=version)


GRID_SAMPLE = [
    *(grid_sample(PLANE, IMAGE, mode=mode, padding_mode=padding, align_corners=align)
      for mode, padding, align in itertools.product(MODES, PADDINGS, (0, 1))),
    *(grid_sample(VOLUME, {"N": 2}, mode=mode, padding_mode=padding, align_corners=align)
      for mode, padding, align in itertools.product(MODES[:2], PADDINGS, (0, 1))),
    grid_sample([normal("N 1 9 9"), normal("N P P 2", scale=20)], {"N": 1, "P": 3}, padding_mode="reflection"),
    grid_sample([normal("N 1 9 9"), normal("N P P 2", scale=1e5)], {"N": 1, "P": 3}, padding_mode="border"),
    grid_sample([normal("N 1 9 9"), normal("N P P 2", scale=1e5)], {"N": 1, "P": 3}, padding_mode="zeros"),
    grid_sample([normal("N 1 1 1"), normal("N P P 2")], {"N": 3, "P": 4}, padding_mode="reflection"),
    grid_sample(PLANE, {**IMAGE, "H": 1, "W": 1}, padding_mode="border", align_corners=1),
    grid_sample(PLANE, {**IMAGE, "N": 0}),
    *(grid_sample(PLANE, IMAGE, 16, mode=mode, padding_mode="border") for mode in ("bilinear", "nearest", "bicubic")),
]


def affine_grid(size, align_corners, scale=1.0):
    axes = len(size) - 2
    theta = normal(f"{size[0]} {axes} {axes + 1}", scale=scale)
    size = weight(given(np.int64, str(len(size)), size))
    return Case({}, [theta, size], {"align_corners": align_corners}, domain="", version=20)


AFFINE_GRID = [
    affine_grid(size, align)
    for size, align in itertools.product(([2, 3, 5, 6], [1, 1, 2, 9], [2, 3, 4, 5, 6], [1, 2, 2, 3, 1]), (0, 1))
]

# ---- regions ------------------------------------------------------------------------------------------------------


def regions(low, high):
    """Left, top, right, bottom; where the range allows, also beyond the image and turned around."""
    return Input(np.float32, "R 4", lambda random, dims: random.uniform(low, high, dims))


def ordered(low, high):
    def values(random, dims):
        corners = random.uniform(low, high, (dims[0], 2, 2))
        return np.sort(corners, axis=1).reshape(dims)

    return Input(np.float32, "R 4", values)


FEATURES, OF_IMAGE = normal("N C H W"), integers(np.int64, "R", 0, 1)
REGION_SIZES = {"N": 2, "C": 3, "H": 10, "W": 12, "R": 6}


def roi_align(rois, version=16, sizes=REGION_SIZES, **attributes):
    return Case(sizes, [FEATURES, rois, OF_IMAGE], attributes, domain="", version=version)


ROI_ALIGN = [
    roi_align(ordered(0, 10), output_height=3, output_width=4, sampling_ratio=2),
    roi_align(ordered(0, 40), output_height=3, output_width=4, sampling_ratio=3, spatial_scale=0.25),
    roi_align(ordered(0, 40), output_height=7, output_width=7, sampling_ratio=2, spatial_scale=0.25,
              coordinate_transformation_mode="output_half_pixel"),
    roi_align(ordered(-8, 20), output_height=4, output_width=2, sampling_ratio=2),
    roi_align(regions(0, 10), output_height=2, output_width=2, sampling_ratio=1),
    roi_align(regions(0, 10), output_height=2, output_width=2, sampling_ratio=2,
              coordinate_transformation_mode="output_half_pixel"),
    roi_align(ordered(0, 10), output_height=3, output_width=3),
    roi_align(ordered(0, 10), output_height=1, output_width=2, coordinate_transformation_mode="output_half_pixel"),
    roi_align(ordered(-30, 40), output_height=2, output_width=3),
    roi_align(ordered(0, 10), output_height=3, output_width=4, sampling_ratio=2, mode="max"),
    roi_align(ordered(-8, 20), output_height=3, output_width=4, sampling_ratio=2, mode="max"),
    roi_align(ordered(0, 40), 10, output_height=3, output_width=4, sampling_ratio=2, spatial_scale=0.25),
    roi_align(ordered(0, 10), sampling_ratio=2),
    roi_align(ordered(0, 10), sizes={**REGION_SIZES, "R": 0}, output_height=3, output_width=4, sampling_ratio=2),
]

# ---- deformed kernels ---------------------------------------------------------------------------------------------


def deform_conv(x, kernel, places, groups=1, offset_groups=1, filters=4, bias=False, mask=False, **attributes):
    elements = int(np.prod(kernel))
    shape = " ".join(map(str, places))
    inputs = [normal(f"N {x[0]} {x[1]} {x[2]}"),
              weight(normal(f"{filters} {x[0] // groups} {kernel[0]} {kernel[1]}")),
              normal(f"N {2 * elements * offset_groups} {shape}"), weight(normal(str(filters))) if bias else None,
              normal(f"N {elements * offset_groups} {shape}") if mask else None]
    while inputs[-1] is None:
        inputs.pop()
    attributes = {"group": groups, "offset_group": offset_groups, "kernel_shape": kernel, **attributes}
    return Case({"N": 2}, inputs, attributes, domain="", version=22)


DEFORM_CONV = [
    deform_conv((2, 6, 7), (3, 3), (4, 5)),
    deform_conv((2, 6, 7), (3, 3), (6, 7), pads=[1, 1, 1, 1], bias=True, mask=True),
    deform_conv((4, 8, 8), (3, 2), (4, 4), pads=[1, 0, 1, 1], strides=[2, 2], offset_groups=2, mask=True),
    deform_conv((4, 8, 9), (3, 3), (4, 5), groups=2, dilations=[2, 2], bias=True),
    deform_conv((4, 5, 5), (2, 2), (4, 4), groups=4, offset_groups=4, mask=True, bias=True),
    deform_conv((3, 5, 5), (1, 1), (5, 5)),
]

TABLE = {"GridSample": GRID_SAMPLE, "AffineGrid": AFFINE_GRID, "RoiAlign": ROI_ALIGN, "DeformConv": DEFORM_CONV}
