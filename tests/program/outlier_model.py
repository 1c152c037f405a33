#!/usr/bin/env python3
"""outlier_model.py FILE: four products in a row, one of which, "heavy", has inputs that bytes cannot hold.

One of its 64 inputs is a thousand times the others, and its weights all but ignore that one: in bytes with a scale for
the row, what matters is rounded away.
"""
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, OUTLIER = 64, 7
random = numpy.random.default_rng(0)


def square():
    return (random.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5).astype("f4")


weights = {"first": square(), "heavy": square(), "third": square(), "last": square()}
weights["outlier"] = numpy.ones(WIDTH, "f4")
weights["outlier"][OUTLIER] = 1000
weights["heavy"][OUTLIER] /= 1e6
nodes = [
    helper.make_node("MatMul", ["x", "first"], ["a"]),
    helper.make_node("Tanh", ["a"], ["b"]),
    helper.make_node("Mul", ["b", "outlier"], ["c"]),
    helper.make_node("MatMul", ["c", "heavy"], ["d"]),
    helper.make_node("Tanh", ["d"], ["e"]),
    helper.make_node("MatMul", ["e", "third"], ["f"]),
    helper.make_node("Tanh", ["f"], ["g"]),
    helper.make_node("MatMul", ["g", "last"], ["y"]),
]
graph = helper.make_graph(
    nodes,
    "outlier",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDTH])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", WIDTH])],
    [numpy_helper.from_array(w, n) for n, w in weights.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
model.ir_version = 8
onnx.save(model, sys.argv[1])
