#!/usr/bin/python3
"""sequence_model.py FOLDER: a graph of sequences and optionals, with inputs and answers.

`pieces` are tensors [rows, 2]; `shift` (which may be absent) is added to each; `place` is where their number of
rows is put in. Writes sequence.onnx, pieces.N.npy, shift.npy, and moved.N.npy with shift, place 1 and 2 pieces.
"""

import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper


def branch(name, nodes, outputs):
    return helper.make_graph(nodes, name, [], [sequence(output) for output in outputs])


def sequence(name):
    element = helper.make_tensor_type_proto(TensorProto.FLOAT, ["rows", 2])
    return helper.make_value_info(name, helper.make_sequence_type_proto(element))


def model():
    piece, moved = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 2]) for name in ("piece", "sum"))
    body = helper.make_graph([helper.make_node("Add", ["piece", "offset"], ["sum"])], "body", [piece], [moved])
    with_shift = [
        helper.make_node("OptionalGetElement", ["shift"], ["offset"]),
        helper.make_node("SequenceMap", ["pieces"], ["shifted"], body=body),
    ]
    without = [helper.make_node("Identity", ["pieces"], ["same"])]
    nodes = [
        helper.make_node("OptionalHasElement", ["shift"], ["is_there"]),
        helper.make_node(
            "If",
            ["is_there"],
            ["all"],
            then_branch=branch("with", with_shift, ["shifted"]),
            else_branch=branch("without", without, ["same"]),
        ),
        helper.make_node("ConcatFromSequence", ["pieces"], ["joined"], axis=0),
        helper.make_node("SequenceInsert", ["all", "joined", "place"], ["moved"]),
    ]
    shift = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2]))
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            sequence("pieces"),
            helper.make_value_info("shift", shift),
            helper.make_tensor_value_info("place", TensorProto.INT64, []),
        ],
        [sequence("moved")],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)])


def main():
    folder = Path(sys.argv[1])
    random = numpy.random.default_rng(1)
    pieces = [random.standard_normal((rows, 2)).astype(numpy.float32) for rows in (3, 1)]
    shift = numpy.array([10, -10], numpy.float32)
    onnx.save(model(), folder / "sequence.onnx")
    moved = [pieces[0] + shift, numpy.concatenate(pieces), pieces[1] + shift]
    for name, arrays in (("pieces", pieces), ("moved", moved)):
        for i, array in enumerate(arrays):
            numpy.save(folder / f"{name}.{i}.npy", array)
    numpy.save(folder / "shift.npy", shift)


if __name__ == "__main__":
    main()
