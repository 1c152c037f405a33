"""Attention of com.microsoft: with and without its projection, past and present, masks of all forms."""

import numpy as np

from case import Case, Input, given, normal, weight

B3, B1 = {"B": 3, "S": 5}, {"B": 1, "S": 4}

# ---- what has no CPU kernel: attention written out -----------------------------------------------------------------


def attend(q, k, v, scale=None, bias=0.0):
    """q [B, S, H, D], k and v [B, T, H, D]; the result [B, S, H * E]"""
    scores = np.einsum("bshd,bthd->bhst", q, k, dtype=np.float64) * (scale or q.shape[-1] ** -0.5) + bias
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    y = np.einsum("bhst,bthe->bshe", weights / weights.sum(-1, keepdims=True), v)
    return y.reshape(*y.shape[:2], -1).astype(np.float32)


def packed_qkv(arrays, attributes):
    """MultiHeadAttention of one packed input [B, S, H, 3, D]; ONNX Runtime: "not implemented for CPU"."""
    packed = arrays[0]
    if len(arrays) > 3:
        heads, size = packed.shape[2], packed.shape[4]
        packed = packed + arrays[3].reshape(3, heads, size).transpose(1, 0, 2)
    return [attend(packed[..., 0, :], packed[..., 1, :], packed[..., 2, :], attributes.get("scale"))]


def packed_kv(arrays, attributes):
    """The same with query [B, S, H * D] and packed key and value [B, L, H, 2, D]."""
    q, kv = arrays[:2]
    q = q.reshape(*q.shape[:2], kv.shape[2], -1)
    return [attend(q, kv[..., 0, :], kv[..., 1, :], attributes.get("scale"))]


def megatron_mask(arrays, attributes):
    """Attention with a mask [B, 1, M, M]; ONNX Runtime: "4D mask in attention cpu kernel is not supported"."""
    x, weights, bias, mask = arrays[:4]
    heads = attributes["num_heads"]
    q, k, v = (part.reshape(*part.shape[:2], heads, -1) for part in np.split(x @ weights + bias, 3, axis=-1))
    tokens = x.shape[1]
    return [attend(q, k, v, bias=np.where(mask[:, :, :tokens, :tokens] > 0, 0, -10000))]


# ---- masks: every query sees a key --------------------------------------------------------------------------------

LENGTHS = given(np.int32, "B", [5, 3, 1])
ENDS_AND_STARTS = given(np.int32, "2*B", [5, 4, 3, 0, 1, 2])
LENGTHS_AND_SUMS = given(np.int32, "3*B+2", [5, 3, 1, 0, 5, 10, 15, 0, 5, 10, 15])


def padding(tokens, shape):
    """1 where row b has a key: the last b are missing."""
    return given(np.int32, shape, [[int(t < tokens - b) for t in range(tokens)] for b in range(3)])


def seen(shape):
    """1 at random, and for each query's own key."""
    def values(random, dims):
        return np.maximum(random.integers(0, 2, dims), np.eye(dims[-2], dims[-1], dims[-1] - dims[-2], dtype=int))

    return Input(np.int32, shape, values)


# ---- Attention ----------------------------------------------------------------------------------------------------


def projected(heads, size, v_size=None, inner=24, mask=None, past=None, bias=None, sizes=B3, reference=None,
              **attributes):
    width = heads * (2 * size + (v_size or size))
    inputs = [normal(f"B S {inner}"), weight(normal(f"{inner} {width}", scale=0.3)), weight(normal(f"{width}")), mask,
              past, bias]
    while inputs[-1] is None:
        inputs.pop()
    if v_size:
        attributes["qkv_hidden_sizes"] = [heads * size, heads * size, heads * v_size]
    outputs = ("y", "present") if past else ("y",)
    return Case(sizes, inputs, {"num_heads": heads, **attributes}, outputs, reference=reference)


B3_PAST, B1_PAST = {**B3, "P": 4}, {**B1, "P": 3}
STEP = {"B": 3, "S": 1, "P": 6}

ATTENTION = [
    projected(4, 8),
    projected(1, 16, sizes=B1),
    projected(3, 8, v_size=16),
    projected(2, 8, scale=0.5),
    projected(4, 8, mask=LENGTHS),
    projected(4, 8, mask=LENGTHS, mask_filter_value=-50000.0),
    projected(2, 8, mask=ENDS_AND_STARTS),
    projected(2, 8, mask=padding(5, "B S")),
    projected(2, 8, mask=given(np.int32, "B 1", 1)),
    projected(2, 8, mask=given(np.int32, "1 1", 1)),
    projected(2, 8, mask=seen("B S S")),
    projected(2, 8, mask=given(np.int32, "B 1 9 9", np.tril(np.ones((9, 9), int))), reference=megatron_mask),
    projected(2, 8, unidirectional=1),
    projected(2, 8, unidirectional=1, mask=padding(5, "B S")),
    projected(2, 8, bias=normal("B 2 S S")),
    projected(2, 8, bias=normal("1 2 S S"), mask=padding(5, "B S")),
    projected(2, 8, bias=normal("1 1 S S"), unidirectional=1),
    projected(2, 8, past=normal("2 B 2 P 8"), sizes=B3_PAST),
    projected(2, 8, past=normal("2 B 2 P 8"), sizes=B1_PAST, unidirectional=1),
    projected(2, 8, past=normal("2 B 2 P 8"), sizes={**B3_PAST, "T": 9}, unidirectional=1, mask=padding(9, "B T")),
    projected(2, 8, past=normal("2 B 2 P 8"), sizes={**B3_PAST, "T": 9}, mask=seen("B S T")),
    projected(2, 8, past=normal("2 B 2 P 8"), sizes=STEP, unidirectional=1),
]

