#!/usr/bin/python3
"""pad_logits.py MODEL OUTPUT: MODEL with 24 more logits, as models have that round their vocabulary up; never likely."""

import sys

import onnx
from onnx import helper, numpy_helper
import numpy

model = onnx.load(sys.argv[1])
graph = model.graph
logits = next(output for output in graph.output if output.name == "logits")
for node in graph.node:
    node.output[:] = ["few" if name == "logits" else name for name in node.output]
    node.input[:] = ["few" if name == "logits" else name for name in node.input]
graph.initializer.append(numpy_helper.from_array(numpy.array([0, 0, 0, 0, 0, 24]), "pads"))
graph.initializer.append(numpy_helper.from_array(numpy.array(-1e9, numpy.float32), "unlikely"))
graph.node.append(helper.make_node("Pad", ["few", "pads", "unlikely"], ["logits"]))
logits.type.tensor_type.shape.dim[2].ClearField("dim_value")
logits.type.tensor_type.shape.dim[2].dim_param = "padded"
onnx.save(model, sys.argv[2])
