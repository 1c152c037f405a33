"""Graphs that are no graphs, operators that do not exist, shapes and types that do not fit, and data that lies."""

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

import sound_model as sound
from case_table import NO_CRASH, case, initializer_called, model_case, put_in_joint

node = helper.make_node
SHAPES = "(shape|dim|broadcast|size|extent|rank|inner)"

# ---- operators ----


@model_case("NoSuchOperator")
def unknown_operator(model):
    put_in_joint(model, node("NoSuchOperator", ["embedded"], ["hidden"], name="/faulty"))


@model_case("com\\.example|Relu")
def unknown_domain(model):
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    put_in_joint(model, node("Relu", ["embedded"], ["hidden"], name="/faulty", domain="com.example"))


@model_case("Two")
def operator_name_with_a_newline(model):
    put_in_joint(model, node("Two\nerror: Lines", ["embedded"], ["hidden"], name="/faulty\n/next"))


@model_case("/faulty|operator|op_type")
def operator_without_a_name(model):
    put_in_joint(model, node("", ["embedded"], ["hidden"], name="/faulty"))


@model_case("opset")
def opset_absent(model):
    del model.opset_import[:]


@model_case("opset.*99")
def opset_from_the_future(model):
    model.opset_import[0].version = 99


@model_case("opset")
def opset_negative(model):
    model.opset_import[0].version = -1


@model_case("MatMul")
def operator_lacks_an_input(model):
    put_in_joint(model, node("MatMul", ["embedded"], ["hidden"], name="/faulty"))


@model_case("Add|/faulty")
def operator_with_an_empty_required_input(model):
    put_in_joint(model, node("Add", ["embedded", ""], ["hidden"], name="/faulty"))


@model_case("Relu|/faulty|hidden")
def operator_with_too_many_outputs(model):
    put_in_joint(model, node("Relu", ["embedded"], ["hidden", "more", "and_more"], name="/faulty"))


@model_case("Relu|/faulty|hidden|logits")
def operator_without_outputs(model):
    put_in_joint(model, node("Relu", ["embedded"], [], name="/faulty"))


@model_case("axis")
def attribute_missing(model):
    put_in_joint(model, node("Concat", ["embedded", "embedded"], ["hidden"], name="/faulty"))


@model_case("axis")
def attribute_of_the_wrong_type(model):
    put_in_joint(model, node("Concat", ["embedded"], ["hidden"], name="/faulty", axis="last"))


@model_case("axis")
def axis_out_of_range(model):
    put_in_joint(model, node("Softmax", ["embedded"], ["hidden"], name="/faulty", axis=7))


@model_case("perm")
def transpose_that_is_no_permutation(model):
    put_in_joint(model, node("Transpose", ["embedded"], ["hidden"], name="/faulty", perm=[0, 0, 9]))


# ---- structure ----


@case("model\\.onnx.*(graph|not|empty|opset)")
def model_without_a_graph(folder):
    sound.write_folder(folder)
    model = sound.sound_model()
    model.ClearField("graph")
    sound.write_bytes(folder, "model.onnx", model.SerializeToString())


@model_case("cycl|before it is|order|undefined|not defined|no node")
def cyclic_graph(model):
    put_in_joint(model, node("Add", ["embedded", "loop"], ["hidden"], name="/faulty/Add"),
                 node("Relu", ["hidden"], ["loop"], name="/faulty/Relu"))


@model_case("hidden|cycl")
def node_that_feeds_itself(model):
    put_in_joint(model, node("Add", ["embedded", "hidden"], ["hidden"], name="/faulty"))


@model_case("nowhere")
def undefined_input(model):
    put_in_joint(model, node("Add", ["embedded", "nowhere"], ["hidden"], name="/faulty"))


@model_case("nowhere")
def undefined_graph_output(model):
    model.graph.output.append(helper.make_tensor_value_info("nowhere", TensorProto.FLOAT, [1]))


