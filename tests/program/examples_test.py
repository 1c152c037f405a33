#!/usr/bin/python3
"""examples_test.py SMELT EXAMPLES MODELS: each command of examples/README.md does what it is there for. Folders that a reader would
fetch are small models of the same kind, from MODELS; files that he would have are made here."""

import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx  # of graph_model.py
    from PIL import Image
except ImportError as missing:
    print(f"SKIP: {missing}")
    sys.exit(77)

here = os.path.dirname(os.path.abspath(__file__))
smelt, examples, models = sys.argv[1:]
FOLDERS = {"all-MiniLM-L6-v2": "text_readers/states", "distilbert-sst2": "text_readers/labels", "ms-marco-MiniLM": "text_readers/multi",
           "bert-base": "text_readers/fill", "distilbert-squad": "text_readers/answer", "clip-vit-b32": "image_readers/clip",
           "whisper-tiny": "whisper"}
LABEL = r"[^\n]+\t[-+.e0-9]+"
# Of each program, in the order of its commands: the answer, whole.
ANSWERS = {
    "verse": [r"In the beginning .{40,}"],
    "dates": [r"1994-05-03\n2001-01-12"],
    "minilm": [r"([-+.e0-9]+ ){31}[-+.e0-9]+", r"-?[01](\.[0-9]+)?"],
    "mood": [rf"({LABEL}\n){{2}}{LABEL}"],
    "rank": [rf"{LABEL}\n{LABEL}"],
    "names": [r"PER\t[.0-9]+\t0\t12\tEldon Linder\nLOC\t[.0-9]+\t25\t38\tUpper Norford"],
    "bert": [rf"([^\n]+\t[-+.e0-9]+\t[^\n]+\n){{4}}[^\n]+"],
    "squad": [r"[^\t]+\t[-+.e0-9]+\t[0-9]+\t[0-9]+"],
    "shapes": ["\n".join(rf"examples/shapes/pictures/{name}\t{name.split('.')[0]}\t[.0-9]+"
                         for name in sorted(os.listdir(os.path.join(examples, "shapes/pictures"))))],
    "clip": [rf"a (cat|dog)\t[-+.e0-9]+"],
    "whisper": [r"\[00:0[0-9.]+ --> 00:0[0-9.]+\] .*"],
    "graph": [""],
}


def write_files(folder):
    def write(name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    write("smelt", f'#!/bin/sh\nexec "{smelt}" "$@" $([ "$1" != build ] || echo --cpu native)\n')
    os.chmod(os.path.join(folder, "smelt"), 0o755)
    os.symlink(examples, os.path.join(folder, "examples"))
    for name, model in FOLDERS.items():
        os.symlink(os.path.join(models, model), os.path.join(folder, name))
    write("reviews.txt", "It was a joy.\nNever again.\n\u65e5\u672c\n")
    write("pairs.tsv", "who wrote it\tshe did\nwhere\tin a town\n")
    write("book.txt", "It was written in a small town by the sea, long ago, by two of us. " * 20)
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)).save(os.path.join(folder, "photo.jpg"))
    subprocess.run([sys.executable, "-B", os.path.join(here, "../speech/wav_seeds.py"), os.path.join(folder, "seeds")], check=True)
    os.rename(os.path.join(folder, "seeds/1_16_1_whole.wav"), os.path.join(folder, "speech.wav"))
    subprocess.run([sys.executable, "-B", os.path.join(here, "graph_model.py"), folder], check=True)
    os.rename(os.path.join(folder, "graph.onnx"), os.path.join(folder, "any.onnx"))
    np.savez(os.path.join(folder, "inputs.npz"), x=np.load(os.path.join(folder, "x.npy")))


def commands():
    with open(os.path.join(examples, "README.md"), encoding="utf-8") as f:
        return [line[4:].rstrip() for line in f if line.startswith("    ")]


def main():
    left = {program: list(answers) for program, answers in ANSWERS.items()}
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        for command in commands():
            result = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL)
            answer = result.stdout.decode(errors="replace").rstrip("\n")
            called = re.search(r"(^|\| )\./(\w+)", command)
            wanted = left[called[2]].pop(0) if called else ""
            assert result.returncode == 0 and re.fullmatch(wanted, answer, re.DOTALL), (command, wanted, result)
            print(f"ok      {command}")
        assert not any(left.values()), left
        answers = np.load(os.path.join(folder, "outputs.npz"))
        for name in ("z", "sums"):
            assert np.allclose(answers[name], np.load(os.path.join(folder, f"{name}.npy")), atol=1e-5), name


main()
