"""Trains the date reader on one CPU core and scores it on dates that it has never seen.

    python3 train.py --steps 2200

Stop it whenever you like: the same command goes on from its checkpoint.
"""

import argparse
import json
import math
import os
import random
import sys
import time

import torch
from torch import nn

from model import Config, DateReader
from written_dates import draw_pairs, split_dates

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(FOLDER))
from byte_level_bpe import Tokenizer, learn_merges  # noqa: E402

PAD, START, END = 0, 1, 2
SPECIAL_TOKENS = ["<pad>", "<s>", "</s>"]
SEED = 1752
BATCH = 128
POOL_BATCHES = 16  # batches are cut from a pool sorted by length, so that little of a batch is padding
PEAK_RATE = 1.5e-3
WARM_UP_STEPS = 300
CHECKPOINT_STEPS = 250
SCORED_PAIRS = 5000


def make_tokenizer(training_dates, vocab_size):
    texts = [text for pair in draw_pairs(training_dates, 20000, random.Random(SEED)) for text in pair]
    merge_count = vocab_size - 256 - len(SPECIAL_TOKENS)
    return Tokenizer(learn_merges(texts, merge_count), SPECIAL_TOKENS, special_first=True)


def pad_rows(rows):
    """Lists of ids as one tensor [len(rows), longest], padded on the right."""
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=PAD)


def make_batch(tokenizer, pairs):
    """(input ids [B, T], attention mask [B, T], ids that the decoder writes [B, S])"""
    input_ids = pad_rows([tokenizer.encode(written) for written, _ in pairs])
    answers = pad_rows([[*tokenizer.encode(iso), END] for _, iso in pairs])
    return input_ids, (input_ids != PAD).to(torch.int64), answers


def pool_of_pairs(tokenizer, dates, pool):
    """POOL_BATCHES lists of BATCH pairs of like length, in no order; the same for the same pool number."""
    rng = random.Random(SEED * 1_000_000 + pool)
    pairs = draw_pairs(dates, POOL_BATCHES * BATCH, rng)
    pairs.sort(key=lambda pair: len(tokenizer.encode(pair[0])))
    batches = [pairs[first : first + BATCH] for first in range(0, len(pairs), BATCH)]
    rng.shuffle(batches)
    return batches


def learning_rate(step, step_count):
    """Linear warm-up, then a half cosine down to a hundredth of the peak."""
    if step < WARM_UP_STEPS:
        return PEAK_RATE * (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / max(1, step_count - WARM_UP_STEPS)
    return PEAK_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def train(model, tokenizer, dates, step_count, checkpoint):
    optimizer = torch.optim.Adam(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), eps=1e-9)
    first_step = 0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        first_step = saved["step"]
    started, losses, pool = time.time(), [], None
    for step in range(first_step, step_count):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, step_count)
        if pool is None or step % POOL_BATCHES == 0:
            pool = pool_of_pairs(tokenizer, dates, step // POOL_BATCHES)
        pairs = pool[step % POOL_BATCHES]
        input_ids, attention_mask, answers = make_batch(tokenizer, pairs)
        starts = torch.full((len(pairs), 1), START)
        scores = model(input_ids, attention_mask, torch.cat([starts, answers[:, :-1]], dim=1))
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), answers.flatten(), ignore_index=PAD)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            seconds = (time.time() - started) / (step + 1 - first_step)
            mean_loss = sum(losses) / len(losses)
            print(f"step {step + 1}/{step_count}  loss {mean_loss:.4f}  {seconds:.3f} s/step", flush=True)
            losses = []
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == step_count:
            saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(saved, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)


@torch.no_grad()
def read_dates(model, tokenizer, texts):
    """The ids that the model writes for each text by arg-max, ending in END unless the positions ran out."""
    input_ids, attention_mask, _ = make_batch(tokenizer, [(text, "") for text in texts])
    encoded = model.encoder(input_ids, attention_mask)
    written = torch.full((len(texts), 1), START)
    past, fresh = None, written
    while written.size(1) < 16 and not (written == END).any(dim=1).all():
        scores, past = model.decoder(fresh, encoded, attention_mask, past)
        fresh = scores[:, -1:].argmax(dim=2)
        written = torch.cat([written, fresh], dim=1)
    rows = written[:, 1:].tolist()
    return [row[: row.index(END) + 1] if END in row else row for row in rows]


def score(model, tokenizer, pairs):
    """Share of pairs whose ISO form the model writes exactly, and the misses: [(written, right, wrong)]."""
    misses = []
    for first in range(0, len(pairs), 500):
        some = pairs[first : first + 500]
        answers = read_dates(model, tokenizer, [written for written, _ in some])
        texts = [tokenizer.decode(answer) for answer in answers]
        misses += [(*pair, text) for pair, text in zip(some, texts) if pair[1] != text]
    return 1 - len(misses) / len(pairs), misses


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--checkpoint", default="/tmp/dates.pt")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the matrices are too small for two to pay

    training, held_out = split_dates()
    model = DateReader(Config())
    tokenizer = make_tokenizer(training, model.config.vocab_size)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    train(model, tokenizer, training, arguments.steps, arguments.checkpoint)

    exact, misses = score(model, tokenizer, draw_pairs(held_out, SCORED_PAIRS, random.Random(SEED + 1)))
    for miss in misses[:40]:
        print("missed", *miss, sep="\t")
    quality = {"held_out_dates": len(held_out), "held_out_pairs": SCORED_PAIRS}
    quality["exact_match"] = round(exact, 5)
    print(json.dumps(quality))

    saved = torch.load(arguments.checkpoint)
    torch.save({**saved, "quality": quality}, arguments.checkpoint)
    os.makedirs(os.path.join(FOLDER, "model"), exist_ok=True)
    tokenizer.save(os.path.join(FOLDER, "model", "tokenizer.json"))


if __name__ == "__main__":
    main()
