#!/usr/bin/env python3
"""see.py LIBRARY IMAGE: what is in a picture; LIBRARY is of a graph over pixels, such as ../shapes/model."""
import sys
from ctypes import CDLL, POINTER, Structure, byref, c_char, c_char_p, c_float, c_int32, c_int64, c_void_p, cast


class Tensor(Structure):
    _fields_ = [("dtype", c_int32), ("rank", c_int32), ("dims", c_int64 * 8), ("data", c_void_p)]


F32, SIDE, library, model = 0, 32, CDLL(sys.argv[1]), c_void_p()
library.smelt_error.restype = library.smelt_label.restype = c_char_p
library.smelt_pixels.restype = c_int64
if library.smelt_open(byref(c_char.in_dll(library, "smelt_model_main")), None, byref(model)):
    sys.exit("see.py: the model cannot be opened")
with open(sys.argv[2], "rb") as f:
    file = f.read()
pixels = (c_float * (3 * SIDE * SIDE))()
image, logits = Tensor(F32, 4, (c_int64 * 8)(1, 3, SIDE, SIDE), cast(pixels, c_void_p)), Tensor()
if (library.smelt_pixels(model, file, len(file), pixels, c_int64(len(pixels))) != len(pixels)
        or library.smelt_run(model, b"run", byref(c_char_p(b"pixel_values")), byref(image), 1, byref(logits))):
    sys.exit(f"see.py: {library.smelt_error(model).decode()}")
scores = cast(logits.data, POINTER(c_float))[:logits.dims[1]]  # f32 [1, labels]
print(library.smelt_label(model, scores.index(max(scores))).decode())
