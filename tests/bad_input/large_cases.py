"""Files that are small to write and large to compile: each must be refused soon, and in little memory."""

import os

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import sound_model as sound
from case_table import NO_CRASH, case

node = helper.make_node
OPSETS = [helper.make_opsetid("", sound.OPSET), helper.make_opsetid("own", 1)]


def value(name, shape=None, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def lone_case(expect):
    """Registers a function that returns nodes from x, f32 [n, 4], to y, and maybe more of helper.make_model's."""

    def register(make):
        def write(folder):
            parts = {"inputs": [value("x", ["n", 4])], "outputs": [value("y")], "initializers": [], "opsets": OPSETS,
                     "functions": []}
            nodes, more = make()
            parts.update(more)
            graph = helper.make_graph(nodes, "lone", parts["inputs"], parts["outputs"], parts["initializers"])
            model = helper.make_model(graph, opset_imports=parts["opsets"], functions=parts["functions"], ir_version=8)
            sound.write_bytes(folder, "lone.onnx", model.SerializeToString())
            return os.path.join(folder, "lone.onnx")

        write.__name__ = make.__name__
        return case(expect)(write)

    return register


# ---- functions ----


def _function(name, nodes):
    return helper.make_function("own", name, ["x"], ["y"], nodes, OPSETS)


def _call(name, x="x", y="y"):
    return node(name, [x], [y], domain="own")


@lone_case("calls itself|nest too deep")
def function_that_calls_itself():
    return [_call("f")], {"functions": [_function("f", [_call("f")])]}


@lone_case("calls itself|nest too deep")
def functions_that_call_each_other():
    return [_call("f")], {"functions": [_function("f", [_call("g")]), _function("g", [_call("f")])]}


@lone_case("functions.*more than")
def functions_that_double():
    functions = [_function(f"f{i}", [_call(f"f{i + 1}", "x", "t"), _call(f"f{i + 1}", "t", "y")]) for i in range(28)]
    return [_call("f0")], {"functions": functions + [_function("f28", [node("Relu", ["x"], ["y"])])]}


@lone_case(NO_CRASH)
def functions_that_double_for_nothing():
    functions = [_function(f"f{i}", [_call(f"f{i + 1}", "x", "t"), _call(f"f{i + 1}", "x", "y")]) for i in range(28)]
    return [_call("f0")], {"functions": functions + [_function("f28", [node("Relu", ["x"], ["y"])])]}


# ---- numbers of things ----


def _chain(operator, count):
    names = ["x"] + [f"v{i}" for i in range(1, count)] + ["y"]
    return [node(operator, [names[i]], [names[i + 1]]) for i in range(count)]


@lone_case("too many nodes")
def nodes_without_end():
    return _chain("Relu", 200_000), {}


@lone_case("too many nodes")
def nodes_without_end_in_reverse():
    return _chain("Relu", 200_000)[::-1], {}


@lone_case("outputs")
def outputs_without_end():
    names = [f"y{i}" for i in range(20_000)]
    return [node("Relu", ["x"], [name]) for name in names], {"outputs": [value(name) for name in names]}


@lone_case("inputs")
def inputs_without_end():
    return [node("Relu", ["x0"], ["y"])], {"inputs": [value(f"x{i}", [None, 4]) for i in range(20_000)]}


@lone_case("opsets")
def opsets_without_end():
    return [node("Relu", ["x"], ["y"])], {"opsets": OPSETS + [helper.make_opsetid(f"d{i}", 1) for i in range(50_000)]}


@lone_case("perm")
def attribute_of_a_million_numbers():
    return [node("Transpose", ["x"], ["y"], perm=list(range(1_000_000)))], {}


@lone_case(NO_CRASH)
def attributes_without_end():
    relu = node("Relu", ["x"], ["y"])
    relu.attribute.extend(helper.make_attribute("axis", i) for i in range(50_000))
    return [relu], {}


@lone_case("two inputs")
def input_twice():
    return [node("Relu", ["x"], ["y"])], {"inputs": [value("x", ["n", 4]), value("x", ["n", 4])]}


@lone_case("branches.*more than|condition")
def branches_that_double():
    inner = node("Relu", ["x"], ["made"])
    for _ in range(12):
        branch = helper.make_graph([inner], "branch", [], [value("made")])
        inner = node("If", ["c"], ["made"], then_branch=branch, else_branch=branch)
    return [inner, node("Relu", ["made"], ["y"])], {"inputs": [value("x", [4]), value("c", [], TensorProto.BOOL)]}


# ---- tensors of 2^40 elements and more, out of nothing ----


def _widened(operator, numbers):
    return [node(operator, ["x", "numbers"], ["y"])], {"initializers": [sound.i64("numbers", numbers)]}


@lone_case("memory|large")
def tile_to_2_40_elements():
    return _widened("Tile", [1, 1 << 40])


@lone_case("memory|large")
def pad_by_2_40_elements():
    return _widened("Pad", [0, 1 << 40, 0, 1 << 40])


@lone_case("Pad")
def pad_by_the_largest_number():
    return _widened("Pad", [0, (1 << 63) - 1, 0, (1 << 63) - 1])


@lone_case("memory|large")
def fill_of_2_40_elements():
    return [node("ConstantOfShape", ["shape"], ["y"])], {"initializers": [sound.i64("shape", [1 << 40])]}


@lone_case("memory|large")
def one_hot_of_2_40_classes():
    initializers = [sound.i64("depth", 1 << 40), numpy_helper.from_array(np.array([0, 1], np.float32), "values")]
    return [node("OneHot", ["i", "depth", "values"], ["y"])], {"initializers": initializers,
                                                                "inputs": [value("i", ["n"], TensorProto.INT64)]}


@lone_case("memory|large")
def concat_that_multiplies():
    nodes = [node("Concat", [x] * 20_000, [y], axis=0) for x, y in (("x", "a"), ("a", "b"), ("b", "c"), ("c", "y"))]
    return nodes, {}


@lone_case("MaxPool|kernel")
def window_of_2_40_elements():
    return [node("MaxPool", ["x"], ["y"], kernel_shape=[1 << 40])], {"inputs": [value("x", [1, 1, 8])]}


@lone_case("Conv|dilations")
def dilation_of_2_60():
    weight = numpy_helper.from_array(np.ones((1, 1, 3), np.float32), "w")
    return [node("Conv", ["x", "w"], ["y"], dilations=[1 << 60], pads=[1 << 61, 1 << 61])], {
        "initializers": [weight], "inputs": [value("x", [1, 1, 8])]}


@lone_case("Resize")
def resize_by_infinity():
    scales = numpy_helper.from_array(np.array([1, np.nan, np.inf], np.float32), "s")
    return [node("Resize", ["x", "", "s"], ["y"])], {"initializers": [scales], "inputs": [value("x", [1, 1, 8])]}


@lone_case(NO_CRASH)
def sizes_that_multiply():
    """x's sizes squared sixty times over."""
    nodes = [node("Shape", ["x"], ["s0"])] + [node("Mul", [f"s{i}"] * 2, [f"s{i + 1}"]) for i in range(60)]
    return nodes + [node("ConstantOfShape", ["s60"], ["y"])], {"inputs": [value("x", ["a", "b"])]}
