#!/usr/bin/python3
"""ragged_test.py SMELT READERS DATES: rows of a padded batch give what each row gives alone: encoders, and a decoder's
cross-attention over a padded source. Graphs are built for batches and run on .npy files."""

import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
except ImportError as missing:
    print(f"SKIP: {missing}")
    sys.exit(77)

TOLERANCE = 2e-5
smelt, readers, dates = sys.argv[1:]
LENGTHS = [7, 1, 12, 4]
random = np.random.default_rng(11)


def build(model, folder):
    program = os.path.join(folder, "graph")
    subprocess.run([smelt, "build", model, "--cpu", "native", "--max-batch", str(len(LENGTHS)), "--max-tokens", "32", "-q", "-o", program],
                   check=True, capture_output=True)
    return program


def run(program, folder, inputs, output):
    arguments = []
    for name, array in inputs.items():
        path = os.path.join(folder, name + ".npy")
        np.save(path, array)
        arguments += ["--input", f"{name}={path}"]
    made = os.path.join(folder, "made.npy")
    subprocess.run([program, *arguments, "--output", f"{output}={made}"], check=True, capture_output=True)
    return np.load(made)


def close(found, wanted, what):
    difference = np.abs(found - wanted).max()
    assert found.shape == wanted.shape and difference <= TOLERANCE, (what, found.shape, wanted.shape, difference)


def padded(rows):
    return np.array([list(row) + [0] * (max(LENGTHS) - len(row)) for row in rows], dtype=np.int64)


def check_encoder(model, vocabulary, output, with_types, work):
    """The batch's rows, each up to its length (or its one vector), against the rows alone. Returns both."""
    program = build(model, work)
    rows = [random.integers(3, vocabulary, count) for count in LENGTHS]
    ids, mask = padded(rows), padded([[1] * count for count in LENGTHS])
    extra = {"token_type_ids": np.zeros_like(ids)} if with_types else {}
    batch = run(program, work, {"input_ids": ids, "attention_mask": mask, **extra}, output)
    for row, count, answer in zip(rows, LENGTHS, batch, strict=True):
        one = row[None].astype(np.int64)
        extra = {"token_type_ids": np.zeros_like(one)} if with_types else {}
        alone = run(program, work, {"input_ids": one, "attention_mask": np.ones_like(one), **extra}, output)[0]
        close(answer[:count] if alone.ndim == 2 else answer, alone, (model, count))
    return batch, mask


def plain_graph(model, work):
    """The decoder as a graph that no program of texts is made of: its caches have other names."""
    graph = onnx.load(model)
    rename = lambda name: name.replace("past_key_values.", "held.").replace("present.", "kept.")
    for node in graph.graph.node:
        node.input[:], node.output[:] = map(rename, list(node.input)), map(rename, list(node.output))
    for value in (*graph.graph.input, *graph.graph.output):
        value.name = rename(value.name)
    path = os.path.join(work, "plain.onnx")
    onnx.save(graph, path)
    return path


def check_cross_attention(folder, states, mask, work):
    """One step of the decoder, without a past, over each source."""
    program = build(plain_graph(os.path.join(folder, "decoder_model.onnx"), work), work)
    described = subprocess.run([program, "--describe"], check=True, capture_output=True, text=True).stdout
    names = [line.split()[1] for line in described.splitlines() if "held." in line]
    batch = len(LENGTHS)
    past = lambda rows: {name: np.zeros((rows, 4, 0, 32), dtype=np.float32) for name in names}
    fed = {"input_ids": np.full((batch, 1), 1, dtype=np.int64), "encoder_attention_mask": mask, "encoder_hidden_states": states}
    logits = run(program, work, {**fed, **past(batch)}, "logits")
    for i, count in enumerate(LENGTHS):
        alone = {"input_ids": fed["input_ids"][:1], "encoder_attention_mask": mask[i:i + 1, :count],
                 "encoder_hidden_states": states[i:i + 1, :count]}
        close(logits[i], run(program, work, {**alone, **past(1)}, "logits")[0], ("decoder", count))


with tempfile.TemporaryDirectory() as work:
    for kind, vocabulary, output, with_types in (("tags", 30522, "logits", True), ("labels", 257, "logits", False),
                                                 ("vector", 257, "sentence_embedding", False)):
        check_encoder(os.path.join(readers, kind, "model.onnx"), vocabulary, output, with_types, work)
    states, mask = check_encoder(os.path.join(dates, "encoder_model.onnx"), 300, "last_hidden_state", False, work)
    check_cross_attention(dates, states, mask, work)
print("rows of a batch are the rows alone")
