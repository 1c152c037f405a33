#!/usr/bin/python3
"""readers_check.py MODELS KIND PROGRAM: the program of a graph that reads text answers what its module says.

The modules are those of tests/models/text_readers.py; PyTorch runs them in f32, the rest is computed here in f64.
"""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
import text_readers  # which skips where PyTorch is absent

import numpy as np
import torch

from called_program import TOLERANCE, CalledProgram, close

TEXTS = ["A line of words.", "Straße,  日本語", "x", "the quick brown fox\tjumps"]
models, kind, program = sys.argv[1:]
called = CalledProgram(program)
run, refused = called.run, called.refused


def ids_of(text, *options):
    return json.loads(run("tokenize", "--json", "-p", text, *options))["ids"]


def answer(ids):
    with torch.no_grad():
        return module(*text_readers.inputs_of(kind, ids).values())[0][0].numpy().astype(float)


def softmax(logits):
    power = np.exp(logits - logits.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


def by_line(command, *options):
    """Results of all texts at once, as JSON."""
    return [json.loads(line) for line in run(command, "--json", "--lines", "-", *options, text="\n".join(TEXTS)).splitlines()]


# ---- what each head must say ----------------------------------------------------------------------------------------

POOLINGS = {
    "mean": lambda states: states.mean(0),
    "cls": lambda states: states[0],
    "last": lambda states: states[-1],
    "max": lambda states: states.max(0),
    "mean-sqrt": lambda states: states.sum(0) / np.sqrt(len(states)),
    "weighted": lambda states: np.average(states, 0, np.arange(1, len(states) + 1)),
}


def normal(vector):
    return vector / np.linalg.norm(vector)


PAIRS = [("A line of words.", "the quick brown fox"), ("x", "y\tz"), ("Straße", "  日本語 ")]


def pair_answer(first, second):
    """BERT's way: [CLS] first [SEP] second [SEP], with a type for each text."""
    a, b = ids_of(first, "--no-special"), ids_of(second, "--no-special")
    row, types = torch.tensor([[101, *a, 102, *b, 102]]), torch.tensor([[0] * (len(a) + 2) + [1] * (len(b) + 1)])
    inputs = {"input_ids": row, "attention_mask": torch.ones_like(row), "token_type_ids": types}
    with torch.no_grad():
        return module(*inputs.values())[0][0].numpy().astype(float)


def check_pairs():
    rows = run("embed", "--pair", "--json", "--lines", "-", text="".join(f"{a}\t{b}\n" for a, b in PAIRS)).splitlines()
    assert len(rows) == len(PAIRS)
    for (first, second), row in zip(PAIRS, rows):
        wanted = pair_answer(first, second)
        close(json.loads(row)["vector"], normal(wanted.mean(0)))
        close(run("embed", "--pair", "-p", f"{first}\t{second}", "--pooling", "cls", "--no-normalize").split(), wanted[0])
    result = subprocess.run([program, "embed", "--pair", "--lines", "-"], input=b"a\tb\nno tab\nc\td\n", capture_output=True, check=False)
    lines = result.stdout.decode().split("\n")
    assert result.returncode == 1 and b"line 2: expected two texts" in result.stderr and lines[0] and not lines[1] and lines[2], result
    assert "exclude each other" in refused(2, "embed", "--pair", "--prompt-ids", "1 2")


def check_cut_pairs():
    """The model's 66 tokens, shared in each way; a tokenizer of bytes shows what is left."""
    first, second = "a" * 50, "b" * 40
    for cut, (left, right) in {"longest": (33, 33), "first": (26, 40), "second": (50, 16)}.items():
        found = run("classify", "--pair", "--truncate", "--cut", cut, "-p", f"{first}\t{second}")
        assert found == run("classify", "--pair", "-p", "a" * left + "\t" + "b" * right), cut
    assert run("classify", "--pair", "--truncate", "-p", f"{first}\t{second}") == run("classify", "--pair", "-p", "a" * 33 + "\t" + "b" * 33)
    result = subprocess.run([program, "classify", "--pair", "-p", f"{first}\t{second}"], capture_output=True, check=False)
    assert result.returncode == 0 and b"warning: the texts have 90 tokens, the model reads at most 66" in result.stderr, result
    assert "no room" in refused(1, "classify", "--pair", "--truncate", "--cut", "first", "-p", "a\t" + "b" * 70)
    assert "--cut goes with --pair" in refused(2, "classify", "--cut", "first", "-p", "a")
    assert "exclude each other" in refused(2, "classify", "--pair", "--window", "-p", "a\tb")
    assert "expected longest" in refused(2, "classify", "--pair", "--cut", "both", "-p", "a\tb")


def check_states():
    own, normalises = {"states": ("mean", True), "cls": ("cls", False), "fixed": ("mean", False),
                       "narrow": ("weighted", False)}[kind]
    rows = by_line("embed")
    assert len(rows) == len(TEXTS)
    for text, row in zip(TEXTS, rows):
        states = answer(ids_of(text))
        wanted = POOLINGS[own](states)
        close(row["vector"], normal(wanted) if normalises else wanted)
        close(run("embed", "-p", text).split(), row["vector"])
        close(run("-p", text).split(), row["vector"])  # what it is for needs no word
        for name, pool in POOLINGS.items():
            close(run("embed", "-p", text, "--pooling", name, "--no-normalize").split(), pool(states))
            close(run("embed", "-p", text, "--pooling", name, "--normalize").split(), normal(pool(states)))
    if kind == "states":
        check_pairs()
    assert "expected mean, cls" in refused(2, "embed", "-p", "a", "--pooling", "median")


def check_similar():
    """Cosines, and vectors as bytes and as a NumPy file, with a line that fails."""
    vectors = [np.array(row["vector"]) for row in by_line("embed")]
    wanted = vectors[0] @ vectors[1] / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[1])
    close(float(run("similar", TEXTS[0], TEXTS[1])), wanted)
    assert abs(float(run("similar", TEXTS[0], TEXTS[0])) - 1) < TOLERANCE
    lines = run("similar", "--json", "--lines", "-", text=f"{TEXTS[0]}\t{TEXTS[1]}\n{TEXTS[1]}\t{TEXTS[1]}\n").splitlines()
    close([json.loads(line)["similarity"] for line in lines], [wanted, 1])
    assert "expected two texts" in refused(2, "similar", "a")
    assert "a tab between" in refused(1, "similar", text="a")
    flat = subprocess.run([program, "embed", "--binary", "--lines", "-"], input="\n".join(TEXTS).encode(),
                          capture_output=True, check=True).stdout
    close(np.frombuffer(flat, dtype="<f4").reshape(len(TEXTS), -1), vectors)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vectors.npy")
        run("embed", "--lines", "-", "-o", path, text="\n".join(TEXTS))
        close(np.load(path), vectors)
        run("embed", "-p", TEXTS[0], "-o", path)
        close(np.load(path), vectors[:1])
        if kind != "states":  # an empty line has no tokens
            result = subprocess.run([program, "embed", "--lines", "-", "-o", path], input=b"a\n\nb\n", capture_output=True, check=False)
            rows = np.load(path)
            assert result.returncode == 1 and np.isnan(rows).all(1).tolist() == [False, True, False], (result, rows)
    assert "exclude each other" in refused(2, "embed", "-p", "a", "--binary", "--json")
    assert "cannot be made" in refused(1, "embed", "-p", "a", "-o", "/nowhere/x.npy")


