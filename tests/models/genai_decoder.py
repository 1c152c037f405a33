#!/usr/bin/python3
"""genai_decoder.py FOLDER group_query|multi_head: a small decoder as onnxruntime-genai's model builder lays it out.

Operators of com.microsoft throughout, with seeded random weights: GatherBlockQuantized for the embedding, MatMulNBits (4
bits), SkipSimplifiedLayerNormalization, and either GroupQueryAttention, which turns its queries and keys itself and takes
key lengths that are the attention mask's sums, or RotaryEmbedding and MultiHeadAttention. expect.json says what `smelt inspect` must find, as for architectures.py.
"""

import os
import sys

from hub_export import dump_json  # first: it skips where PyTorch or onnx is absent

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from byte_tokenizer import BYTE_COUNT, byte_tokenizer

LAYERS, HEADS, SIZE, INNER, CONTEXT, BLOCK = 2, 4, 16, 96, 128, 32
WIDTH, VOCAB = HEADS * SIZE, BYTE_COUNT + 1
EPSILON = 1e-5


class Builder:
    """Nodes and initializers of one graph; each method returns the name of its result."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers = [], []

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, operator, inputs, name, outputs=None, domain="com.microsoft", **attributes):
        outputs = outputs or [name]
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=f"/{name}", domain=domain, **attributes))
        return outputs[0]

    def gain(self, name):
        return self.constant(name, (1 + 0.1 * self.random.standard_normal(WIDTH)).astype(np.float32))

    def blocks(self, name, rows, columns):
        """Packed codes of 4 bits, scales, and zero points of a matrix [rows, columns], one per row and block."""
        count = columns // BLOCK
        scales = self.random.uniform(0.5, 1.5, (rows, count)) / (7 * columns**0.5)
        return [self.constant(f"{name}.codes", self.random.integers(0, 256, (rows, count, BLOCK // 2), dtype=np.uint8)),
                self.constant(f"{name}.scales", scales.astype(np.float32)),
                self.constant(f"{name}.zeros", self.random.integers(0x66, 0x9A, (rows, (count + 1) // 2), dtype=np.uint8))]

    def linear(self, x, name, K, N):
        return self.node("MatMulNBits", [x, *self.blocks(name, N, K)], name, K=K, N=N, bits=4, block_size=BLOCK)


def rotary_caches(g):
    angles = np.outer(np.arange(CONTEXT), 10000.0 ** (-np.arange(0, SIZE, 2) / SIZE))
    return [g.constant("cos_cache", np.cos(angles).astype(np.float32)),
            g.constant("sin_cache", np.sin(angles).astype(np.float32))]


def lengths(g):
    """seqlens_k [B, 1] and total_sequence_length, in i32, as the builder computes them."""
    sums = g.node("ReduceSum", ["attention_mask", g.constant("one", np.array([1]))], "sums", domain="", keepdims=1)
    last = g.node("Sub", [sums, "one"], "last", domain="")
    shape = g.node("Shape", ["attention_mask"], "mask_shape", domain="")
    total = g.node("Gather", [shape, g.constant("second", np.array(1))], "total", domain="", axis=0)
    return [g.node("Cast", [v], f"{v}_i32", domain="", to=TensorProto.INT32) for v in (last, total)]


def embedding(g):
    codes, scales, _ = g.blocks("embedding", VOCAB, WIDTH)
    g.initializers[-3].CopyFrom(numpy_helper.from_array(
        numpy_helper.to_array(g.initializers[-3]).reshape(VOCAB, -1), codes))
    del g.initializers[-1]
    x = g.node("GatherBlockQuantized", [codes, "input_ids", scales], "embedded", bits=4, block_size=BLOCK)
    return g.node("Mul", [x, g.constant("embedding_scale", np.float32(8))], "scaled", domain="")


def group_query(g, x, name, past, results, caches):
    qkv = g.linear(x, f"{name}.qkv", WIDTH, (HEADS + 2 * GROUPS["group_query"]) * SIZE)
    return g.node("GroupQueryAttention", [qkv, "", "", *past, "last_i32", "total_i32", *caches], name, outputs=results,
                  num_heads=HEADS, kv_num_heads=GROUPS["group_query"], do_rotary=1)


def multi_head(g, x, name, past, results, caches):
    q, k, v = (g.linear(x, f"{name}.{part}", WIDTH, WIDTH) for part in "qkv")
    q, k = (g.node("RotaryEmbedding", [part, "position_ids", *caches], f"{part}.turned", num_heads=HEADS) for part in (q, k))
    return g.node("MultiHeadAttention", [q, k, v, "", "", "", *past], name, outputs=results, num_heads=HEADS,
                  unidirectional=1)


GROUPS = {"group_query": 2, "multi_head": HEADS}
ATTENTION = {"group_query": group_query, "multi_head": multi_head}


def attention(g, kind, x, layer, caches):
    name = f"layers.{layer}.attn"
    past, present = ([f"{prefix}.{layer}.{part}" for part in ("key", "value")] for prefix in ("past_key_values", "present"))
    y = ATTENTION[kind](g, x, name, past, [name, *present], caches)
    return g.linear(y, f"{name}.o", WIDTH, WIDTH)


def feed_forward(g, x, layer):
    name = f"layers.{layer}.mlp"
    gate, up = (g.linear(x, f"{name}.{part}", WIDTH, INNER) for part in ("gate", "up"))
    active = g.node("Mul", [gate, g.node("Sigmoid", [gate], f"{name}.sigmoid", domain="")], f"{name}.silu", domain="")
    return g.linear(g.node("Mul", [active, up], f"{name}.gated", domain=""), f"{name}.down", INNER, WIDTH)


def add_and_norm(g, x, added, name):
    """x + added, normalised; and the sum."""
    names = [name, f"{name}.sum"]
    g.node("SkipSimplifiedLayerNormalization", [x, added, g.gain(f"{name}.gain")], name, epsilon=EPSILON,
           outputs=[names[0], "", "", names[1]])
    return names


def decoder(kind):
    g = Builder(7)
    if kind == "group_query":
        lengths(g)
    caches, x = rotary_caches(g), embedding(g)
    normed = g.node("SimplifiedLayerNormalization", [x, g.gain("first.gain")], "first", domain="", epsilon=EPSILON, axis=-1)
    for layer in range(LAYERS):
        normed, x = add_and_norm(g, x, attention(g, kind, normed, layer, caches), f"layers.{layer}.middle")
        normed, x = add_and_norm(g, x, feed_forward(g, normed, layer), f"layers.{layer}.end")
    g.nodes[-1].output[:] = [normed]  # nothing reads the last sum
    g.linear(normed, "logits", WIDTH, VOCAB)
    return g


def declare(name, dtype, *dims):
    return helper.make_tensor_value_info(name, dtype, dims)


def write_model(path, kind):
    g = decoder(kind)
    ids, cache = ("batch_size", "sequence_length"), ("batch_size", GROUPS[kind])
    inputs = [declare("input_ids", TensorProto.INT64, *ids),
              declare("attention_mask", TensorProto.INT64, "batch_size", "total_sequence_length")]
    if kind == "multi_head":
        inputs.append(declare("position_ids", TensorProto.INT64, *ids))
    outputs = [declare("logits", TensorProto.FLOAT, *ids, VOCAB)]
    for layer in range(LAYERS):
        for part in ("key", "value"):
            inputs.append(declare(f"past_key_values.{layer}.{part}", TensorProto.FLOAT, *cache, "past_sequence_length", SIZE))
            outputs.append(declare(f"present.{layer}.{part}", TensorProto.FLOAT, *cache, "total_sequence_length", SIZE))
    graph = helper.make_graph(g.nodes, "main_graph", inputs, outputs, g.initializers)
    opsets = [helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, ir_version=7, opset_imports=opsets), path)


def main():
    folder, kind = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    write_model(os.path.join(folder, "model.onnx"), kind)
    dump_json(folder, "tokenizer.json", byte_tokenizer())
    dump_json(folder, "config.json", {"max_position_embeddings": CONTEXT, "bos_token_id": BYTE_COUNT,
                                      "eos_token_id": BYTE_COUNT})
    expect = {"attention": LAYERS, "rms_norm": 2 * LAYERS + 1, "rotary": 2 * LAYERS, "gated": LAYERS}
    dump_json(folder, "expect.json", {"prefill": expect, "decode": expect})


if __name__ == "__main__":
    main()
