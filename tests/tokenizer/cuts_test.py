"""cuts_test.py TOKENIZE WORK: pairs of texts that are too long, cut as the library `tokenizers` cuts them.

Its rules (truncate_encodings) are written down here: of LongestFirst the shorter text keeps all of its tokens where it takes
no more than half of the room; OnlyFirst and OnlySecond cut one text alone, or fail where nothing of it would be left."""

import json
import os
import struct
import subprocess
import sys

tokenize, work = sys.argv[1:]
CUTS = {"LongestFirst": 1 << 2, "OnlyFirst": 1 << 3, "OnlySecond": 1 << 4}
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnop"]
SPECIAL = 3  # [CLS] A [SEP] B [SEP]


def write_tokenizer(name, truncation, config=None):
    """Words of a letter each, put together as BERT does."""
    folder = os.path.join(work, name)
    os.makedirs(folder, exist_ok=True)
    document = {
        "truncation": truncation, "added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}, "decoder": None,
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {word: i for i, word in enumerate(VOCAB)}}}
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(document, file)
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump(config or {}, file)
    return folder


def lengths(strategy, first, second, room):
    """How much of each text is left; None: it cannot be cut so."""
    over = first + second - room
    if over <= 0:
        return first, second
    if strategy == "LongestFirst":
        short, long = min(first, second), max(first, second)
        long = short if short > room else max(short, room - short)
        if short + long > room:
            short, long = room // 2, room // 2 + room % 2
        return (long, short) if first > second else (short, long)
    if (first if strategy == "OnlyFirst" else second) <= over:
        return None
    return (first - over, second) if strategy == "OnlyFirst" else (first, second - over)


def expected(strategy, from_left, first, second, most):
    kept = lengths(strategy, len(first), len(second), most - SPECIAL) if most >= SPECIAL else None
    if kept is None:
        return "", ""
    parts = [text[len(text) - count:] if from_left else text[:count] for text, count in zip((first, second), kept)]
    a, b = ([VOCAB.index(letter) for letter in part] for part in parts)
    return " ".join(map(str, [2, *a, 3, *b, 3])), " ".join(map(str, [0] * (len(a) + 2) + [1] * (len(b) + 1)))


def check(folder, mode, strategy, from_left):
    """Every pair of lengths up to 9 and every limit up to 16."""
    wrong = 0
    pairs = [("abcdefghi"[:i], "hijklmnop"[:k]) for i in range(10) for k in range(10)]
    data = b"".join(struct.pack("<I", len(part)) + part for pair in pairs for part in (" ".join(text).encode() for text in pair))
    for most in range(17):
        run = subprocess.run([tokenize, folder, f"pairs:{most}:{mode}"], input=data, capture_output=True, check=True)
        lines = run.stdout.decode().split("\n")
        for i, pair in enumerate(pairs):
            right = expected(strategy, from_left, *pair, most)
            wrong += (lines[2 * i], lines[2 * i + 1]) != right
            if (lines[2 * i], lines[2 * i + 1]) != right and wrong == 1:
                print(f"{folder}: {pair} to {most}: expected {right}, found {lines[2 * i:2 * i + 2]}")
    print(f"{os.path.basename(folder)}, {strategy}, {'start' if from_left else 'end'}: {17 * len(pairs)} cuts, {wrong} wrong")
    return wrong


wrong = 0
for strategy in CUTS:
    for direction in ("Right", "Left"):
        folder = write_tokenizer(f"{strategy}-{direction}", dict(max_length=8, strategy=strategy, stride=0, direction=direction))
        wrong += check(folder, 0, strategy, direction == "Left")
plain = write_tokenizer("plain", None)
for strategy, flag in CUTS.items():
    wrong += check(plain, flag, strategy, False)
wrong += check(write_tokenizer("side", None, {"truncation_side": "left"}), 0, "LongestFirst", True)
other = dict(max_length=8, strategy="OnlyFirst", stride=0, direction="Left")
wrong += check(write_tokenizer("both", other, {"truncation_side": "right"}), CUTS["OnlySecond"], "OnlySecond", False)
bad = write_tokenizer("bad", dict(max_length=8, strategy="Sometimes", stride=0, direction="Right"))
run = subprocess.run([tokenize, bad, "pairs"], input=b"", capture_output=True, check=False)
if run.returncode != 1 or b"truncation.strategy" not in run.stderr:
    print("a strategy that there is not is not refused:", run.stderr)
    wrong += 1
sys.exit(1 if wrong else 0)