def check_vector():
    for text, row in zip(TEXTS, by_line("embed")):
        close(row["vector"], answer(ids_of(text)))
    assert "one vector" in refused(2, "embed", "-p", "a", "--pooling", "mean")


def check_choices(found, scores):
    names = list(text_readers.ODD_LABELS.values())
    order = sorted(range(len(names)), key=lambda i: -scores[i])
    assert [choice["label"] for choice in found] == [names[i] for i in order]
    close([choice["score"] for choice in found], scores[order])


def shown(label):
    """As lines have it."""
    return label.replace("\\", "\\x5c").replace("\t", "\\x09").replace("\n", "\\x0a")


def unshown(label):
    return next(name for name in text_readers.ODD_LABELS.values() if shown(name) == label)


def check_labels():
    scorings = {"softmax": softmax, "sigmoid": lambda logits: 1 / (1 + np.exp(-logits)), "none": lambda logits: logits}
    own = "sigmoid" if kind == "multi" else "softmax"
    for text, row in zip(TEXTS, by_line("classify")):
        logits = answer(ids_of(text))
        check_choices(row["labels"], scorings[own](logits))
        assert row["label"] == row["labels"][0]["label"]
        for name, score in scorings.items():
            plain = [line.split("\t") for line in run("classify", "-p", text, "--scoring", name).splitlines()]
            check_choices([{"label": unshown(label), "score": float(number)} for label, number in plain], score(logits))
        line = run("classify", "--lines", "-", text=text + "\n").split("\t")
        assert line[0] == shown(row["label"]) and abs(float(line[1]) - row["score"]) < TOLERANCE
    for first, second in PAIRS:  # its tokenizer puts nothing between them
        row = json.loads(run("classify", "--json", "--pair", "-p", f"{first}\t{second}"))
        check_choices(row["labels"], scorings[own](answer(ids_of(first) + ids_of(second))))
    check_cut_pairs()
    assert "expected softmax" in refused(2, "classify", "-p", "a", "--scoring", "best")


