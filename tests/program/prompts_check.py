#!/usr/bin/python3
"""prompts_check.py MODELS KIND PROGRAM: prompts before texts that become vectors, as sentence-transformers puts them: by name, by
default, left out of the mean where the pooling's include_prompt is false."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
import text_readers  # which skips where PyTorch is absent

import numpy as np
import torch

from called_program import CalledProgram, close

models, kind, program = sys.argv[1:]
run, refused = CalledProgram(program).run, CalledProgram(program).refused
module = text_readers.module(kind)
PROMPTS = text_readers.PROMPTS[kind]["prompts"]
DEFAULT = text_readers.PROMPTS[kind]["default_prompt_name"]
TEXTS = ["A line of words.", "Straße", "the quick brown fox jumps"]


def ids_of(text):
    return json.loads(run("tokenize", "--json", "-p", text))["ids"]


def vector(text, prompt):
    """Pooling: the mean of what is behind the prompt's tokens, all of them but its [SEP]."""
    with torch.no_grad():
        states = module(*text_readers.inputs_of(kind, ids_of(prompt + text)).values())[0][0].numpy().astype(float)
    return states[len(ids_of(prompt)) - 1 if prompt else 0:].mean(0)


def embed(text, *options):
    return np.array([float(x) for x in run("embed", "-p", text, *options).split()])


for text in TEXTS:
    close(embed(text), vector(text, PROMPTS[DEFAULT]))
    for name, prompt in PROMPTS.items():
        close(embed(text, "--prompt-name", name), vector(text, prompt))
    close(embed(text, "--prefix", "find: "), vector(text, "find: "))
    close(embed(text, "--prefix", ""), vector(text, ""))
    close(embed(text, "--prompt-name", "text", "--pooling", "cls"),
          module(*text_readers.inputs_of(kind, ids_of("text:" + text)).values())[0][0][0].detach().numpy())
rows = run("embed", "--json", "--prompt-name", "text", "--lines", "-", text="\n".join(TEXTS)).splitlines()
close([json.loads(row)["vector"] for row in rows], [vector(text, "text:") for text in TEXTS])


def cosine(left, right):
    return left @ right / np.linalg.norm(left) / np.linalg.norm(right)


default, text = PROMPTS[DEFAULT], PROMPTS["text"]
close(float(run("similar", *TEXTS[:2])), cosine(vector(TEXTS[0], default), vector(TEXTS[1], default)))
close(float(run("similar", *TEXTS[:2], "--prompt-name", "question,text")), cosine(vector(TEXTS[0], default), vector(TEXTS[1], text)))
close(float(run("similar", *TEXTS[:2], "--prompt-name", "text")), cosine(vector(TEXTS[0], text), vector(TEXTS[1], text)))
close(float(run("similar", "--lines", "-", "--prompt-name", "text,nothing", text="\t".join(TEXTS[:2]))),
      cosine(vector(TEXTS[0], text), vector(TEXTS[1], "")))

assert "expected one of question, nothing, text, found 'query'" in refused(2, "embed", "-p", "a", "--prompt-name", "query")
assert "found 'query'" in refused(2, "similar", "a", "b", "--prompt-name", "text,query")
assert "exclude each other" in refused(2, "embed", "-p", "a", "--prompt-name", "text", "--prefix", "b")
assert "exclude each other" in refused(2, "embed", "--prompt-ids", "1 2", "--prompt-name", "text")
run("embed", "--prompt-ids", "101 102")  # before which the default is not put
assert "--prompt-name NAME" in run("embed", "--help") and "--prompt-name NAME,NAME" in run("similar", "--help")
assert "does nothing" in refused(2, "tokenize", "-p", "a", "--prefix", "b")
print("prompts are where sentence-transformers puts them")
