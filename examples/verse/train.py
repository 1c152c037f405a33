"""Trains the verse writer on two CPU cores and reports how well it predicts the held-out chapters.

    python3 train.py --steps 3000

Stop it whenever you like: the checkpoint is written every few hundred steps, and the same command goes on from it.
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
BATCH_TOKENS = 4608
SHORT_WINDOW = 128  # attention over long windows is half of the cost, so most steps see short ones
SHORT_SHARE = 0.85  # of the steps; the rest see windows as long as the model has positions
PEAK_RATE = 3e-3
WARM_UP_STEPS = 100
CHECKPOINT_STEPS = 200


def make_tokenizer(training_chapters, vocab_size):
    merge_count = vocab_size - 256 - 1
    return Tokenizer(learn_merges(training_chapters, merge_count), [END_OF_TEXT], special_first=False)


def to_ids(tokenizer, chapters):
    """All chapters as one row of ids, an end-of-text before each."""
    end = tokenizer.vocabulary[END_OF_TEXT]
    return torch.tensor([id for chapter in chapters for id in [end, *tokenizer.encode(chapter)]])


def learning_rate(step, step_count):
    """Linear warm-up, then a half cosine down to a hundredth of the peak."""
    if step < WARM_UP_STEPS:
        return PEAK_RATE * (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / max(1, step_count - WARM_UP_STEPS)
    return PEAK_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def make_optimizer(model):
    """AdamW that decays matrices but leaves gains, biases and positions alone."""
    decayed = [p for name, p in model.named_parameters() if p.dim() == 2 and not name.startswith("wpe")]
    others = [p for name, p in model.named_parameters() if p.dim() != 2 or name.startswith("wpe")]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98))


def draw_batch(ids, length, n_positions, generator):
    """Windows from anywhere in the text: (inputs, targets one to the right, position ids), each [batch, length].

    Windows that are shorter than the model's positions begin at any of them, so all positions are learnt.
    """
    starts = torch.randint(len(ids) - length - 1, (BATCH_TOKENS // length,), generator=generator)
    windows = torch.stack([ids[start : start + length + 1] for start in starts])
    first_positions = torch.randint(n_positions - length + 1, (len(starts), 1), generator=generator)
    return windows[:, :-1], windows[:, 1:], first_positions + torch.arange(length)


def train(model, ids, step_count, checkpoint):
    optimizer = make_optimizer(model)
    first_step = 0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        first_step = saved["step"]
    model.train()
    started, losses = time.time(), []
    for step in range(first_step, step_count):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, step_count)
        # Seeded by step, so a run that was stopped and continued sees the same windows as one that was not.
        generator = torch.Generator().manual_seed(SEED * 1_000_000 + step)
        length = SHORT_WINDOW if step < SHORT_SHARE * step_count else model.config.n_positions
        inputs, targets, position_ids = draw_batch(ids, length, model.config.n_positions, generator)
        logits, _ = model(inputs, position_ids=position_ids)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            seconds = (time.time() - started) / (step + 1 - first_step)
            mean_loss = sum(losses) / len(losses)
            print(f"step {step + 1}/{step_count}  loss {mean_loss:.3f}  {seconds:.2f} s/step", flush=True)
            losses = []
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == step_count:
            saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(saved, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)


@torch.no_grad()
def measure(model, tokenizer, chapters):
    """How well the model predicts the chapters: each predicted id sees at least half a window where there is one."""
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
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--checkpoint", default="/tmp/verse.pt")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(2)

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