def check_rank():
    """The only logit as it is, which config.json asks for."""
    for text, row in zip(TEXTS, by_line("classify")):
        logit = answer(ids_of(text))[0]
        assert row["label"] == "LABEL_0"
        close(row["score"], logit)
        close(float(run("classify", "-p", text, "--scoring", "sigmoid").split("\t")[1]), 1 / (1 + np.exp(-logit)))


def check_token_labels():
    names = list(text_readers.LABELS.values())
    for text, row in zip(TEXTS, by_line("tag", "--aggregation", "none")):
        ids = ids_of(text)
        scores = softmax(answer(ids))
        assert [span["label"] for span in row["spans"]] == [names[i] for i in scores.argmax(-1)]
        close([span["score"] for span in row["spans"]], scores.max(-1))
        assert all(span["text"] == text[span["start"]:span["end"]] for span in row["spans"])  # tokens are bytes
        assert row["spans"][-1]["end"] == len(text)
        lines = run("tag", "--aggregation", "none", "-p", text).splitlines()
        assert [line.split("\t")[0] for line in lines] == [span["label"] for span in row["spans"]]


def check_causal():
    for text, row in zip(TEXTS, by_line("score")):
        ids = ids_of(text)
        scores = np.log(softmax(answer(ids)))[np.arange(len(ids) - 1), ids[1:]]
        assert row["tokens"][0]["log_probability"] is None
        close([token["log_probability"] for token in row["tokens"][1:]], scores)
        if len(ids) > 1:
            assert abs(row["perplexity"] / np.exp(-scores.mean()) - 1) < TOLERANCE
        else:
            assert row["perplexity"] is None


def check_none():
    """Texts are not what it is for; it still runs on arrays, and its tokenizer may be there."""
    assert "cannot embed" in refused(2, "embed", "-p", "a")
    assert "cannot classify" in refused(2, "classify", "-p", "a")
    assert "cannot fill" in refused(2, "fill", "-p", "a")


def warned(*arguments, text=""):
    result = subprocess.run([program, *arguments], input=text.encode(), capture_output=True, check=False)
    assert result.returncode == 0 and result.stderr.count(b"\n") == 1, (arguments, result)
    return result.stdout.decode(), result.stderr.decode()


