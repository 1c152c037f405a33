#!/usr/bin/python3
"""nbits_linear.py FOLDER: one product whose weights are of 4 bits, as MatMulNBits (FOLDER/packed.onnx), and in f32 (FOLDER/dense.onnx).

Weights are rounded as ONNX Runtime's own quantiser does without zero points: in each block of 32 the largest element
becomes -8. What FOLDER/dense.onnx holds has not been rounded.
"""

import os
import sys

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

K, N, BLOCK = 256, 192, 32


def packed(weight):
    """Codes [N, blocks, 16] and scales [N, blocks] of weight [N, K]."""
    blocks = weight.reshape(N, K // BLOCK, BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
    scales = largest / -8
    codes = np.clip(np.round(blocks / scales) + 8, 0, 15).astype(np.uint8)
    return codes[..., 0::2] | codes[..., 1::2] << 4, scales[..., 0]


def save(path, node, initializers):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["S", size]) for name, size in (("x", K), ("y", N)))
    graph = helper.make_graph([node], "product", [x], [y],
                              [numpy_helper.from_array(array, name) for name, array in initializers.items()])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    weight = (np.random.default_rng(1).standard_normal((N, K)) / 16).astype(np.float32)
    codes, scales = packed(weight)
    product = helper.make_node("MatMulNBits", ["x", "codes", "scales"], ["y"], domain="com.microsoft", K=K, N=N, bits=4,
                               block_size=BLOCK)
    save(os.path.join(folder, "packed.onnx"), product, {"codes": codes, "scales": scales.reshape(-1)})
    save(os.path.join(folder, "dense.onnx"), helper.make_node("MatMul", ["x", "w"], ["y"]), {"w": weight.T.copy()})


if __name__ == "__main__":
    main(sys.argv[1])
