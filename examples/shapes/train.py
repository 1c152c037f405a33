"""Trains the shape reader on drawings made as it goes; keeps it in /tmp/shapes.pt and goes on from there.

    python3 train.py --steps 2000
"""

import argparse
import os
import time

import numpy as np
import torch
from torch import nn

from drawn_shapes import draw_batch
from model import ShapeReader

CHECKPOINT = "/tmp/shapes.pt"
BATCH, RATE, WARM_UP = 64, 2e-3, 100
HELD_OUT_SEED = 1 << 20  # no step's


def values_of(images):
    """As ViTImageProcessor with mean and deviation 0.5."""
    return torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 255 - 0.5) / 0.5


def score(model, count=2000):
    images, labels = draw_batch(np.random.default_rng(HELD_OUT_SEED), count, model.config.side, model.config.side)
    model.eval()
    with torch.no_grad():
        right = sum(int((model(values_of(images[i : i + 250])).argmax(-1).numpy() == labels[i : i + 250]).sum()) for i in range(0, count, 250))
    model.train()
    return right / count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this long")
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = ShapeReader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.02)
    first = 0
    if os.path.exists(CHECKPOINT):
        kept = torch.load(CHECKPOINT)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"]
    began = time.time()
    for step in range(first, args.steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / WARM_UP, 1) * max(1 - step / args.steps, 0.02)
        images, labels = draw_batch(np.random.default_rng(step), BATCH, model.config.side, model.config.side)
        loss = nn.functional.cross_entropy(model(values_of(images)), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        is_last = step + 1 == args.steps or time.time() - began > args.seconds
        if (step + 1) % 250 == 0 or is_last:
            print(f"step {step + 1}: loss {loss.item():.3f}, right {100 * score(model):.1f} %, {time.time() - began:.0f} s", flush=True)
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}, CHECKPOINT)
        if is_last:
            break


if __name__ == "__main__":
    main()