# ---- MultiHeadAttention (unidirectional with keys of another length: ONNX Runtime's last query sees all of them) ----


def multi_head(heads, size, v_size=None, keys="S", bias=False, mask=None, scores=None, past=None, sizes=B3,
               outputs=("y",), reference=None, **attributes):
    v_size = v_size or size
    q, k, v = (normal(f"B {n} {heads * width}") for n, width in (("S", size), (keys, size), (keys, v_size)))
    inputs = [q, k, v, weight(normal(f"{heads * (2 * size + v_size)}")) if bias else None, mask, scores]
    if past:
        inputs += [normal(f"B {heads} P {size}"), normal(f"B {heads} P {v_size}")]
        outputs = ("y", "present_key", "present_value")
    while inputs[-1] is None:
        inputs.pop()
    return Case(sizes, inputs, {"num_heads": heads, **attributes}, outputs, reference=reference)


CROSS = {"B": 3, "S": 4, "L": 7}
PRESENT = ("y", "present_key", "present_value")
READY_KEYS = [normal("B S 32"), normal("B 2 L 16"), normal("B 2 L 16")]

MULTI_HEAD = [
    multi_head(4, 8),
    multi_head(1, 32, sizes=B1),
    multi_head(2, 8, v_size=24),
    multi_head(2, 8, bias=True),
    multi_head(2, 8, v_size=4, bias=True, scale=0.25),
    multi_head(2, 8, outputs=PRESENT),
    multi_head(3, 8, keys="L", sizes=CROSS),
    multi_head(3, 8, keys="L", sizes=CROSS, bias=True, mask=padding(7, "B L")),
    multi_head(2, 8, mask=LENGTHS),
    multi_head(2, 8, mask=LENGTHS_AND_SUMS),
    multi_head(2, 8, mask=padding(5, "B S"), mask_filter_value=-1000.0),
    multi_head(2, 8, mask=seen("B S S")),
    multi_head(2, 8, unidirectional=1),
    multi_head(2, 8, unidirectional=1, mask=padding(5, "B S"), scores=normal("B 2 S S")),
    multi_head(2, 8, scores=normal("1 2 S S")),
    multi_head(2, 8, scores=normal("B 1 S S"), bias=True),
    multi_head(2, 8, past=True, sizes=B3_PAST),
    multi_head(2, 8, past=True, sizes=B1_PAST, unidirectional=1, bias=True),
    multi_head(2, 8, v_size=8, past=True, sizes={**B3_PAST, "T": 9}, mask=padding(9, "B T"), scores=normal("1 1 S T")),
    multi_head(4, 8, past=True, sizes=STEP, unidirectional=1),
    Case(CROSS, READY_KEYS, {"num_heads": 2}),
    Case(CROSS, [*READY_KEYS, None, padding(7, "B L")], {"num_heads": 2}),
    multi_head(2, 8, mask=padding(5, "B S"), outputs=("y", "", "", "qk: float32")),
    Case(B3, [normal("B S 2 3 8")], {"num_heads": 2}, reference=packed_qkv),
    Case(B3, [normal("B S 2 3 8"), None, None, weight(normal("48"))], {"num_heads": 2}, reference=packed_qkv),
    Case(CROSS, [normal("B S 16"), normal("B L 2 2 8")], {"num_heads": 2, "scale": 0.5}, reference=packed_kv),
]

# ---- DecoderMaskedMultiHeadAttention: on the CPU past and present always share a buffer ------------------------------

ONE_QUERY = {"B": 3, "L": 7}
BUFFER = [normal("B 2 9 8"), normal("B 2 9 8"), given(np.int32, "1", 4)]


def decoder(*inputs, sizes=ONE_QUERY, outputs=PRESENT, **attributes):
    return Case(sizes, list(inputs), {"num_heads": 2, **attributes}, outputs)


Q, K, V = normal("B 1 16"), normal("B 1 16"), normal("B 1 16")
SHARED = {"past_present_share_buffer": 1}

DECODER = [
    decoder(Q, normal("B 2 L 8"), normal("B 2 L 8"), outputs=("y",)),
    decoder(Q, normal("B 2 L 8"), normal("B 2 L 8"), padding(7, "B L"), outputs=("y",), scale=0.4),
    decoder(Q, normal("B 2 L 8"), normal("B 2 L 8"), outputs=("y", "", "", "qk: float32"), output_qk=1),
    decoder(Q, K, V, None, None, *BUFFER, **SHARED),
    decoder(Q, K, V, padding(5, "B 5"), None, *BUFFER, **SHARED),
    decoder(Q, K, V, None, normal("1 2 1 5"), *BUFFER, **SHARED),
    decoder(Q, K, V, None, None, *BUFFER, None, None, weight(normal("48")), **SHARED),
    decoder(Q, K, V, None, None, normal("B 2 6 8"), normal("B 2 6 8"), given(np.int32, "1", 1), sizes={"B": 1}, **SHARED),
    decoder(Q, K, V, None, None, *BUFFER, outputs=(*PRESENT, "qk: float32"), output_qk=1, **SHARED),
]

TABLE = {
    "Attention": ATTENTION,
    "MultiHeadAttention": MULTI_HEAD,
    "DecoderMaskedMultiHeadAttention": DECODER,
}
