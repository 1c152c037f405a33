"""Joins a decoder without past and one with past as hub exports do: one If on `use_cache_branch`, shared weights
outside, and empty tensors for what only one branch makes."""

import os

import onnx
from onnx import TensorProto, helper, numpy_helper


def _share_initializers(graph, prefix, shared):
    """Moves the graph's initializers to `shared`, {contents: tensor}; returns their new names by the old ones."""
    taken, names = {tensor.name for tensor in shared.values()}, {}
    for tensor in graph.initializer:
        contents = (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
        old = tensor.name
        if contents not in shared:
            tensor.name = f"{prefix}_{old}_merged" if old in taken else old
            shared[contents] = tensor
        names[old] = shared[contents].name
    return names


def _branch(model, prefix, shared, output_names, missing_type):
    graph = model.graph
    names = _share_initializers(graph, prefix, shared)
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = names.get(name, name)
    nodes, outputs, made = list(graph.node), {value.name: value for value in graph.output}, []
    for name in output_names:
        value = outputs.get(name)
        if value is None:  # the encoder's keys and values, which the branch with past leaves as they are
            shape = [0, missing_type[0], 1, missing_type[1]]
            empty = helper.make_tensor(f"{name}_empty", TensorProto.FLOAT, shape, [])
            nodes.append(helper.make_node("Constant", [], [name], value=empty))
            value = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        made.append(value)
    return helper.make_graph(nodes, f"{prefix}_branch", [], made)


def merge_decoders(folder, head_count, head_dim):
    """decoder_model.onnx and decoder_with_past_model.onnx of the folder become decoder_model_merged.onnx."""
    parts = [os.path.join(folder, f"decoder_{name}.onnx") for name in ("model", "with_past_model")]
    first, later = (onnx.load(part) for part in parts)
    output_names = [value.name for value in first.graph.output]
    shared = {}
    else_branch = _branch(first, "no_past", shared, output_names, (head_count, head_dim))
    then_branch = _branch(later, "with_past", shared, output_names, (head_count, head_dim))
    inputs = {value.name: value for value in list(later.graph.input) + list(first.graph.input)}
    inputs["use_cache_branch"] = helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])
    choose = helper.make_node("If", ["use_cache_branch"], output_names, name="optimum::if", then_branch=then_branch,
                              else_branch=else_branch)
    graph = helper.make_graph([choose], "merged", list(inputs.values()), list(first.graph.output), list(shared.values()))
    model = helper.make_model(graph, opset_imports=list(first.opset_import), producer_name="merge_decoders")
    model.ir_version = first.ir_version
    onnx.save(model, os.path.join(folder, "decoder_model_merged.onnx"))
    for part in parts:
        os.remove(part)
