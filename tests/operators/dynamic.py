"""Operators whose results have as many elements as their inputs' values say, and control flow that these decide."""

import numpy as np
from onnx import TensorProto, helper

from case import Case, given, integers, normal, weight

SIZES = {"N": 7, "M": 3}
NOTHING, ONE = {"N": 0, "M": 3}, {"N": 1, "M": 1}


def standard(sizes, inputs, attributes=None, outputs=("y",), version=13):
    return Case(sizes, inputs, attributes or {}, outputs, domain="", version=version)


def sparse(shape, dtype=np.float32):
    """About half of the elements are 0."""
    return integers(dtype, shape, -1, 1)


NON_ZERO = [standard(sizes, [sparse(shape, dtype)])
            for sizes in (SIZES, NOTHING, ONE) for shape, dtype in (("N", np.float32), ("N M", np.int64), ("N 2 M", np.int32))]
NON_ZERO += [standard(SIZES, [given(np.float32, "N M", 0.0)]), standard(SIZES, [given(bool, "N M", True)])]

MASK = given(bool, "N", [True, False, True, True, False, False, True])
COMPRESS = [
    standard(SIZES, [normal("N M"), MASK], {"axis": 0}, version=11),
    standard(SIZES, [normal("M N"), MASK], {"axis": -1}, version=11),
    standard(SIZES, [normal("M N"), MASK], version=11),
    standard(SIZES, [normal("N M"), given(bool, "N", False)], {"axis": 0}, version=11),
    standard(SIZES, [normal("N M"), given(bool, "2", [False, True])], {"axis": 0}, version=11),
]

ALL_OF_UNIQUE = ("y", "indices", "inverse", "counts")
UNIQUE = [standard(sizes, [integers(dtype, shape, -2, 2)], attributes, ALL_OF_UNIQUE, version=11)
          for sizes in (SIZES, ONE)
          for dtype, shape, attributes in (
              (np.float32, "N", {}), (np.int64, "N M", {"sorted": 0}), (np.float32, "N 2", {"axis": 0}),
              (np.int64, "2 N", {"axis": 1}), (np.float32, "N 2", {"axis": 0, "sorted": 0}))]

TOP_K = [standard(SIZES, [normal("M N"), given(np.int64, "1", k)], attributes, ("values", "indices"), version=11)
         for k in (0, 1, 4, 7) for attributes in ({}, {"largest": 0}, {"axis": 1, "sorted": 1})]

RANGE = [standard({}, [given(dtype, "", start), given(dtype, "", limit), given(dtype, "", delta)], version=11)
         for dtype, start, limit, delta in (
             (np.int64, 0, 10, 3), (np.int64, 10, 0, -3), (np.int64, 5, 5, 1), (np.int32, 3, -9, -4), (np.int64, 2, 9, -1),
             (np.float32, 0.5, 3.0, 0.75), (np.float32, 3.0, 0.0, -0.5), (np.int32, -7, 8, 5))]


def boxes(shape):
    """Corners y1, x1, y2, x2 in any order."""
    return integers(np.float32, shape, 0, 9)


SUPPRESSION = [
    standard({"B": batch, "C": classes, "N": count},
             [boxes("B N 4"), normal("B C N"), given(np.int64, "1", most), given(np.float32, "1", overlap), least],
             attributes, version=11)
    for batch, classes, count, most, overlap, least, attributes in (
        (1, 1, 12, 5, 0.3, None, {}), (2, 3, 9, 3, 0.5, given(np.float32, "1", 0.1), {}),
        (1, 2, 7, 0, 0.5, None, {}), (1, 1, 1, 4, 0.0, given(np.float32, "1", -5.0), {}),
        (2, 1, 16, 16, 0.9, given(np.float32, "1", -9.0), {"center_point_box": 1}))
]


def info(name, dtype, shape=None):
    return helper.make_tensor_value_info(name, dtype, shape)


def graph(nodes, inputs, outputs, initializers=()):
    return helper.make_graph(nodes, "body", inputs, outputs, list(initializers))


def constant(name, array):
    return helper.make_node("Constant", [], [name], value=helper.make_tensor(
        name, helper.np_dtype_to_tensor_dtype(array.dtype) if hasattr(helper, "np_dtype_to_tensor_dtype")
        else helper.mapping.NP_TYPE_TO_TENSOR_TYPE[array.dtype], array.shape, array.reshape(-1).tolist()))


