#!/usr/bin/python3
"""graph_model.py FOLDER: a plain graph, z = tanh(x @ w + b) [rows, 3] and rows of x summed, with inputs and answers.

Writes graph.onnx, x.npy, z.npy and sums.npy.
"""

import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(w, b):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["z"]),
        helper.make_node("ReduceSum", ["x", "axes"], ["sums"], keepdims=0),
    ]
    initializers = {"w": w, "b": b, "axes": numpy.array([1], numpy.int64)}
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 5])],
        [
            helper.make_tensor_value_info("z", TensorProto.FLOAT, ["rows", 3]),
            helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["rows"]),
        ],
        [numpy_helper.from_array(array, name) for name, array in initializers.items()],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 14)])


def main():
    folder = Path(sys.argv[1])
    random = numpy.random.default_rng(1)
    x, w, b = (random.standard_normal(shape).astype(numpy.float32) for shape in [(4, 5), (5, 3), (3,)])
    onnx.save(model(w, b), folder / "graph.onnx")
    numpy.save(folder / "x.npy", x)
    numpy.save(folder / "z.npy", numpy.tanh(x @ w + b))
    numpy.save(folder / "sums.npy", x.sum(1))


if __name__ == "__main__":
    main()
