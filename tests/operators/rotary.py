"""Rotary positions of com.microsoft."""

import numpy as np

from case import Case, given, integers, normal, weight

SIZES = {"B": 3, "S": 5}


def caches(half, rows=24):
    return [weight(normal(f"{rows} {half}")), weight(normal(f"{rows} {half}"))]


FIRST, EACH = given(np.int64, "1", 3), integers(np.int64, "B S", 0, 23)

ROTARY = [
    Case(SIZES, [normal("B S 64"), FIRST, *caches(8)]),
    Case(SIZES, [normal("B S 64"), EACH, *caches(8)], {"interleaved": 1}),
    Case(SIZES, [normal("B S 64"), EACH, *caches(16)]),
    Case(SIZES, [normal("B 4 S 16"), EACH, *caches(8)]),
    Case(SIZES, [normal("B 4 S 16"), FIRST, *caches(8)], {"interleaved": 1}),
    Case({"B": 1, "S": 1}, [normal("B 4 S 16"), EACH, *caches(8)]),
    Case(SIZES, [normal("B S 64"), EACH, *caches(4)], {"num_heads": 4, "rotary_embedding_dim": 8}),
    Case(SIZES, [normal("B S 64"), FIRST, *caches(4)], {"num_heads": 4, "rotary_embedding_dim": 8, "interleaved": 1}),
    Case(SIZES, [normal("B 2 S 32"), EACH, *caches(4)], {"num_heads": 2, "rotary_embedding_dim": 8}),
    Case(SIZES, [normal("B S 64"), EACH, *caches(8)], {"scale": 2.0}),
]

TABLE = {"RotaryEmbedding": ROTARY}