def check_limit(most):
    """Of a text that is too long the first part is read, or with --window all of them."""
    text = "ab " * most
    command = "embed" if kind in VECTORS else "tag" if kind == "token_labels" else "classify"
    cut, warning = warned(command, "--json", "-p", text)
    assert f"the model reads at most {most}: the rest is left out; --window" in warning
    assert "line 2: warning: the text has" in warned(command, "--lines", "-", text="a\n" + text)[1]
    assert run(command, "--json", "-p", text, "--truncate") == cut
    whole = ids_of(text)
    ends = whole[-1:] if kind in text_readers.WITH_WORDS else []  # WordPiece's [CLS] and [SEP] stand around each part
    begins = whole[:1] if ends else []
    own, room = whole[len(begins):len(whole) - len(ends)], most - len(begins) - len(ends)
    parts = [begins + own[at:at + room] + ends for at in range(0, len(own), room)]
    if command == "tag":
        assert json.loads(run(command, "--json", "-p", text, "--window"))["spans"][-1]["end"] == len(text)
        return
    again = lambda ids: json.loads(run(command, "--json", "--no-normalize" if command == "embed" else "--json",
                                       "--prompt-ids", " ".join(map(str, ids))))
    if command == "classify":
        assert json.loads(cut) == again(parts[0])
        wanted = sum(len(part) * np.array(by_label(again(part))) for part in parts) / sum(map(len, parts))
        close(by_label(json.loads(run(command, "--json", "-p", text, "--window"))), wanted)
        return
    assert json.loads(run(command, "--json", "-p", text, "--truncate", "--no-normalize")) == again(parts[0])
    wanted = sum(len(part) * np.array(again(part)["vector"]) for part in parts) / sum(map(len, parts))
    close(json.loads(run(command, "--json", "-p", text, "--window", "--no-normalize"))["vector"], wanted)
    assert "--stride: expected less than" in refused(2, command, "-p", text, "--window", "--stride", str(most))


def by_label(row):
    return [choice["score"] for choice in sorted(row["labels"], key=lambda choice: choice["label"])]


def check_failing_lines():
    """A line that fails has an empty result, the others have theirs."""
    result = subprocess.run([program, "--lines", "-", "--json"], input=b"a\n\nb\n", capture_output=True, check=False)
    lines = result.stdout.decode().splitlines()
    assert result.returncode == 1 and len(lines) == 3 and lines[1] == "null" and "null" not in lines[::2], result
    assert result.stderr.decode().count("\n") == 1 and "line 2: the text has no tokens" in result.stderr.decode()


CHECKS = {"states": check_states, "cls": check_states, "vector": check_vector, "labels": check_labels,
          "multi": check_labels, "rank": check_rank, "token_labels": check_token_labels, "causal": check_causal, "fixed": check_states,
          "narrow": check_states, "dense": check_none, "masked": check_none}
VECTORS = ("states", "cls", "fixed", "vector", "narrow")
LIMITS = {"states": 20, "narrow": 66, "fixed": 32, "cls": 66, "vector": 66, "labels": 66, "multi": 66, "token_labels": 66, "rank": 64}  # RoBERTa leaves two rows of its table alone

module = text_readers.module(kind)
CHECKS[kind]()
if kind in VECTORS:
    check_similar()
if kind in LIMITS:
    check_limit(LIMITS[kind])
    if kind not in text_readers.WITH_WORDS:
        check_failing_lines()
    description = run("--describe")
    assert "input_ids" in description
help_text = run("--help")
able = {word for word in ("embed", "classify", "score", "tag", "fill", "answer") if f"\n  {word} " in help_text}
wanted = {"states": "embed", "cls": "embed", "fixed": "embed", "vector": "embed", "narrow": "embed", "token_labels": "tag", "causal": "score", "dense": None, "masked": None}
assert able == {wanted.get(kind, "classify")} - {None}, able
print(f"{kind}: right on {len(TEXTS)} texts")
