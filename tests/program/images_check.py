#!/usr/bin/python3
"""images_check.py MODELS KIND PROGRAM: the program of a graph that reads images answers what its module says.

The modules are those of tests/models/image_readers.py; PyTorch runs them in f32 on what tests/vision/processors.py makes
of the image.
"""

import json
import os
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(here, "..", "models"), os.path.join(here, "..", "vision")]
import image_readers  # which skips where PyTorch is absent

try:
    import numpy as np
    import torch
    from PIL import Image
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(77)
from called_program import CalledProgram, close
from pictures import photo
from processors import pixel_values

models, kind, program = sys.argv[1:]
called = CalledProgram(program)
call, run, refused = called.call, called.run, called.refused
work = tempfile.mkdtemp()
config = image_readers.PROCESSORS[image_readers.OWN[kind]]


def softmax(logits):
    power = np.exp(logits - logits.max())
    return power / power.sum()


# ---- images: two kinds of PNG, and a JPEG, which is given to the module as the program reads it ------------------------

arrays = [photo(90, 60, 1), photo(31, 77, 2), photo(24, 24, 3)]
paths = [os.path.join(work, f"{i}.png") for i in range(len(arrays))]
for array, path in zip(arrays, paths):
    Image.fromarray(array).save(path)
Image.fromarray(np.dstack([arrays[1], arrays[1][..., 0]])).save(paths[1])  # alpha is dropped
values = [torch.from_numpy(pixel_values(config, array)[None]) for array in arrays]


def answers(*inputs):
    with torch.no_grad():
        return [answer[0].numpy().astype(float) for answer in module(*inputs)]


def lines(command, *options):
    return [json.loads(line) for line in run(command, "--json", *paths, *options).splitlines()]


# ---- what each head must say --------------------------------------------------------------------------------------------


def check_labels():
    names = list(image_readers.LABELS.values()) if kind == "labels" else [f"LABEL_{i}" for i in range(5)]
    for path, row, value in zip(paths, lines("classify"), values):
        logits = answers(value)[0]
        check_choices(row, path, names, softmax(logits))
        check_choices(json.loads(run("classify", "--json", path, "--scoring", "none")), path, names, logits)
    check_lines(names, softmax(answers(values[0])[0]))


def check_choices(row, path, names, scores):
    order = np.argsort(-scores, kind="stable")
    assert row["image"] == path and row["label"] == names[order[0]]
    assert [choice["label"] for choice in row["labels"]] == [names[i] for i in order], (row, scores)
    close([choice["score"] for choice in row["labels"]], scores[order])


def check_lines(names, scores, *options):
    order = np.argsort(-scores, kind="stable")
    best = run("classify", paths[0], *options)
    assert best.split("\t")[0] == names[order[0]] and best.count("\n") == 1
    assert run(paths[0], *options) == best  # what it is for needs no word
    with open(paths[0], "rb") as f:
        assert run("classify", "-", *options, text=f.read()) == best
    words = run("classify", *paths, "--top-k", "2", *options).splitlines()
    assert len(words) == len(paths) and words[0].split("\t")[0] == paths[0]
    assert words[0].split("\t")[1::2] == [names[i] for i in order[:2]]
    assert len(json.loads(run("classify", "--json", "--top-k", "1", paths[0], *options))["labels"]) == 1


def check_clip():
    texts = ["a cat", "a dog that barks at night", "x", *(f"thing number {i} z" for i in range(40))]
    for count in (1, 2, len(texts)):
        names = texts[:count]
        for path, row, value in zip(paths, lines("classify", "--labels", *names), values):
            logits = []
            for name in names:
                ids = torch.tensor([json.loads(run("tokenize", "--json", "-p", name))["ids"]])
                logits.append(answers(ids, value, torch.ones_like(ids))[0][0])
            check_choices(row, path, names, softmax(np.array(logits)))
    scores = {choice["label"]: choice["score"] for choice in json.loads(run("classify", "--json", paths[0], "--labels", *texts[:3]))["labels"]}
    check_lines(texts[:3], np.array([scores[text] for text in texts[:3]]), "--labels", *texts[:3])
    assert "no --labels" in refused(2, "classify", paths[0])
    assert "needs TEXT" in refused(2, "classify", paths[0], "--labels")
    assert "at most 40" in refused(1, "classify", paths[0], "--labels", "long " * 30)
    assert run("classify", paths[0], "--truncate", "--labels", "long " * 30).split("\t")[1] == "1\n"


def check_vectors(pool):
    for path, row, value in zip(paths, lines("embed"), values):
        wanted = pool(answers(value))
        assert row["image"] == path
        close(row["vector"], wanted)
        close(run("embed", path).split(), wanted)
        close(run("embed", path, "--normalize").split(), wanted / np.linalg.norm(wanted))
    assert [line.split("\t")[0] for line in run("embed", *paths).splitlines()] == paths
    close(run(paths[0]).split(), pool(answers(values[0])))


def check_states():
    check_vectors(lambda outputs: outputs[0][0])
    close(run("embed", paths[0], "--pooling", "mean").split(), answers(values[0])[0].mean(0))
    assert "expected mean, cls" in refused(2, "embed", paths[0], "--pooling", "median")


def check_pooler():
    check_vectors(lambda outputs: outputs[1])
    assert "one vector" in refused(2, "embed", paths[0], "--pooling", "mean")


# ---- images that cannot be read -------------------------------------------------------------------------------------------


def check_bad_images(command, *options):
    bad = {"empty.png": (b"", "empty"), "text.png": (b"no image\n", "no PNG, JPEG or BMP"), "absent.png": (None, "cannot be opened")}
    with open(paths[0], "rb") as f:
        bad["cut.png"] = (f.read()[:400], "cut off")
    for name, (data, why) in bad.items():
        path = os.path.join(work, name)
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        message = refused(1, command, path, *options)
        assert why in message and path in message, message
    mixed = [paths[0], *(os.path.join(work, name) for name in bad), paths[1]]
    result = call(command, *mixed, *options)
    assert result.returncode == 1 and result.stderr.count(b"\n") == len(bad), result
    assert [line.split("\t")[0] for line in result.stdout.decode().splitlines()] == [paths[0], paths[1]]
    assert "no image" in refused(2, command, *options)
    assert "does nothing" in refused(2, command, paths[0], "--temp", "1", *options)
    assert "unknown option" in refused(2, command, paths[0], "--bad", *options)


module = image_readers.module(kind)
{"labels": check_labels, "fixed": check_labels, "clip": check_clip, "states": check_states, "pooler": check_pooler}[kind]()
command = "classify" if kind in ("labels", "fixed", "clip") else "embed"
check_bad_images(command, *(["--labels", "a", "b"] if kind == "clip" else []))
help_text = run("--help")
assert "Reads images with" in help_text and f"\n  {command} " in help_text, help_text
assert "IMAGE" in run(command, "--help")
print(f"{kind}: right on {len(paths)} images")