@model_case("hidden")
def value_defined_twice(model):
    put_in_joint(model, node("Relu", ["embedded"], ["hidden"], name="/faulty"),
                 node("Neg", ["embedded"], ["hidden"], name="/faulty/next"))


@model_case("output")
def graph_without_outputs(model):
    del model.graph.output[:]


@model_case("present\\.0\\.key|past_key_values\\.0\\.key")
def past_without_present(model):
    del model.graph.output[1]


# ---- shapes and types ----


@model_case("MatMul.*" + SHAPES)
def matmul_inner_mismatch(model):
    put_in_joint(model, node("MatMul", ["embedded", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.f32("bad", 5, 4)])


@model_case("Add.*" + SHAPES)
def add_that_does_not_broadcast(model):
    put_in_joint(model, node("Add", ["embedded", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.f32("bad", 3)])


@model_case("Concat.*" + SHAPES)
def concat_mismatch(model):
    put_in_joint(model, node("Concat", ["embedding", "bad"], ["hidden"], name="/faulty", axis=0),
                 initializers=[sound.f32("bad", 2, 5)])


@model_case("Gemm.*" + SHAPES)
def gemm_mismatch(model):
    put_in_joint(model, node("Gemm", ["embedding", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.f32("bad", 5, 6)])


@model_case("Reshape.*" + SHAPES + "|Reshape.*element")
def reshape_to_another_count(model):
    put_in_joint(model, node("Reshape", ["embedding", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.i64("bad", [7, 11])])


@model_case("Reshape")
def reshape_with_two_unknowns(model):
    put_in_joint(model, node("Reshape", ["embedded", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.i64("bad", [-1, -1])])


@model_case("Reshape")
def reshape_with_a_negative_dim(model):
    put_in_joint(model, node("Reshape", ["embedded", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.i64("bad", [-7, 4])])


@model_case("Add|Mul|Expand|Where|/faulty")
def addends_of_two_types(model):
    put_in_joint(model, node("Add", ["embedded", "bad"], ["hidden"], name="/faulty"),
                 initializers=[sound.i64("bad", [1, 2, 3, 4])])


@model_case("Split|/faulty")
def split_that_does_not_add_up(model):
    put_in_joint(model, node("Split", ["embedded", "bad"], ["hidden", "rest"], name="/faulty", axis=2),
                 initializers=[sound.i64("bad", [3, 3])])


# ---- tensors that lie ----


@model_case("head_weight")
def raw_data_too_short(model):
    tensor = initializer_called(model, "head_weight")
    tensor.raw_data = tensor.raw_data[:-4]


@model_case("head_weight")
def raw_data_too_long(model):
    tensor = initializer_called(model, "head_weight")
    tensor.raw_data += b"\0\0\0\0"


@model_case("head_weight")
def tensor_without_data(model):
    initializer_called(model, "head_weight").ClearField("raw_data")


@model_case("head_weight")
def float_data_too_short(model):
    tensor = initializer_called(model, "head_weight")
    tensor.ClearField("raw_data")
    tensor.float_data.extend([1.0, 2.0, 3.0])


def _set_dims(model, *dims):
    tensor = initializer_called(model, "head_weight")
    del tensor.dims[:]
    tensor.dims.extend(dims)
    return tensor


@model_case("head_weight")
def dims_negative(model):
    _set_dims(model, -4, -sound.VOCAB)


@model_case("head_weight")
def dims_that_overflow_to_zero(model):
    _set_dims(model, 1 << 32, 1 << 32).raw_data = b""


@model_case("head_weight")
def dims_that_overflow_in_bytes(model):
    _set_dims(model, 1 << 62, 1).raw_data = b""


@model_case("head_weight")
def dims_beyond_any_memory(model):
    _set_dims(model, 1 << 40)


@model_case("head_weight|rank|MatMul")
def dims_of_absurd_rank(model):
    _set_dims(model, *([1] * 1000 + [4, sound.VOCAB]))


@model_case("head_weight")
def element_type_unknown(model):
    initializer_called(model, "head_weight").data_type = 99


@model_case("head_weight")
def element_type_undefined(model):
    initializer_called(model, "head_weight").data_type = 0


@model_case("head_weight|string|MatMul")
def element_type_text(model):
    tensor = initializer_called(model, "head_weight")
    tensor.ClearField("raw_data")
    tensor.data_type = TensorProto.STRING
    tensor.string_data.extend([b"x"] * (4 * sound.VOCAB))


@model_case(NO_CRASH)
def initializer_defined_twice(model):
    model.graph.initializer.append(initializer_called(model, "query_weight"))


# ---- constants that cannot be folded, or only at great cost ----


@model_case("Gather|/faulty")
def constant_index_out_of_range(model):
    put_in_joint(model, node("Gather", ["embedding", "bad"], ["bad_row"], name="/faulty"),
                 node("Add", ["embedded", "bad_row"], ["hidden"], name="/faulty/next"),
                 initializers=[sound.i64("bad", 1 << 40)])


@model_case("Slice|/faulty")
def slice_with_step_zero(model):
    names = ("bad_start", "bad_end", "bad_axis", "bad_step")
    put_in_joint(model, node("Slice", ["embedded", *names], ["hidden"], name="/faulty"),
                 initializers=[sound.i64(name, [value]) for name, value in zip(names, (0, 4, 2, 0))])


@model_case(NO_CRASH)
def slice_from_the_lowest_number(model):
    names = ("bad_start", "bad_end", "bad_axis", "bad_step")
    lowest = -(1 << 63)
    put_in_joint(model, node("Slice", ["embedded", *names], ["hidden"], name="/faulty"),
                 initializers=[sound.i64(name, [value]) for name, value in zip(names, (lowest, 4, 2, lowest))])


def _divided_dim(model, operator, dividend, divisor, **attributes):
    """Reshapes to a constant that is the quotient of two others, so that it has to be computed."""
    put_in_joint(model, node(operator, ["bad_dividend", "bad_divisor"], ["bad_dim"], name="/faulty", **attributes),
                 node("Concat", ["bad_dim", "bad_rest"], ["bad_shape"], name="/faulty/Concat", axis=0),
                 node("Reshape", ["embedded", "bad_shape"], ["hidden"], name="/faulty/Reshape"),
                 initializers=[sound.i64("bad_dividend", [dividend]), sound.i64("bad_divisor", [divisor]),
                               sound.i64("bad_rest", [-1, 4])])


@model_case("Div|/faulty|zero")
def division_by_zero(model):
    _divided_dim(model, "Div", 1, 0)


@model_case("Mod|/faulty|zero")
def remainder_by_zero(model):
    _divided_dim(model, "Mod", 1, 0)


@model_case("Div|/faulty|overflow|Reshape")
def division_that_overflows(model):
    _divided_dim(model, "Div", -(1 << 63), -1)


@model_case(NO_CRASH)  # the remainder by -1 is 0, whatever the processor's division says
def remainder_that_overflows(model):
    _divided_dim(model, "Mod", -(1 << 63), -1)


@model_case("ConstantOfShape|Expand|large|memory|/faulty|batch size.*1048576|symbolic")
def constant_of_a_huge_shape(model):
    value = numpy_helper.from_array(np.array([1], dtype=np.float32))
    put_in_joint(model, node("ConstantOfShape", ["bad"], ["bad_ones"], name="/faulty", value=value),
                 node("Add", ["embedded", "bad_ones"], ["hidden"], name="/faulty/next"),
                 initializers=[sound.i64("bad", [1 << 20, 1 << 20, 4])])


@model_case("Expand|large|memory|/faulty|batch size.*[0-9]{4}|symbolic")
def expand_to_a_huge_shape(model):
    put_in_joint(model, node("Expand", ["one", "bad"], ["bad_ones"], name="/faulty"),
                 node("Cast", ["bad_ones"], ["bad_floats"], name="/faulty/Cast", to=TensorProto.FLOAT),
                 node("Add", ["embedded", "bad_floats"], ["hidden"], name="/faulty/next"),
                 initializers=[sound.i64("bad", [1 << 31, 1 << 31, 4])])


@model_case("Range|large|memory|/faulty")
def range_of_a_huge_count(model):
    put_in_joint(model, node("Range", ["zero", "bad", "one"], ["bad_range"], name="/faulty"),
                 node("Cast", ["bad_range"], ["bad_floats"], name="/faulty/Cast", to=TensorProto.FLOAT),
                 node("Add", ["embedded", "bad_floats"], ["hidden"], name="/faulty/next"),
                 initializers=[sound.i64("bad", 1 << 62)])


@model_case("Range|/faulty")
def range_with_step_zero(model):
    put_in_joint(model, node("Range", ["zero", "one", "zero"], ["bad_range"], name="/faulty"),
                 node("Cast", ["bad_range"], ["bad_floats"], name="/faulty/Cast", to=TensorProto.FLOAT),
                 node("Add", ["embedded", "bad_floats"], ["hidden"], name="/faulty/next"))


# ---- subgraphs ----


def _if_node(then_nodes, output, condition="bad_condition"):
    value = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    graph = helper.make_graph(then_nodes, "branch", [], [value])
    return node("If", [condition], ["hidden"], name="/faulty", then_branch=graph, else_branch=graph)


_CONDITION = helper.make_tensor("bad_condition", TensorProto.BOOL, [], [1])


@model_case("nowhere")
def branch_that_reads_an_undefined_value(model):
    put_in_joint(model, _if_node([node("Relu", ["nowhere"], ["made"], name="/faulty/Relu")], "made"),
                 initializers=[_CONDITION])


@model_case("If|branch|/faulty")
def if_without_branches(model):
    put_in_joint(model, node("If", ["bad_condition"], ["hidden"], name="/faulty"), initializers=[_CONDITION])


@model_case("If|branch|/faulty|output")
def branch_without_outputs(model):
    graph = helper.make_graph([node("Relu", ["embedded"], ["made"], name="/faulty/Relu")], "branch", [], [])
    put_in_joint(model, node("If", ["bad_condition"], ["hidden"], name="/faulty", then_branch=graph, else_branch=graph),
                 initializers=[_CONDITION])


def _varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _nested_ifs(depth, innermost):
    """Wire bytes of GraphProto fields: an If whose branch is an If, and so on, `depth` times, around `innermost`.

    Built from the inside out and joined once, because every message's length stands before it.
    """
    heads, length = [], len(innermost)
    attribute_tail = b"\xa0\x01" + _varint(AttributeProto.GRAPH)  # field 20, type
    for level in range(depth):
        output = b"hidden" if level == depth - 1 else b"made__"
        attribute = b"\x0a\x0bthen_branch\x32" + _varint(length)  # fields 1, name, and 6, g
        length += len(attribute) + len(attribute_tail)
        an_if = b"\x0a\x0dbad_condition\x12\x06" + output + b"\x22\x02If\x2a" + _varint(length)
        length += len(an_if)
        graph = b"\x0a" + _varint(length)  # field 1, node
        length += len(graph)
        heads.append(graph + an_if + attribute)
    return b"".join(reversed(heads)) + innermost + attribute_tail * depth


@case("If|nest|deep|depth|model\\.onnx")
def ifs_nested_without_end(folder):
    model = sound.sound_model()
    model.graph.initializer.append(_CONDITION)
    put_in_joint(model)
    innermost = helper.make_graph([node("Relu", ["embedded"], ["made__"])], "branch", [], [
        helper.make_tensor_value_info("made__", TensorProto.FLOAT, None)]).SerializeToString()
    graph = model.graph.SerializeToString() + _nested_ifs(20000, innermost)
    model.ClearField("graph")
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx", model.SerializeToString() + b"\x3a" + _varint(len(graph)) + graph)
