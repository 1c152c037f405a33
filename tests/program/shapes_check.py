#!/usr/bin/python3
"""shapes_check.py PROGRAM ORACLE EXAMPLE WORK: see shapes_test.sh."""

import json
import os
import subprocess
import sys

program, oracle, example, work = sys.argv[1:]
sys.path += [example, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vision")]
try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(0)
from drawn_shapes import LABELS, draw_batch
from processors import pixel_values

SEED, LEAST_RIGHT, WITHIN = 1 << 22, 0.96, 1e-4
SIZES = [(32, 32), (48, 40), (90, 120), (64, 64)]
EACH = 100

with open(os.path.join(example, "model", "preprocessor_config.json"), encoding="utf-8") as f:
    config = json.load(f)
paths, values, labels = [], [], []
for number, size in enumerate(SIZES):
    images, drawn = draw_batch(np.random.default_rng(SEED + number), EACH, *size)
    labels += list(drawn)
    for image in images:
        paths.append(os.path.join(work, f"{len(paths)}.{'jpg' if len(paths) % 2 else 'png'}"))
        Image.fromarray(image).save(paths[-1])
        values.append(pixel_values(config, np.asarray(Image.open(paths[-1]))))

np.save(os.path.join(work, "pixel_values.npy"), np.stack(values))
subprocess.run([oracle, "run", os.path.join(example, "model", "model.onnx"), "--in",
                f"pixel_values={os.path.join(work, 'pixel_values.npy')}", "--out", work], check=True, capture_output=True)
logits = np.load(os.path.join(work, "logits.npy"))
rows = [json.loads(line) for line in
        subprocess.run([program, "classify", "--json", "--scoring", "none", *paths], check=True, capture_output=True, text=True).stdout.splitlines()]
found = np.array([[{choice["label"]: choice["score"] for choice in row["labels"]}[name] for name in LABELS] for row in rows])
right, by_oracle = (int((scores.argmax(-1) == labels).sum()) for scores in (found, logits))
print(f"{right} of {len(labels)} right, by ONNX Runtime {by_oracle}; largest difference {np.abs(found - logits).max():.2g}")
assert right == by_oracle and (found.argmax(-1) == logits.argmax(-1)).all() and np.abs(found - logits).max() <= WITHIN
assert right >= LEAST_RIGHT * len(labels)
