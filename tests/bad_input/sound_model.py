"""The sound model that every hostile input is a broken copy of: a one-layer, one-head decoder with hub names.

Small enough to read, complete enough to build: embedding, causal attention over a key and value cache, output scores.
The Identity node /joint passes `embedded` on as `hidden`; cases put their fault in its place.
"""

import json
import os

import numpy as np
from onnx import TensorProto, helper, numpy_helper

WIDTH = 4
END = "<|endoftext|>"
OPSET = 14


def byte_letters():
    """GPT-2's printable stand-in for each byte, in byte order."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    letters.update({byte: chr(256 + index) for index, byte in enumerate(others)})
    return [letters[byte] for byte in range(256)]


def sound_tokenizer():
    letters = byte_letters()
    space_t = letters[ord(" ")] + "t"
    vocab = {token: index for index, token in enumerate(letters + [space_t, END])}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": vocab[END], "content": END, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "vocab": vocab,
                  "merges": [f"{letters[ord(' ')]} t"]},
    }


VOCAB = len(sound_tokenizer()["model"]["vocab"])


def sound_config():
    return {"model_type": "gpt2", "vocab_size": VOCAB, "n_embd": WIDTH, "n_layer": 1, "n_head": 1, "n_positions": 32,
            "bos_token_id": VOCAB - 1, "eos_token_id": VOCAB - 1}


def f32(name, *shape, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def i64(name, values):
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def _causal_nodes():
    """visible: [S, P + S], key position <= query position"""
    node = helper.make_node
    return [
        node("Shape", ["past_key_values.0.key"], ["past_shape"], name="/mask/Shape"),
        node("Gather", ["past_shape", "axis2"], ["past_tokens"], name="/mask/Gather", axis=0),
        node("Shape", ["input_ids"], ["ids_shape"], name="/mask/Shape_1"),
        node("Gather", ["ids_shape", "axis1"], ["tokens"], name="/mask/Gather_1", axis=0),
        node("Add", ["past_tokens", "tokens"], ["total"], name="/mask/Add"),
        node("Range", ["zero", "total", "one"], ["key_position"], name="/mask/Range"),
        node("Range", ["past_tokens", "total", "one"], ["query_position"], name="/mask/Range_1"),
        node("Unsqueeze", ["query_position", "last_axis"], ["query_column"], name="/mask/Unsqueeze"),
        node("LessOrEqual", ["key_position", "query_column"], ["visible"], name="/mask/LessOrEqual"),
    ]


def _attention_nodes():
    node = helper.make_node
    nodes = []
    for part in ("query", "key", "value"):
        nodes += [
            node("MatMul", ["hidden", f"{part}_weight"], [f"{part}_flat"], name=f"/attn/{part}/MatMul"),
            node("Unsqueeze", [f"{part}_flat", "head_axis"], [f"{part}_new"], name=f"/attn/{part}/Unsqueeze"),
        ]
    return nodes + [
        node("Concat", ["past_key_values.0.key", "key_new"], ["present.0.key"], name="/attn/Concat", axis=2),
        node("Concat", ["past_key_values.0.value", "value_new"], ["present.0.value"], name="/attn/Concat_1", axis=2),
        node("Transpose", ["present.0.key"], ["key_columns"], name="/attn/Transpose", perm=[0, 1, 3, 2]),
        node("MatMul", ["query_new", "key_columns"], ["raw_scores"], name="/attn/MatMul"),
        node("Where", ["visible", "raw_scores", "lowest"], ["scores"], name="/attn/Where"),
        node("Softmax", ["scores"], ["weights"], name="/attn/Softmax", axis=-1),
        node("MatMul", ["weights", "present.0.value"], ["attended"], name="/attn/MatMul_1"),
        node("Squeeze", ["attended", "head_axis"], ["attended_flat"], name="/attn/Squeeze"),
    ]


def sound_model():
    node, value = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("Gather", ["embedding", "input_ids"], ["embedded"], name="/embed/Gather", axis=0),
        node("Identity", ["embedded"], ["hidden"], name="/joint"),
        *_causal_nodes(),
        *_attention_nodes(),
        node("Add", ["hidden", "attended_flat"], ["residual"], name="/Add"),
        node("MatMul", ["residual", "head_weight"], ["logits"], name="/lm_head/MatMul"),
    ]
    weights = [f32("embedding", VOCAB, WIDTH, seed=1), f32("head_weight", WIDTH, VOCAB, seed=2)]
    weights += [f32(f"{part}_weight", WIDTH, WIDTH, seed=3 + i) for i, part in enumerate(("query", "key", "value"))]
    constants = [i64("axis1", 1), i64("axis2", 2), i64("zero", 0), i64("one", 1), i64("last_axis", [-1]),
                 i64("head_axis", [1]), numpy_helper.from_array(np.float32(-1e9), "lowest")]
    past = ["batch_size", 1, "past_sequence_length", WIDTH]
    present = ["batch_size", 1, "total_sequence_length", WIDTH]
    graph = helper.make_graph(
        nodes, "decoder",
        [value("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"])]
        + [value(f"past_key_values.0.{part}", TensorProto.FLOAT, past) for part in ("key", "value")],
        [value("logits", TensorProto.FLOAT, ["batch_size", "sequence_length", VOCAB])]
        + [value(f"present.0.{part}", TensorProto.FLOAT, present) for part in ("key", "value")],
        weights + constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8,
                             producer_name="smelt-tests")


def write_json(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        json.dump(value, f)


def write_bytes(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def write_folder(folder, model=None):
    """The whole sound folder, with `model` in place of the sound one."""
    os.makedirs(folder, exist_ok=True)
    write_bytes(folder, "model.onnx", (model or sound_model()).SerializeToString())
    write_json(folder, "config.json", sound_config())
    write_json(folder, "generation_config.json", {"bos_token_id": VOCAB - 1, "eos_token_id": VOCAB - 1})
    write_json(folder, "tokenizer.json", sound_tokenizer())
    write_json(folder, "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer"})
