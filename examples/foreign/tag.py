#!/usr/bin/env python3
"""tag.py LIBRARY TEXT: what each token of a text names; LIBRARY is of a graph over tokens, such as ../names/model."""
import sys
from ctypes import CDLL, POINTER, Structure, byref, c_char, c_char_p, c_float, c_int32, c_int64, c_void_p, cast, create_string_buffer


class Tensor(Structure):
    _fields_ = [("dtype", c_int32), ("rank", c_int32), ("dims", c_int64 * 8), ("data", c_void_p)]


I64, library, model, text = 7, CDLL(sys.argv[1]), c_void_p(), sys.argv[2].encode()
library.smelt_encode.restype = c_int64
library.smelt_label.restype = c_char_p
if library.smelt_open(byref(c_char.in_dll(library, "smelt_model_main")), None, byref(model)):
    sys.exit("tag.py: the model cannot be opened")
ids = (c_int32 * 64)()
count = library.smelt_encode(model, text, len(text), True, ids, c_int64(len(ids)))
columns = [(c_int64 * count)(*ids[:count]), (c_int64 * count)(*[1] * count)]
inputs = (Tensor * 2)(*[Tensor(I64, 2, (c_int64 * 8)(1, count), cast(column, c_void_p)) for column in columns])
logits = Tensor()
if library.smelt_run(model, b"run", (c_char_p * 2)(b"input_ids", b"attention_mask"), inputs, 2, byref(logits)):
    sys.exit("tag.py: the model cannot run")
for i in range(count):  # logits: f32 [1, count, labels]
    row = cast(logits.data, POINTER(c_float))[i * logits.dims[2]:(i + 1) * logits.dims[2]]
    token = create_string_buffer(64)
    library.smelt_decode(model, byref(c_int32(ids[i])), c_int64(1), False, token, c_int64(63))
    print(token.value.decode(), library.smelt_label(model, row.index(max(row))).decode(), sep="\t")
