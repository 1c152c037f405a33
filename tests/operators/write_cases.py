#!/usr/bin/python3
"""write_cases.py ORACLE FOLDER OPERATOR...: the rows of an operator's table as tests for `smelt check`.

FOLDER/OPERATOR/NN gets model.onnx, one node, and test_data_set_0 with its inputs and what ONNX Runtime (or the row's own
numpy reference) makes of them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zlib

EXIT_SKIPPED = 77

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(EXIT_SKIPPED)

from case import INT4, UINT4
from tables import TABLES

ONNX_OPSET = 17  # of the default domain, where the row's operator has another
IR_VERSION = 10


def tensor_of(name, array, onnx_type=None):
    """A TensorProto; four-bit elements are packed, the first in the low bits."""
    if onnx_type not in (UINT4, INT4):
        return numpy_helper.from_array(array, name)
    flat = array.reshape(-1).astype(np.int64) & 15
    flat = np.append(flat, np.zeros(flat.size % 2, np.int64))
    packed = (flat[0::2] | flat[1::2] << 4).astype(np.uint8)
    return TensorProto(name=name, data_type=onnx_type, dims=array.shape, raw_data=packed.tobytes())


def output_of(text):
    name, _, dtype = text.partition(": ")
    if not dtype:
        return onnx.ValueInfoProto(name=name)
    return helper.make_tensor_value_info(name, helper.mapping.NP_TYPE_TO_TENSOR_TYPE[np.dtype(dtype)], None)


def model_of(operator, case, arrays):
    names = [f"in{i}" if tensor else "" for i, tensor in enumerate(case.inputs)]
    node = helper.make_node(operator, names, case.output_names(), domain=case.domain, **case.attributes)
    inputs, initializers = [], []
    for name, tensor, array in zip(names, case.inputs, arrays):
        if tensor and tensor.is_weight:
            initializers.append(tensor_of(name, array, tensor.onnx_type))
        elif tensor:
            dtype = helper.mapping.NP_TYPE_TO_TENSOR_TYPE[np.dtype(tensor.dtype)]
            inputs.append(helper.make_tensor_value_info(name, tensor.onnx_type or dtype,
                                                        array.shape if case.is_fixed else tensor.dims()))
    outputs = [output_of(text) for text in case.outputs if text]
    graph = helper.make_graph([node], operator, inputs, outputs, initializers)
    opsets = {"": ONNX_OPSET, case.domain: case.version}
    return helper.make_model(graph, ir_version=IR_VERSION,
                             opset_imports=[helper.make_opsetid(*item) for item in opsets.items()])


def run_oracle(oracle, model, case, arrays):
    """The outputs that ONNX Runtime computes, in order."""
    with tempfile.TemporaryDirectory() as work:
        command = [oracle, "run", model, "--out", work]
        for i, (tensor, array) in enumerate(zip(case.inputs, arrays)):
            if tensor and not tensor.is_weight:
                path = os.path.join(work, f"given{i}.npy")
                np.save(path, array)
                command += ["--in", f"in{i}={path}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == EXIT_SKIPPED:
            print(done.stdout)
            raise SystemExit(EXIT_SKIPPED)
        if done.returncode:
            raise SystemExit(f"{model}: ONNX Runtime: {done.stderr.strip() or done.stdout.strip()}")
        return [np.load(os.path.join(work, f"{name}.npy")) for name in case.output_names() if name]


def save_tensor(path, name, array):
    with open(path, "wb") as f:
        f.write(tensor_of(name, array).SerializeToString())


def write_case(oracle, folder, operator, index, case):
    random = np.random.default_rng(zlib.crc32(f"{operator} {index}".encode()))
    arrays = [tensor and tensor.array(random, case.sizes) for tensor in case.inputs]
    folder = os.path.join(folder, f"{index:02}")
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    model = os.path.join(folder, "model.onnx")
    onnx.save(model_of(operator, case, arrays), model)
    fed = [(i, array) for i, (tensor, array) in enumerate(zip(case.inputs, arrays)) if tensor and not tensor.is_weight]
    for place, (i, array) in enumerate(fed):
        save_tensor(os.path.join(data, f"input_{place}.pb"), f"in{i}", array)
    made = case.reference(arrays, case.attributes) if case.reference else run_oracle(oracle, model, case, arrays)
    for place, (name, array) in enumerate(zip(filter(None, case.output_names()), made)):
        save_tensor(os.path.join(data, f"output_{place}.pb"), name, array)


def main():
    oracle, folder, *operators = sys.argv[1:]
    for operator in operators:
        shutil.rmtree(os.path.join(folder, operator), ignore_errors=True)
        for index, case in enumerate(TABLES[operator]):
            write_case(oracle, os.path.join(folder, operator), operator, index, case)


if __name__ == "__main__":
    main()
