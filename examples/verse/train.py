"""Trains the verse writer on two CPU cores and reports how well it predicts the held-out chapters.

    python3 train.py

Stop it whenever you like: the same command goes on from its checkpoint.
"""

import argparse
import json
import math
import os
import sys
import time

import torch
from torch import nn

from model import Config, VerseWriter
from scripture import read_chapters, split_chapters

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(FOLDER))
from byte_level_bpe import Tokenizer, learn_merges  # noqa: E402

END_OF_TEXT = "<|endoftext|>"
SEED = 1611
BATCH_TOKENS = 3072
SHORT_WINDOW = 128  # attention over long windows is half of the cost, so most steps see short ones
SHORT_SHARE = 0.85  # of the steps; the rest see windows as long as the model has positions
ADAM_PEAK_RATE = 4e-3
MUON_PEAK_RATE = 2e-2
WEIGHT_DECAY = 0.03
WARM_UP_STEPS = 50
CHECKPOINT_STEPS = 100


def make_tokenizer(training_chapters, vocab_size):
    merge_count = vocab_size - 256 - 1
    return Tokenizer(learn_merges(training_chapters, merge_count), [END_OF_TEXT], special_first=False)


def to_ids(tokenizer, chapters):
    """All chapters as one row of ids, an end-of-text before each."""
    end = tokenizer.vocabulary[END_OF_TEXT]
    return torch.tensor([id for chapter in chapters for id in [end, *tokenizer.encode(chapter)]])


def rate_factor(step, step_count):
    """Share of the peak rate: linear warm-up, then a half cosine down to a hundredth."""
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / max(1, step_count - WARM_UP_STEPS)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def make_orthogonal(matrix):
    """The same singular vectors, and all singular values near 1 (five Newton-Schulz steps)."""
    if matrix.size(0) > matrix.size(1):
        return make_orthogonal(matrix.T).T  # the square below is then the smaller of the two
    x = matrix / (matrix.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal, for [inputs, outputs] matrices (Jordan et al., "Muon", 2024)."""

    MOMENTUM = 0.95

    def __init__(self, weights, rate):
        super().__init__(weights, {"lr": rate})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 1 - self.MOMENTUM)
                update = weight.grad.lerp(momentum, self.MOMENTUM)
                inputs, outputs = weight.shape
                # Query, key and value share one matrix but are three maps.
                maps = update.chunk(3, dim=1) if outputs == 3 * inputs else [update]
                scale = math.sqrt(max(1, maps[0].size(1) / inputs))
                update = torch.cat([make_orthogonal(part) for part in maps], dim=1)
                weight.mul_(1 - WEIGHT_DECAY * group["lr"])
                weight.add_(update, alpha=-group["lr"] * scale)


def make_optimizers(model):
    """Muon for the matrices in the blocks; Adam for embeddings, gains and biases."""
    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and name.startswith("h.")]
    others = [p for name, p in model.named_parameters() if p.dim() != 2 or not name.startswith("h.")]
    return [Muon(matrices, MUON_PEAK_RATE), torch.optim.Adam(others, lr=ADAM_PEAK_RATE, betas=(0.9, 0.98))]


def draw_batch(ids, length, n_positions, generator):
    """Windows from anywhere: (inputs, targets one to the right, position ids), each [batch, length].

    Windows that are shorter than the model's positions begin at any of them, so all positions are learnt.
    """
    starts = torch.randint(len(ids) - length - 1, (BATCH_TOKENS // length,), generator=generator)
    windows = torch.stack([ids[start : start + length + 1] for start in starts])
    first_positions = torch.randint(n_positions - length + 1, (len(starts), 1), generator=generator)
    return windows[:, :-1], windows[:, 1:], first_positions + torch.arange(length)


def train(model, ids, step_count, checkpoint):
    optimizers = make_optimizers(model)
    peaks = [optimizer.defaults["lr"] for optimizer in optimizers]
    first_step = 0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        first_step = saved["step"]
    model.train()
    started, losses = time.time(), []
    for step in range(first_step, step_count):
        for optimizer, peak in zip(optimizers, peaks):
            optimizer.param_groups[0]["lr"] = peak * rate_factor(step, step_count)
        # Seeded by step, so a run that was stopped and continued sees the same windows as one that was not.
        generator = torch.Generator().manual_seed(SEED * 1_000_000 + step)
        length = SHORT_WINDOW if step < SHORT_SHARE * step_count else model.config.n_positions
        inputs, targets, position_ids = draw_batch(ids, length, model.config.n_positions, generator)
        logits, _ = model(inputs, position_ids=position_ids)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            seconds = (time.time() - started) / (step + 1 - first_step)
            mean_loss = sum(losses) / len(losses)
            print(f"step {step + 1}/{step_count}  loss {mean_loss:.3f}  {seconds:.2f} s/step", flush=True)
            losses = []
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == step_count:
            states = [optimizer.state_dict() for optimizer in optimizers]
            saved = {"model": model.state_dict(), "optimizers": states, "step": step + 1}
            torch.save(saved, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)


@torch.no_grad()
def measure(model, tokenizer, chapters):
    """How well the model predicts the chapters; an id sees half a window before it where there is one."""
    model.eval()
    window, stride = model.config.n_positions, model.config.n_positions // 2
    nats, predicted = 0.0, 0
    for chapter in chapters:
        ids = to_ids(tokenizer, [chapter])
        for start in range(0, max(1, len(ids) - 1 - stride), stride):
            piece = ids[start : start + window + 1]
            fresh = 0 if start == 0 else window - stride  # the ids before were scored by the window before
            logits = model(piece[None, :-1])[0][0]
            nats += nn.functional.cross_entropy(logits[fresh:], piece[1 + fresh :], reduction="sum").item()
            predicted += len(piece) - 1 - fresh
    byte_count = sum(len(chapter.encode()) for chapter in chapters)
    return {
        "held_out_chapters": len(chapters),
        "held_out_tokens": predicted,
        "loss_per_token": round(nats / predicted, 4),
        "perplexity_per_token": round(math.exp(nats / predicted), 3),
        "bits_per_byte": round(nats / math.log(2) / byte_count, 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1400)
    parser.add_argument("--checkpoint", default="/tmp/verse.pt")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)

    training, held_out = split_chapters(read_chapters())
    model = VerseWriter(Config())
    tokenizer = make_tokenizer(training, model.config.vocab_size)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    train(model, to_ids(tokenizer, training), arguments.steps, arguments.checkpoint)
    quality = measure(model, tokenizer, held_out)
    print(json.dumps(quality))

    saved = torch.load(arguments.checkpoint)
    torch.save({**saved, "quality": quality}, arguments.checkpoint)
    os.makedirs(os.path.join(FOLDER, "model"), exist_ok=True)
    tokenizer.save(os.path.join(FOLDER, "model", "tokenizer.json"))


if __name__ == "__main__":
    main()
