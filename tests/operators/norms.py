"""Layer norms of com.microsoft: with a residual, over embeddings."""

import numpy as np

from case import Case, given, integers, normal, weight

SIZES, ONE = {"B": 3, "S": 4}, {"B": 1, "S": 1}
X, GAMMA, BETA = normal("B S 32"), weight(normal("32", mean=1, scale=0.1)), weight(normal("32"))
BIAS, SKIP = weight(normal("32")), normal("B S 32")
SUM = ("y", "", "", "sum")


def skip_rows(norm_inputs):
    return [
        Case(SIZES, [X, SKIP, *norm_inputs], {"epsilon": 1e-5}),
        Case(SIZES, [X, SKIP, *norm_inputs, BIAS], {"epsilon": 1e-5}, SUM),
        Case(ONE, [X, SKIP, *norm_inputs], outputs=SUM),
        Case(SIZES, [X, normal("1 S 32"), *norm_inputs, BIAS], {"epsilon": 1e-3}, SUM),
        Case(SIZES, [X, normal("S 32"), *norm_inputs], {"epsilon": 1e-3}, SUM),
        Case({"N": 5}, [normal("N 32"), normal("N 32"), *norm_inputs], {"epsilon": 1e-5}, SUM),
    ]


# ---- EmbedLayerNormalization: word, position and segment embeddings, normalised ----

WORDS, PLACES, SEGMENTS = weight(normal("50 32")), weight(normal("16 32")), weight(normal("2 32"))
IDS, SEGMENT_IDS = integers(np.int32, "B S", 0, 49), integers(np.int32, "B S", 0, 1)
MASK = given(np.int32, "B S", [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])
TWO, THREE = ("y", "mask_index"), ("y", "mask_index", "sum")


def embed(segment_ids=None, segments=None, mask=None, positions=None, sizes=SIZES, outputs=TWO, **attributes):
    inputs = [IDS, segment_ids, WORDS, PLACES, segments, GAMMA, BETA, mask, positions]
    while inputs[-1] is None:
        inputs.pop()
    return Case(sizes, inputs, attributes, outputs)


EMBED = [
    embed(),
    embed(SEGMENT_IDS, SEGMENTS, epsilon=1e-5),
    embed(SEGMENT_IDS, SEGMENTS, MASK, outputs=THREE),
    embed(mask=MASK, mask_index_type=1),
    embed(SEGMENT_IDS, SEGMENTS, positions=integers(np.int32, "B S", 0, 15)),
    embed(positions=given(np.int32, "1 S", [[2, 3, 4, 5]]), outputs=THREE),
    embed(SEGMENT_IDS, SEGMENTS, sizes=ONE, outputs=("y", "")),
]

TABLE = {
    "SimplifiedLayerNormalization": [
        Case(SIZES, [X, GAMMA], domain="", version=17),
        Case(SIZES, [X, GAMMA], {"axis": -1, "epsilon": 1e-3}, domain="", version=17),
        Case({"N": 6}, [normal("N 4 8"), weight(normal("4 8"))], {"axis": 1}, domain="", version=17),
    ],
    "SkipLayerNormalization": skip_rows([GAMMA, BETA]) + [Case(SIZES, [X, SKIP, GAMMA, None, BIAS], outputs=SUM)],
    "SkipSimplifiedLayerNormalization": skip_rows([GAMMA]),
    "EmbedLayerNormalization": EMBED,
}