def branch(*nodes):
    """A branch sees the names around it: in0 is the condition, the node's one input."""
    return graph(nodes, [], [info("z", TensorProto.FLOAT)])


FLOAT_CONDITION = helper.make_node("Cast", ["in0"], ["c"], to=TensorProto.FLOAT)
SHAPE_OF_ONE = constant("one", np.array([1], np.int64))
IN_A_ROW = [FLOAT_CONDITION, SHAPE_OF_ONE, helper.make_node("Reshape", ["c", "one"], ["r"])]
SAME_SHAPES = {"then_branch": branch(*IN_A_ROW, helper.make_node("Exp", ["r"], ["z"])),
               "else_branch": branch(*IN_A_ROW, helper.make_node("Cos", ["r"], ["z"]))}
OTHER_SHAPES = {"then_branch": branch(*IN_A_ROW, helper.make_node("Concat", ["r", "r", "r"], ["z"], axis=0)),
                "else_branch": branch(*IN_A_ROW, helper.make_node("Identity", ["r"], ["z"]))}
IF = [standard({}, [given(bool, "", holds)], attributes) for holds in (True, False)
      for attributes in (SAME_SHAPES, OTHER_SHAPES)]


LOOP_NUMBER, LOOP_CONDITION = info("number", TensorProto.INT64, []), info("condition", TensorProto.BOOL, [])


def accumulate():
    """sum += x; goes on while its first element is below 3; gathers each sum."""
    return graph(
        [helper.make_node("Add", ["sum", "x"], ["next"]),
         constant("zero", np.array(0, np.int64)), constant("most", np.array(3, np.float32)),
         helper.make_node("Gather", ["next", "zero"], ["first"]), helper.make_node("Less", ["first", "most"], ["go"]),
         helper.make_node("Identity", ["next"], ["kept"]), helper.make_node("Identity", ["x"], ["same"])],
        [LOOP_NUMBER, LOOP_CONDITION, info("sum", TensorProto.FLOAT, ["N"]), info("x", TensorProto.FLOAT, ["N"])],
        [info("go", TensorProto.BOOL, []), info("next", TensorProto.FLOAT, ["N"]), info("same", TensorProto.FLOAT, ["N"]),
         info("kept", TensorProto.FLOAT, ["N"])])


def grow():
    """Appends the number of the turn: the carried value changes its shape."""
    return graph(
        [constant("shape", np.array([1], np.int64)), helper.make_node("Reshape", ["number", "shape"], ["last"]),
         helper.make_node("Concat", ["list", "last"], ["longer"], axis=0),
         helper.make_node("Identity", ["condition"], ["go"])],
        [LOOP_NUMBER, LOOP_CONDITION, info("list", TensorProto.INT64, [None])],
        [info("go", TensorProto.BOOL, []), info("longer", TensorProto.INT64, [None])])


LOOP = [standard({"N": 5}, [given(np.int64, "", trip), given(bool, "", True), normal("N"), given(np.float32, "N", step)],
                 {"body": accumulate()}, ("sum", "same", "kept"))
        for trip, step in ((4, 0.25), (100, 1.0), (1, -1.0))]  # ONNX Runtime: no turn, no shape
LOOP += [standard({"N": 2}, [given(np.int64, "", trip), given(bool, "", True), integers(np.int64, "N", 5, 9)],
                  {"body": grow()}) for trip in (0, 1, 6)]


def running_sum():
    return graph([helper.make_node("Add", ["state", "row"], ["next"]), helper.make_node("Mul", ["next", "row"], ["out"])],
                 [info("state", TensorProto.FLOAT, [3]), info("row", TensorProto.FLOAT, [3])],
                 [info("next", TensorProto.FLOAT, [3]), info("out", TensorProto.FLOAT, [3])])


SCAN = [standard(sizes, [normal("3"), normal(shape)], {"body": running_sum(), "num_scan_inputs": 1, **attributes},
                 ("state", "out"), version=11)
        for sizes in ({"T": 5}, {"T": 1}, {"T": 70})
        for shape, attributes in (("T 3", {}), ("T 3", {"scan_input_directions": [1]}),
                                  ("3 T", {"scan_input_axes": [1], "scan_output_axes": [1]}),
                                  ("T 3", {"scan_output_directions": [1]}))]

TABLE = {"NonZero": NON_ZERO, "Compress": COMPRESS, "Unique": UNIQUE, "TopK": TOP_K, "Range": RANGE,
         "NonMaxSuppression": SUPPRESSION, "If": IF, "Loop": LOOP, "Scan": SCAN}
