#!/usr/bin/python3
"""products_model.py FOLDER [all] ROWS...: products.onnx, whose outputs are products of each edge of a tile, and ROWS/x_K.npy
of so many rows; all: also what vectors of f32 do to rows: norms, softmax, attention, activations.

products_model.py --compare FILE: of each line "A B TOLERANCE" of FILE, outputs of the folders A and B agree; TOLERANCE is a
share of each one's largest number.
"""

import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

# Columns, depth: up to a panel of 16 columns, beyond one, beyond two; depths that 4, 8, 16 and 32 divide.
SHAPES = [(n, (8, 12, 64, 100)[n % 4]) for n in range(1, 18)] + [(31, 128), (33, 64), (48, 776), (65, 32)]
GATED = [(6, 64), (12, 96), (20, 32)]
WIDTHS = [1, 3, 7, 9, 12, 17, 33, 64, 77]  # of rows that are normalised
HEADS = [3, 12, 33, 64]  # of those that attend to one another
ACTIVATIONS = ["Exp", "Tanh", "Erf", "Sigmoid", "Sin"]


def depths():
    return sorted({k for _, k in SHAPES + GATED} | set(WIDTHS))


def rows_nodes(make, constant):
    """Nodes that work on rows, and their outputs: name, columns."""
    nodes, outputs = [], []
    two = constant("axes", numpy.array([0, 1], "i8"))
    for k in WIDTHS:
        scale = constant(f"scale_{k}", numpy.linspace(0.5, 1.5, k, dtype="f4"))
        nodes.append(make("Softmax", [f"x_{k}"], [f"y_soft_{k}"], axis=-1))
        nodes.append(make("LayerNormalization", [f"x_{k}", scale], [f"y_norm_{k}"], axis=-1, epsilon=1e-5))
        outputs += [(f"y_{what}_{k}", k) for what in ("soft", "norm")]
    for k in HEADS:
        q, root = f"q_{k}", constant(f"root_{k}", numpy.array(k**-0.5, "f4"))
        nodes.append(make("Unsqueeze", [f"x_{k}", two], [q]))
        nodes.append(make("Transpose", [q], [f"t_{k}"], perm=[0, 1, 3, 2]))
        nodes.append(make("MatMul", [q, f"t_{k}"], [f"raw_{k}"]))
        nodes.append(make("Mul", [f"raw_{k}", root], [f"scaled_{k}"]))
        nodes.append(make("Softmax", [f"scaled_{k}"], [f"weights_{k}"], axis=-1))
        nodes.append(make("MatMul", [f"weights_{k}", q], [f"sum_{k}"]))
        nodes.append(make("Squeeze", [f"sum_{k}", two], [f"y_attention_{k}"]))
        outputs.append((f"y_attention_{k}", k))
    for op in ACTIVATIONS:
        nodes.append(make(op, ["x_77"], [f"y_{op.lower()}"]))
        outputs.append((f"y_{op.lower()}", 77))
    return nodes, outputs


def model(has_rows):
    random = numpy.random.default_rng(5)
    nodes, weights, outputs = [], [], []

    def constant(name, value):
        weights.append(numpy_helper.from_array(value, name))
        return name

    def weight(name, *shape):
        return constant(name, random.standard_normal(shape).astype("f4"))

    def product(x, name, n, k):
        nodes.append(helper.make_node("MatMul", [x, weight(f"w_{name}", k, n)], [name]))
        return name

    for n, k in SHAPES:
        y, x = f"y_{n}_{k}", f"x_{k}"
        nodes.append(helper.make_node("Add", [product(x, f"p_{n}_{k}", n, k), weight(f"b_{n}", n)], [y]))
        outputs.append((y, n))
    for n, k in GATED:
        y, x = f"g_{n}_{k}", f"x_{k}"
        gate = product(x, f"gate_{n}", n, k)
        nodes.append(helper.make_node("Sigmoid", [gate], [f"s_{n}"]))
        nodes.append(helper.make_node("Mul", [gate, f"s_{n}"], [f"silu_{n}"]))
        nodes.append(helper.make_node("Mul", [f"silu_{n}", product(x, f"up_{n}", n, k)], [y]))
        outputs.append((y, n))
    if has_rows:
        more = rows_nodes(helper.make_node, constant)
        nodes += more[0]
        outputs += more[1]
    info = helper.make_tensor_value_info
    inputs = [info(f"x_{k}", TensorProto.FLOAT, ["rows", k]) for k in depths()]
    results = [info(name, TensorProto.FLOAT, ["rows", n]) for name, n in outputs]
    graph = helper.make_graph(nodes, "products", inputs, results, weights)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def compare(left, right, tolerance):
    """What is wrong, a line each."""
    left, right, tolerance = Path(left), Path(right), float(tolerance)
    names = sorted(path.name for path in left.glob("[yg]_*.npy"))
    assert len(names) >= len(SHAPES) + len(GATED)
    for name in names:
        a, b = numpy.load(left / name), numpy.load(right / name)
        error, most = abs(a - b).max(), abs(a).max()
        if a.shape != b.shape or not error <= tolerance * most:
            yield f"{name} of {left} and {right} differ by {error:g} of {most:g}"


def main():
    if sys.argv[1] == "--compare":
        pairs = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
        assert pairs
        sys.exit("\n".join(wrong for pair in pairs for wrong in compare(*pair.split())) or 0)
    folder, has_rows = Path(sys.argv[1]), sys.argv[2] == "all"
    onnx.save(model(has_rows), folder / "products.onnx")
    for rows in sys.argv[2 + has_rows :]:
        random = numpy.random.default_rng(int(rows))
        (folder / rows).mkdir()
        for k in depths():
            numpy.save(folder / rows / f"x_{k}.npy", random.standard_normal((int(rows), k)).astype("f4"))


if __name__ == "__main__":
    main()
