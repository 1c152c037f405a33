"""Quantised products of com.microsoft: 8-bit integers, and weights in blocks of 2, 4 and 8 bits."""

import numpy as np

from case import INT4, UINT4, Case, Input, given, integers, normal, weight

SIZES = {"B": 2, "M": 3}


def u8(shape):
    return integers(np.uint8, shape, 0, 255)


def i8(shape):
    """Of seven bits: without VNNI, ONNX Runtime's sum of two u8 * i8 products saturates at 16 bits."""
    return integers(np.int8, shape, -64, 63)


def scale(shape="", value=0.02):
    if not shape:
        return weight(given(np.float32, "", value))
    return weight(Input(np.float32, shape, lambda random, dims: random.uniform(0.005, 0.03, dims)))


# ---- products of integers -------------------------------------------------------------------------------------------

A_ZERO, B_ZERO = weight(given(np.uint8, "", 121)), weight(given(np.int8, "", -3))
B_ZEROS = weight(integers(np.int8, "12", -9, 9))
BIAS = weight(normal("12"))

INTEGER_TO_FLOAT = [
    Case(SIZES, [u8("B M 16"), weight(i8("16 12")), scale(), scale()]),
    Case(SIZES, [u8("B M 16"), weight(i8("16 12")), scale(), scale("12"), A_ZERO, B_ZERO]),
    Case(SIZES, [u8("B M 16"), weight(i8("16 12")), scale(), scale("12"), A_ZERO, B_ZEROS, BIAS]),
    Case(SIZES, [u8("M 16"), weight(u8("16 12")), scale(), scale(), A_ZERO, weight(given(np.uint8, "", 130)), BIAS]),
    Case(SIZES, [i8("M 16"), weight(i8("16 12")), scale(), scale("12"), weight(given(np.int8, "", 5)), B_ZERO]),
    Case(SIZES, [u8("B M 16"), u8("16 12"), scale(), scale(), None, None, BIAS]),
]

DYNAMIC = [
    Case(SIZES, [normal("B M 16"), weight(i8("16 12")), scale()]),
    Case(SIZES, [normal("B M 16", mean=3), weight(i8("16 12")), scale("12"), B_ZEROS, BIAS]),
    Case(SIZES, [normal("M 16"), weight(u8("16 12")), scale(), weight(given(np.uint8, "", 127))]),
    Case(SIZES, [normal("M 40", mean=-4), weight(u8("40 12")), scale("12"), weight(u8("12")), BIAS]),
    Case({"B": 1, "M": 1}, [normal("B M 16"), weight(i8("16 12")), scale(), None, BIAS]),
]

TOKENS, TOKENS_PAST = {"B": 3, "S": 4}, {"B": 3, "S": 2, "P": 3}
PADDING = given(np.int32, "B S", [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]])


def attention(x, w, w_scale="", mask=None, x_zero=None, w_zero=None, past=None, sizes=TOKENS, **attributes):
    inputs = [x("B S 16"), weight(w("16 48")), weight(normal("48")), scale(value=0.01), scale(w_scale, 0.01), mask, x_zero,
              w_zero, past]
    while inputs[-1] is None:
        inputs.pop()
    return Case(sizes, inputs, {"num_heads": 2, **attributes}, ("y", "present") if past else ("y",))


QATTENTION = [
    attention(u8, i8, x_zero=A_ZERO),
    attention(u8, i8, "48", x_zero=A_ZERO, w_zero=B_ZERO),
    attention(u8, u8, "48", x_zero=A_ZERO, w_zero=weight(integers(np.uint8, "48", 120, 136))),
    attention(u8, i8, mask=PADDING, x_zero=A_ZERO),
    attention(u8, i8, mask=given(np.int32, "B", [4, 3, 1]), x_zero=A_ZERO),
    attention(u8, i8, "48", x_zero=A_ZERO, unidirectional=1),
    attention(u8, i8, x_zero=A_ZERO, w_zero=B_ZERO, past=normal("2 B 2 P 8"), sizes=TOKENS_PAST, unidirectional=1),
]

# ---- weights in blocks ------------------------------------------------------------------------------------------------


def nbits(K, N, bits, block, zero_points=None, bias=False, shape="B M", order=None, **attributes):
    blocks = -(-K // block)
    packed = -(-blocks * bits // 8)
    zeros = {None: None, "packed": u8(f"{N} {packed}"), "float": normal(f"{N} {blocks}", mean=2 ** (bits - 1))}[zero_points]
    inputs = [normal(f"{shape} {K}"), weight(u8(f"{N} {blocks} {block * bits // 8}")), scale(f"{N} {blocks}"),
              zeros and weight(zeros), order and weight(given(np.int32, f"{K}", order)),
              weight(normal(f"{N}")) if bias else None]
    while inputs[-1] is None:
        inputs.pop()
    return Case(SIZES, inputs, {"K": K, "N": N, "bits": bits, "block_size": block, **attributes})


NBITS = [
    *[nbits(128, 12, 4, block) for block in (16, 32, 64, 128)],
    *[nbits(128, 12, 8, block) for block in (16, 32, 64, 128)],
    *[nbits(96, 20, 4, block, "packed") for block in (16, 32)],
    nbits(96, 20, 8, 32, "packed"),
    nbits(96, 20, 4, 32, "float"),
    nbits(96, 20, 4, 32, "packed", bias=True),
    nbits(64, 16, 4, 32, bias=True, shape="M"),
    nbits(40, 7, 4, 16, "packed"),
    nbits(40, 7, 8, 16, "packed", bias=True),
    nbits(64, 12, 2, 16, "packed"),
    nbits(64, 12, 4, 16, order=[k % 4 for k in range(64)]),
    nbits(64, 12, 4, 16, order=[3 - k // 16 for k in range(64)]),
]


def gather(data, indices, scales, zeros=None, **attributes):
    inputs = [weight(data), indices, weight(scales)] + ([weight(zeros)] if zeros else [])
    return Case({"B": 2, "S": 3}, inputs, {"block_size": 16, **attributes})


IDS, ID32 = integers(np.int64, "B S", -20, 19), integers(np.int32, "S", 0, 19)
U4, I4 = {"low": 0, "high": 15, "onnx_type": UINT4}, {"low": -8, "high": 7, "onnx_type": INT4}

GATHER = [
    gather(u8("20 32"), IDS, scale("20 4"), bits=4),
    gather(u8("20 32"), ID32, scale("20 4"), u8("20 2"), bits=4),
    gather(u8("20 64"), IDS, scale("20 4"), bits=8),
    gather(u8("20 64"), IDS, scale("20 2"), u8("20 2"), bits=8, block_size=32),
    gather(u8("20 24"), IDS, scale("20 3"), u8("20 2"), bits=4),
    gather(integers(np.uint8, "20 64", **U4), IDS, scale("20 4")),
    gather(integers(np.uint8, "20 64", **U4), IDS, scale("20 4"), integers(np.uint8, "20 4", **U4)),
    gather(integers(np.int8, "20 64", **I4), ID32, scale("20 4"), integers(np.int8, "20 4", **I4)),
    gather(integers(np.int8, "64 20", **I4), IDS, scale("4 20"), gather_axis=1, quantize_axis=0),
    gather(integers(np.int8, "20 2 48", **I4), IDS, scale("20 2 3"), quantize_axis=-1),
]

TABLE = {
    "MatMulIntegerToFloat": INTEGER_TO_FLOAT,
    "DynamicQuantizeMatMul": DYNAMIC,
    "QAttention": QATTENTION,
    "MatMulNBits": NBITS,
    "GatherBlockQuantized": GATHER,
}
