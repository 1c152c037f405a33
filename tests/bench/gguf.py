"""Writes GGUF, llama.cpp's model file: version 3, little endian, data aligned to 32 bytes.

Layout: docs/gguf.md of ggml. A header, typed key-values, tensor descriptions (dims innermost first), the data.
"""

import struct

import numpy as np

MAGIC, VERSION, ALIGNMENT = b"GGUF", 3, 32
UINT32, FLOAT32, STRING = 4, 6, 8  # types of values
BLOCK = 32  # weights that share a scale in q8_0 and q4_0


def _f32(x):
    return x.astype("<f4")


def _f16(x):
    return x.astype("<f2")


def _bf16(x):
    """Rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(x, "<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def _blocks(x):
    return np.ascontiguousarray(x, "<f4").reshape(-1, BLOCK)


def _inverse(scale):
    return np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)


def _q8_0(x):
    """Per block: f16 scale, 32 signed bytes."""
    x = _blocks(x)
    scale = np.abs(x).max(1, keepdims=True) / 127
    out = np.empty(len(x), np.dtype([("scale", "<f2"), ("weights", "i1", BLOCK)]))
    out["scale"] = scale[:, 0]
    out["weights"] = np.rint(x * _inverse(scale))
    return out


def _q4_0(x):
    """Per block: f16 scale, 16 bytes; weight i in the low half of byte i, weight i + 16 in the high half, 8 added. The
    scale has the sign that makes the largest weight -8."""
    x = _blocks(x)
    largest = np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1)
    scale = largest / -8
    codes = np.clip(np.floor(x * _inverse(scale) + 8.5), 0, 15).astype("u1")
    out = np.empty(len(x), np.dtype([("scale", "<f2"), ("weights", "u1", BLOCK // 2)]))
    out["scale"] = scale[:, 0]
    out["weights"] = codes[:, : BLOCK // 2] | (codes[:, BLOCK // 2 :] << 4)
    return out


# Name -> ggml's number of the type, what writes it, the file type that llama.cpp calls a model of it.
FORMATS = {
    "f32": (0, _f32, 0),
    "f16": (1, _f16, 1),
    "q4_0": (2, _q4_0, 2),
    "q8_0": (8, _q8_0, 7),
    "bf16": (30, _bf16, 32),
}


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value):
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _string(value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    return struct.pack("<II", UINT32, value)


def _format_of(name, array, wanted):
    """Vectors and position tables stay f32, as llama.cpp's own converters leave them; rows that are no whole number of
    blocks become f16."""
    if array.ndim < 2 or name.startswith("position_embd"):
        return "f32"
    if wanted in ("q8_0", "q4_0") and array.shape[-1] % BLOCK:
        return "f16"
    return wanted


def _padding(size):
    return b"\0" * (-size % ALIGNMENT)


def write_gguf(path, architecture, values, tensors, precision):
    """values: keys without the architecture's name; tensors: {name: f32 array, [out, in] for matrices}."""
    keys = {"general.architecture": architecture, "general.alignment": ALIGNMENT, "general.name": "bench",
            "general.file_type": FORMATS[precision][2], "tokenizer.ggml.model": "none"}
    keys.update({f"{architecture}.{key}": value for key, value in values.items()})
    head = MAGIC + struct.pack("<IQQ", VERSION, len(tensors), len(keys))
    for key, value in keys.items():
        head += _string(key) + _value(value)
    data, offset = [], 0
    for name, array in tensors.items():
        number, write, _ = FORMATS[_format_of(name, array, precision)]
        data.append(write(array).tobytes())
        dims = array.shape[::-1]
        head += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, number, offset)
        offset += len(data[-1]) + len(_padding(len(data[-1])))
    with open(path, "wb") as f:
        f.write(head + _padding(len(head)))
        for part in data:
            f.write(part + _padding(len(part)))
