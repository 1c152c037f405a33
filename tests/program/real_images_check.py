#!/usr/bin/python3
"""real_images_check.py FOLDER PROGRAM ORACLE WORK: see real_images_test.sh."""

import json
import os
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vision"))
try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(77)
from pictures import photo
from processors import pixel_values

WITHIN = 1e-4
TEXTS = ["a photo of a cat", "a dog", "two birds on a wire z"]
folder, program, oracle, work = sys.argv[1:]


def path(name):
    return os.path.join(work, name)


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def expected(inputs, output):
    """What ONNX Runtime makes of these arrays."""
    words = []
    for name, array in inputs.items():
        np.save(path(f"{name}.npy"), array)
        words += ["--in", f"{name}={path(f'{name}.npy')}"]
    run(oracle, "run", os.path.join(folder, "model.onnx"), *words, "--out", work)
    return np.load(path(f"{output}.npy")).astype(float)


def texts_as_ids():
    rows = [json.loads(run(program, "tokenize", "--json", "-p", text))["ids"] for text in TEXTS]
    ids, mask = np.full((len(rows), max(map(len, rows))), 0, np.int64), np.zeros((len(rows), max(map(len, rows))), np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    return {"input_ids": ids, "attention_mask": mask}


with open(os.path.join(folder, "preprocessor_config.json"), encoding="utf-8") as f:
    config = json.load(f)
array = photo(640, 427)
Image.fromarray(array).save(path("photo.png"))
pixels = {"pixel_values": pixel_values(config, array)[None]}
if os.path.exists(os.path.join(folder, "tokenizer.json")):
    wanted = expected({**pixels, **texts_as_ids()}, "logits_per_image")[0]
    row = json.loads(run(program, "classify", "--json", "--scoring", "none", path("photo.png"), "--labels", *TEXTS))
    scores = {choice["label"]: choice["score"] for choice in row["labels"]}
    found = np.array([scores[text] for text in TEXTS])
elif "  classify " in run(program, "--help"):
    wanted = expected(pixels, "logits")[0]
    row = json.loads(run(program, "classify", "--json", "--scoring", "none", path("photo.png")))
    scores = {choice["label"]: choice["score"] for choice in row["labels"]}
    found = np.array([scores[f"LABEL_{i}"] for i in range(len(wanted))])
else:
    wanted = expected(pixels, "image_embeds")[0]
    found = np.array(json.loads(run(program, "embed", "--json", path("photo.png")))["vector"])
difference = np.abs(found - wanted).max()
print(f"{found.size} numbers up to {np.abs(wanted).max():.3g}: largest difference {difference:.2g}")
assert difference <= WITHIN
