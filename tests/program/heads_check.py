#!/usr/bin/python3
"""heads_check.py MODELS KIND PROGRAM: the programs of taggers, masked models and models that answer say what the reference's
pipelines would.

Written after the documentation of Hugging Face's pipelines (token-classification, fill-mask, question-answering), in f64
over the logits that PyTorch gives for the same ids. Offsets are made here by the rules of BERT's tokenizer.
"""

import json
import os
import re
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
import text_readers  # which skips where PyTorch is absent

import numpy as np
import torch

from called_program import CalledProgram, close

CLS, SEP, UNKNOWN, MASK = 101, 102, 100, 103
models, kind, program = sys.argv[1:]
called = CalledProgram(program)
run, refused = called.run, called.refused
with open(os.path.join(models, kind, "tokenizer.json"), encoding="utf-8") as file:
    SPELLINGS = {id: spelling for spelling, id in json.load(file)["model"]["vocab"].items()}
module = text_readers.module(kind)


def answers_of(ids, types=None):
    inputs = text_readers.inputs_of(kind, ids)
    if types:
        inputs["token_type_ids"] = torch.tensor([types])
    with torch.no_grad():
        return [output[0].numpy().astype(float) for output in module(*inputs.values())]


def softmax(logits):
    power = np.exp(logits - logits.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


def ids_of(text):
    return json.loads(run("tokenize", "--json", "--no-special", "-p", text))["ids"]


def words_of(text):
    """[[(character, index)]]: BERT's words, lower case, without accents."""
    words, goes_on = [], False
    for index, c in enumerate(text):
        for part in unicodedata.normalize("NFD", c).lower():
            if unicodedata.category(part) == "Mn":
                continue
            if part.isspace():
                goes_on = False
                continue
            alone = unicodedata.category(part)[0] == "P" or not part.isalnum() and ord(part) < 128
            if alone or not goes_on:
                words.append([])
            words[-1].append((part, index))
            goes_on = not alone
    return words


def tokens_of(text):
    """[(id, start, end, word)] of the text's own tokens."""
    ids, tokens = iter(ids_of(text.replace("\n", " "))), []
    for number, word in enumerate(words_of(text)):
        at = 0
        while at < len(word):
            id = next(ids)
            count = len(word) if id == UNKNOWN else len(re.sub(r"^##(?=.)", "", SPELLINGS[id]) if at else SPELLINGS[id])
            tokens.append((id, word[at][1], word[at + count - 1][1] + 1, number))
            at += count
    assert next(ids, None) is None
    return tokens


def windows(tokens, room, stride):
    begin, found = 0, []
    while True:
        found.append(tokens[begin:begin + room])
        if begin + room >= len(tokens):
            return found
        begin += room - stride


# ---- tags -----------------------------------------------------------------------------------------------------------

NAMES = list(text_readers.TAGS.values())
TAGGED = ["Marie Curie was born in Warsaw, Poland.", "Straße Zürich  Köln", "unbelievably internationalization", "x",
          "New York\tcity.", "The Quick brown foxes jumped tokenization-wise over São Paulo's lazily sleeping dogs!"]


def entities_of(tokens, strategy):
    """One part's tokens as the pipeline joins them: [(label, score, start, end)]"""
    scores = softmax(answers_of([CLS] + [token[0] for token in tokens] + [SEP])[0])[1:-1]
    rows = [(score, start, end, word) for score, (_, start, end, word) in zip(scores, tokens)]
    if strategy in ("none", "simple"):
        found = [(NAMES[row.argmax()], row.max(), start, end) for row, start, end, _ in rows]
    else:
        found = []
        for word in sorted({row[3] for row in rows}):
            members = [row for row in rows if row[3] == word]
            row = {"first": members[0][0], "max": max((m[0] for m in members), key=lambda m: m.max()),
                   "average": np.mean([m[0] for m in members], axis=0)}[strategy]
            found.append((NAMES[row.argmax()], row.max(), members[0][1], members[-1][2]))
    return found if strategy == "none" else grouped(found)


def parts_of(label):
    return (label[0], label[2:]) if label[:2] in ("B-", "I-") else ("I", label)


def grouped(found):
    groups = []
    for entity in found:
        begins, tag = parts_of(entity[0])
        if groups and parts_of(groups[-1][-1][0])[1] == tag and begins != "B":
            groups[-1].append(entity)
        else:
            groups.append([entity])
    return [(group[0][0].split("-", 1)[-1], np.mean([e[1] for e in group]), group[0][2], group[-1][3]) for group in groups]


def without_overlaps(entities):
    kept = []
    for entity in sorted(entities, key=lambda e: e[2]):
        if kept and kept[-1][2] <= entity[2] < kept[-1][3]:
            length, last = entity[3] - entity[2], kept[-1][3] - kept[-1][2]
            if length > last or length == last and entity[1] > kept[-1][1]:
                kept[-1] = entity
        else:
            kept.append(entity)
    return kept


def check_spans(text, found, wanted):
    assert [(span["label"], span["start"], span["end"]) for span in found] == [(e[0], e[2], e[3]) for e in wanted], (text, found, wanted)
    for span, entity in zip(found, wanted):
        close(span["score"], entity[1])
        assert span["text"] == text[span["start"]:span["end"]]


def check_tags():
    for strategy in ("none", "simple", "first", "max", "average"):
        rows = run("tag", "--json", "--lines", "-", "--aggregation", strategy, text="\n".join(TAGGED)).splitlines()
        for text, row in zip(TAGGED, rows, strict=True):
            wanted = entities_of(tokens_of(text), strategy)
            check_spans(text, json.loads(row)["spans"], [e for e in wanted if e[0] != "O"])
            every = json.loads(run("tag", "--json", "--all", "--aggregation", strategy, "-p", text))["spans"]
            check_spans(text, every, wanted)
    text = TAGGED[0]
    spans = json.loads(run("-p", text, "--json"))["spans"]
    assert spans == json.loads(run("tag", "--aggregation", "simple", "-p", text, "--json"))["spans"]
    plain = [line.split("\t") for line in run("tag", "-p", text).splitlines()]
    assert [(p[0], int(p[2]), int(p[3]), p[4]) for p in plain] == [(s["label"], s["start"], s["end"], s["text"]) for s in spans]
    line = run("tag", "--lines", "-", text=text).rstrip("\n")
    assert line == "\t".join(f"{s['label']} {s['start']} {s['end']}" for s in spans)
    long = " ".join(TAGGED) * 3
    tokens, room = tokens_of(long), 66 - 2
    for stride in (0, 20):
        wanted = [e for part in windows(tokens, room, stride) for e in entities_of(part, "simple") if e[0] != "O"]
        found = json.loads(run("tag", "--json", "--window", "--stride", str(stride), "-p", long))["spans"]
        check_spans(long, found, without_overlaps(wanted))
    assert "expected none, simple" in refused(2, "tag", "-p", "a", "--aggregation", "best")
    assert "--prompt-ids does nothing" in refused(2, "tag", "--prompt-ids", "1 2")


# ---- masks ----------------------------------------------------------------------------------------------------------


def decoded(ids, skips):
    return json.loads(run("detokenize", "--json", *(["--no-special"] if skips else []), "-p", " ".join(map(str, ids))))["text"]


def check_fill():
    texts = ["Paris is the [MASK] of France.", "[MASK] and [MASK]", "Zürich, the [MASK]"]
    rows = [json.loads(line) for line in run("fill", "--json", "--lines", "-", "--top", "3", text="\n".join(texts)).splitlines()]
    for text, row in zip(texts, rows, strict=True):
        ids = [CLS] + ids_of(text) + [SEP]
        places, starts = [i for i, id in enumerate(ids) if id == MASK], [m.start() for m in re.finditer(r"\[MASK\]", text)]
        scores, best = softmax(answers_of(ids)[0]), list(ids)
        assert [(mask["start"], mask["end"]) for mask in row["masks"]] == [(start, start + 6) for start in starts]
        for place, mask in zip(places, row["masks"], strict=True):
            order = np.argsort(-scores[place], kind="stable")[:3]
            assert [c["token"] for c in mask["candidates"]] == list(order), (text, mask, order)
            best[place] = order[0]
            for c in mask["candidates"]:
                close(c["score"], scores[place][c["token"]])
                assert c["token_str"] == decoded([c["token"]], False)
                filled = ids[:place] + [c["token"]] + ids[place + 1:]
                assert c["sequence"] == decoded(filled, len(places) == 1)
        assert row["text"] == decoded(best, True)
        plain = [line.split("\t") for line in run("fill", "-p", text).splitlines()]
        assert len(plain) == 5 * len(places)
        assert [line[-3] for line in plain[:3]] == [c["token_str"] for c in row["masks"][0]["candidates"]]
    assert run("fill", "--lines", "-", text="\n".join(texts)).splitlines() == [row["text"] for row in rows]
    assert "expected [MASK]" in refused(1, "fill", "-p", "no mask")


# ---- answers --------------------------------------------------------------------------------------------------------

QUESTION = "Where was Marie Curie born?"
CONTEXT = ("Marie Skłodowska was born in Warsaw, in what was then the Kingdom of Poland; she studied at Warsaw's clandestine "
           "Flying University and began her practical scientific training there. In 1891, aged 24, she followed her elder "
           "sister Bronisława to study in Paris, where she earned her higher degrees and conducted her work.")


def spans_of(question, tokens, room, stride, most, top):
    """{(start, end): score} of the answers, and the least score of no answer."""
    answers, nothing = {}, 1e6
    for part in windows(tokens, room, stride):
        ids = [CLS] + question + [SEP] + [token[0] for token in part] + [SEP]
        types = [0] * (len(question) + 2) + [1] * (len(part) + 1)
        first = len(question) + 2
        allowed = np.zeros(len(ids), dtype=bool)
        allowed[0] = True
        allowed[first:first + len(part)] = True
        begins, ends = (softmax(np.where(allowed, logits, -10000.0)) for logits in answers_of(ids, types))
        nothing = min(nothing, begins[0] * ends[0])
        outer = np.tril(np.triu(np.outer(begins, ends)), most - 1)[first:first + len(part), first:first + len(part)]
        order = np.argsort(-outer, axis=None, kind="stable")[:2 * top + 10]
        for begin, end in zip(*np.unravel_index(order, outer.shape)):
            if begin > end or end - begin >= most:
                continue
            start = min(token[1] for token in part if token[3] == part[begin][3])
            stop = max(token[2] for token in part if token[3] == part[end][3])
            same = [key for key in answers if CONTEXT[key[0]:key[1]].lower() == CONTEXT[start:stop].lower()]
            key = same[0] if same else (start, stop)
            answers[key] = answers.get(key, 0) + outer[begin, end]
    return answers, nothing


def check_answers(found, wanted, top):
    ranked = sorted(wanted.items(), key=lambda item: -item[1])[:top]
    assert [(a["start"], a["end"]) for a in found] == [key for key, _ in ranked], (found, ranked)
    for answer, (key, score) in zip(found, ranked):
        close(answer["score"], score)
        assert answer["answer"] == CONTEXT[key[0]:key[1]]


def check_answer():
    question, tokens = ids_of(QUESTION), tokens_of(CONTEXT)
    room = 66 - 3 - len(question)
    ask = lambda *options: json.loads(run("answer", "--json", "-p", QUESTION, "--context", CONTEXT, *options))["answers"]
    assert len(tokens) > room, "the context has to take several windows"
    for top, stride, most in ((1, None, None), (4, None, None), (3, 10, 4), (3, 0, 1)):
        options = ["--top", str(top)] + (["--stride", str(stride), "--longest", str(most)] if most else [])
        usual = 33 if 33 < room else room // 2
        wanted, nothing = spans_of(question, tokens, room, usual if stride is None else stride, most or 15, top)
        check_answers(ask(*options), wanted, top)
        with_nothing = {**wanted, (0, 0): nothing}
        check_answers(ask(*options, "--impossible"), with_nothing, top)
    best = ask()[0]
    plain = run("-p", QUESTION, "--context", CONTEXT).rstrip("\n").split("\t")
    assert plain[0] == best["answer"] and [int(x) for x in plain[2:]] == [best["start"], best["end"]]
    lines = run("answer", "--json", "--lines", "-", text=f"{QUESTION}\t{CONTEXT}\n{QUESTION}\t{CONTEXT}\n").splitlines()
    assert [json.loads(line)["answers"] for line in lines] == [[best]] * 2
    assert json.loads(run("answer", "--json", "-p", QUESTION, "--context-file", "-", text=CONTEXT))["answers"] == [best]
    assert "expected a question, a tab" in refused(1, "answer", "-p", QUESTION)
    assert "no tokens" in refused(1, "answer", "-p", QUESTION, "--context", " ")
    assert "leaves no room" in refused(1, "answer", "-p", QUESTION * 20, "--context", CONTEXT)
    assert "--stride: expected less" in refused(2, "answer", "-p", QUESTION, "--context", CONTEXT, "--stride", "66")
    assert "exclude" in refused(2, "answer", "-p", QUESTION, "--context", CONTEXT, "--context-file", "x")
    assert "cannot be opened" in refused(1, "answer", "-p", QUESTION, "--context-file", "/nowhere")


{"tags": check_tags, "fill": check_fill, "answer": check_answer}[kind]()
commands = {word for word in ("embed", "classify", "score", "tag", "fill", "answer") if f"\n  {word} " in run("--help")}
assert commands == {{"tags": "tag"}.get(kind, kind)}, commands
print(f"{kind}: as the reference says")
