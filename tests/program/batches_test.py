#!/usr/bin/python3
"""batches_test.py SMELT READERS: over a file of lines, a program whose graph takes several texts at once answers as one that reads
them one by one: in the order of lines, the same messages, numbers within 2e-5; with fewer calls of the model."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from called_program import TOLERANCE

BATCH = 4
smelt, readers = sys.argv[1:]
if not os.path.isdir(readers):
    print(f"SKIP: {readers} is absent")
    sys.exit(77)
WORDS = "the quick brown fox jumps over a lazy dog and Anna of Berlin sleeps".split()
random = np.random.default_rng(5)


def words(count):
    return " ".join(random.choice(WORDS, count))


def lines(form):
    """Of many lengths, among them one that is too long for every model, bytes that are no UTF-8, and an empty one."""
    texts = [form(int(count)) for count in random.integers(1, 9, 40)]
    return "\n".join([*texts[:20], "", *texts[20:30], form(200), *texts[30:]]).encode() + b"\n\xff\xfe " + form(3).encode() + b"\n"


# kind: the command's arguments, a text of so many words
CASES = {
    "states": [(["embed"], words), (["embed", "--window"], words), (["embed", "--prompt-name", "query"], words),
               (["embed", "--pair"], lambda count: f"{words(count)}\t{words(count // 2 + 1)}"),
               (["similar"], lambda count: f"{words(count // 2 + 1)}\t{words(count)}")],
    "fixed": [(["embed"], words)],
    "labels": [(["classify"], words)],
    "answer": [(["answer"], lambda count: f"{words(3)}\t{words(count)}")],
    "causal": [(["score"], words)],
}


def numbers(value):
    """The value without its numbers, and these: those that are no integers."""
    found = []

    def without(part):
        if isinstance(part, float):
            found.append(part)
            return "number"
        if isinstance(part, list):
            return [without(item) for item in part]
        return {key: without(item) for key, item in part.items()} if isinstance(part, dict) else part

    return without(value), found


def call(program, arguments, text, calls):
    with tempfile.TemporaryDirectory() as folder:
        profile = os.path.join(folder, "profile.json")
        result = subprocess.run([program, *arguments, "--json", "--lines", "-", "--profile-json", profile], input=text,
                                capture_output=True, check=False)
        if result.returncode == 0:  # else no profile is written
            with open(profile, encoding="utf-8") as f:
                calls.append(json.load(f)["entries"][0]["calls"])
    return result.returncode, result.stdout.decode().splitlines(), result.stderr.decode().replace(program, "program")


def check(kind, programs):
    for arguments, form in CASES[kind]:
        text, calls = lines(form), []
        (code, alone, messages), (found_code, found, found_messages) = (call(program, arguments, text, calls) for program in programs)
        assert (found_code, found_messages, len(found)) == (code, messages, len(alone)), (arguments, found_code, code, found_messages, messages)
        assert len(alone) == text.count(b"\n") and (code == 1 or kind == "states"), (arguments, code, len(alone))
        for one, other in zip(alone, found):
            (left, left_numbers), (right, right_numbers) = numbers(json.loads(one)), numbers(json.loads(other))
            assert left == right, (arguments, one, other)
            assert np.allclose(left_numbers, right_numbers, rtol=1e-6, atol=TOLERANCE), (arguments, one, other)
        assert not calls or calls[1] < calls[0] * 0.6, (arguments, calls)
        print(f"ok      {kind}: {' '.join(arguments)}", *calls)


def check_waiting(program):
    """A line has its answer before the next one is there."""
    with subprocess.Popen([program, "--lines", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdin.write(words(3).encode() + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().strip()
        process.stdin.close()
        assert process.wait() == 0
    print("ok      a line is not kept waiting")


def check_apart(folder):
    """A graph that chooses one scale for the bytes of all texts reads each alone."""
    model = onnx.load(os.path.join(readers, "labels", "model.onnx"))
    output = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = ["exact" if name == output else name for name in node.output]
    model.graph.node.append(onnx.helper.make_node("DynamicQuantizeLinear", ["exact"], ["bytes", "scale", "zero"]))
    model.graph.node.append(onnx.helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], [output]))
    whole = shutil.copytree(os.path.join(readers, "labels"), os.path.join(folder, "whole"))
    onnx.save(model, os.path.join(whole, "model.onnx"))
    text, answers = "\n".join(words(count) for count in range(1, 9)).encode(), []
    for batch in (1, BATCH):
        program = f"{whole}.{batch}"
        subprocess.run([smelt, "build", whole, "--cpu", "native", "--max-batch", str(batch), "-q", "-o", program], check=True)
        answers.append(call(program, ["classify"], text, []))
    assert answers[0] == answers[1], answers
    print("ok      one scale for all texts")


with tempfile.TemporaryDirectory() as folder:
    check_apart(folder)
    for kind in CASES:
        programs = []
        for batch in (1, BATCH):
            programs.append(os.path.join(folder, f"{kind}.{batch}"))
            subprocess.run([smelt, "build", os.path.join(readers, kind), "--cpu", "native", "--max-batch", str(batch), "-q", "-o", programs[-1]],
                           check=True, capture_output=True)
        check(kind, programs)
    check_waiting(programs[-1])
