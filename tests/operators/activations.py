"""Activations of com.microsoft, with their biases."""

import math

import numpy as np

from case import Case, normal, weight

SIZES = {"B": 2, "S": 5}
X, BIAS = normal("B S 48", scale=2), weight(normal("48"))


def bias_split_gelu(arrays, _attributes):
    """x + bias in two halves: left * gelu(right). Only CUDA has a kernel (docs/ContribOperators.md)."""
    left, right = np.split(arrays[0] + arrays[1], 2, axis=-1)
    erf = np.vectorize(math.erf)
    return [(left * right * 0.5 * (1 + erf(right.astype(np.float64) / math.sqrt(2)))).astype(np.float32)]


def bias_add(arrays, _attributes):
    """x + bias + skip. Only CUDA has a kernel."""
    return [arrays[0] + arrays[1] + arrays[2]]


TABLE = {
    "Gelu": [Case(SIZES, [X]), Case({"N": 7}, [normal("N", scale=4)])],
    "BiasGelu": [Case(SIZES, [X, BIAS]), Case({"N": 3}, [normal("N 48"), BIAS])],
    "FastGelu": [Case(SIZES, [X, BIAS]), Case(SIZES, [X])],
    "QuickGelu": [Case(SIZES, [X]), Case(SIZES, [X], {"alpha": 0.7})],
    "BiasSplitGelu": [
        Case(SIZES, [normal("B S 96"), weight(normal("96"))], reference=bias_split_gelu),
        Case({"B": 1, "S": 3}, [normal("B S 2560"), weight(normal("2560"))], reference=bias_split_gelu),
    ],
    "BiasAdd": [Case(SIZES, [normal("B S 320"), weight(normal("320")), normal("B S 320")], reference=bias_add)],
}
