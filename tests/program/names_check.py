#!/usr/bin/python3
"""names_check.py PROGRAM ORACLE EXAMPLE: the trained tagger of examples/names on its held-out sentences: as right as promised, and
each token's label and score those of ONNX Runtime, which reads all sentences at once, padded, where the program reads each alone."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

LEAST_F1, TOLERANCE = 0.98, 1e-4
program, oracle, example = sys.argv[1:]
with open(os.path.join(example, "heldout.tsv"), encoding="utf-8") as file:
    rows = [line.rstrip("\n").split("\t") for line in file]
texts = [row[0] for row in rows]
wanted = [{(span.split()[0], int(span.split()[1]), int(span.split()[2])) for span in row[1:]} for row in rows]
with open(os.path.join(example, "model", "config.json"), encoding="utf-8") as file:
    labels = json.load(file)["id2label"]


def run(*arguments):
    result = subprocess.run([program, *arguments, "--json", "--lines", "-"], input="\n".join(texts).encode(), capture_output=True, check=True)
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


found = [{(span["label"], span["start"], span["end"]) for span in row["spans"]} for row in run("tag")]
right = sum(len(f & w) for f, w in zip(found, wanted, strict=True))
f1 = 2 * right / (sum(map(len, found)) + sum(map(len, wanted)))
whole = sum(f == w for f, w in zip(found, wanted)) / len(rows)
print(f"{len(rows)} sentences: F1 of spans {f1:.4f}, sentences without a mistake {whole:.4f}")
assert len(rows) >= 500 and f1 >= LEAST_F1, f1

ids = [row["ids"] for row in run("tokenize")]
longest = max(map(len, ids))
arrays = {"input_ids": np.array([row + [0] * (longest - len(row)) for row in ids]),
          "attention_mask": np.array([[1] * len(row) + [0] * (longest - len(row)) for row in ids])}
with tempfile.TemporaryDirectory() as folder:
    inputs = []
    for name, array in arrays.items():
        np.save(os.path.join(folder, name), array)
        inputs += ["--in", f"{name}={folder}/{name}.npy"]
    result = subprocess.run([oracle, "run", os.path.join(example, "model", "model.onnx"), *inputs, "--out", folder],
                            capture_output=True, text=True, check=False)
    if result.returncode == 77:
        print(result.stdout.strip())
        sys.exit(77)
    assert result.returncode == 0, result
    logits = np.load(os.path.join(folder, "logits.npy")).astype(float)
power = np.exp(logits - logits.max(-1, keepdims=True))
scores = power / power.sum(-1, keepdims=True)
tokens = 0
for row, row_scores, row_ids in zip(run("tag", "--aggregation", "none", "--all"), scores, ids, strict=True):
    own = row_scores[1:len(row_ids) - 1]  # but for <s> and </s>
    assert [span["label"] for span in row["spans"]] == [labels[str(best)] for best in own.argmax(-1)]
    assert np.abs(np.array([span["score"] for span in row["spans"]]) - own.max(-1)).max() < TOLERANCE
    tokens += len(own)
print(f"{tokens} tokens have the label and the score that ONNX Runtime gives")
