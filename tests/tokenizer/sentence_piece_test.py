"""sentence_piece_test.py TOKENIZE TOKENIZERS WORK: ids and texts against SentencePiece itself, on models that it trains
here, and on one with the vocabulary of TOKENIZERS/t5 where that is there.

Exits 77 with a line "SKIP: ..." where python3-sentencepiece is not installed."""

import json
import os
import random
import struct
import subprocess
import sys

try:
    import sentencepiece
except ImportError:
    print("SKIP: python3-sentencepiece is not installed")
    sys.exit(77)

tokenize, tokenizers, work = sys.argv[1:]
TEXTS, SHOWN = 3000, 5

WORDS = (
    "the a of time there was girl named She loved to play outside park and said that with don't 2024 3.5 (see) "
    '"quoted" naïve résumé Straße ﬁne ①② ＡＢＣ ㌀ мир и война время 世界 日本語の文 안녕 세상 שלום مرحبا नमस्ते'
).split()
RANGES = [(0x20, 0x7E), (0, 0x2F), (0xA0, 0x24F), (0x250, 0x36F), (0x370, 0x4FF), (0x590, 0x6FF), (0x900, 0x97F)]
RANGES += [(0xE00, 0xE7F), (0x1100, 0x11FF), (0x2000, 0x218F), (0x2580, 0x2590), (0x3000, 0x30FF), (0x4E00, 0x4FFF)]
RANGES += [(0xAC00, 0xAFFF), (0xF900, 0xFAFF), (0xFB00, 0xFEFF), (0xFF00, 0xFFEF), (0x1F300, 0x1F6FF), (0x2F800, 0x2FA1D)]
WRITTEN = ["", " ", "   ", "a", " a", "a ", "  a  b ", "\n", "\t x", "\u2581", "a\u2581b \u2581", "e\u0301", "caf\u00e9 cafe\u0301"]
WRITTEN += ["<0x0A>", "a" * 300, " " * 100, "ab" * 100, "the " * 60, "aaa  aaaa   aaaaa", "<user>", "a <user> b", "x<user><user>"]
WRITTEN += ["<use<user>r>", "  <user>  ", "12 345 6789", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "\u3000\u00a0\u200b\ufeff"]


def make_texts(count, seed, with_ranges):
    """Texts of words and, if wanted, of code points of any kind."""
    pick = random.Random(seed)
    texts = []
    for i in range(count):
        first, last = pick.choice(RANGES)
        if i % 2 or not with_ranges:
            parts = [pick.choice(WORDS) + pick.choice([" ", " ", " ", "  ", ", ", ". ", "", "<user>"]) for _ in range(20)]
        else:
            parts = [chr(pick.randint(first, last)) + pick.choice(["", "", "", " "]) for _ in range(pick.randint(1, 30))]
        texts.append("".join(parts[: pick.randint(1, len(parts))]))
    return texts


# Each: name, and what its trainer is told.
MODELS = {
    "unigram": dict(model_type="unigram"),
    "bpe": dict(model_type="bpe"),
    "bpe_llama": dict(
        model_type="bpe", normalization_rule_name="identity", byte_fallback=True, split_digits=True,
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, user_defined_symbols=["<user>", "aa"]),
    "unigram_gemma": dict(
        model_type="unigram", normalization_rule_name="identity", byte_fallback=True, add_dummy_prefix=False,
        remove_extra_whitespaces=False, user_defined_symbols=["<user>", "\u2581\u2581", "\u2581\u2581\u2581"]),
    "unigram_folded": dict(model_type="unigram", normalization_rule_name="nmt_nfkc_cf", split_by_whitespace=False),
    "bpe_nfkc": dict(model_type="bpe", normalization_rule_name="nfkc", user_defined_symbols=["<user>"]),
}


def train(name, options):
    folder = os.path.join(work, name)
    os.makedirs(folder, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(make_texts(2000, 1, False) + make_texts(100, 3, True)), model_prefix=os.path.join(folder, "spiece"), vocab_size=1500,
        character_coverage=0.98, hard_vocab_limit=False, num_threads=1, minloglevel=2, **options)
    return folder


def compare(name, folder, texts):
    """How many texts differ in their ids."""
    reference = sentencepiece.SentencePieceProcessor(model_file=os.path.join(folder, "spiece.model"))
    records = b"".join(struct.pack("<I", len(data)) + data for data in (text.encode() for text in texts))
    run = subprocess.run([tokenize, folder, "records"], input=records, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode:
        print(f"{name}: {run.stderr.decode()}")
        return 1
    lines, wrong = run.stdout.decode().split("\n"), 0
    for i, text in enumerate(texts):
        ids = reference.encode(text)
        expected, found = " ".join(map(str, ids)), lines[2 * i]
        if expected == found and reference.unk_id() not in ids:  # unknown ones are shown otherwise
            expected, found = reference.decode(ids), bytes.fromhex(lines[2 * i + 1]).decode()
        elif expected == found:
            continue
        if expected == found:
            continue
        wrong += 1
        if wrong <= SHOWN:
            print(f"{name}: of {text!r}\n  expected {expected}\n  found    {found}")
    print(f"{name}: {len(texts)} texts, {wrong} differ")
    return wrong


def parse_fields(data):
    """The fields of a message of lengths below 2^28, by number, the last of each."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while at < len(data):
        tag = number()
        count = {0: None, 5: 4, 1: 8}.get(tag & 7, -1)
        if count is None:
            number()
            continue
        count = number() if count < 0 else count
        fields[tag >> 3] = data[at : at + count]
        at += count
    return fields


def field(number, data):
    count, lengths = len(data), []
    while count > 127:
        lengths.append(count & 127 | 128)
        count >>= 7
    return bytes([number << 3 | 2, *lengths, count]) + data


def write_t5(folder):
    """T5's pieces, and the normaliser of the trained Unigram model."""
    with open(os.path.join(tokenizers, "t5", "tokenizer.json"), encoding="utf-8") as file:
        vocabulary = json.load(file)["model"]["vocab"]
    types = {"<pad>": 3, "</s>": 3, "<unk>": 2}
    with open(os.path.join(work, "unigram", "spiece.model"), "rb") as file:
        normaliser = parse_fields(file.read())[3]
    pieces = [
        field(1, field(1, spelling.encode()) + b"\x15" + struct.pack("<f", score) + bytes([0x18, types.get(spelling, 1)]))
        for spelling, score in vocabulary if not spelling.startswith("<extra_id")
    ]
    os.makedirs(folder, exist_ok=True)
    # model_type 1, unk_id 2, bos_id -1, eos_id 1, pad_id 0
    spec = b"\x18\x01" + b"\xc0\x02\x02" + b"\xc8\x02" + b"\xff" * 9 + b"\x01" + b"\xd0\x02\x01\xd8\x02\x00"
    with open(os.path.join(folder, "spiece.model"), "wb") as file:
        file.write(b"".join(pieces) + field(2, spec) + field(3, normaliser))
    return folder


texts = [text for text in WRITTEN + make_texts(TEXTS, 2, True) if "\0" not in text]
wrong = sum(compare(name, train(name, options), texts) for name, options in MODELS.items())
if os.path.exists(os.path.join(tokenizers, "t5")):
    wrong += compare("t5", write_t5(os.path.join(work, "t5")), texts)
sys.exit(1 if wrong else 0)
