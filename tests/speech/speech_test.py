#!/usr/bin/python3
"""speech_test.py SMELT ORACLE FOLDER: a program made of the model in FOLDER writes the ids, times and languages that
reference.py finds, for sounds below and above what the model hears at once."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from reference import Model, read_wav, transcribe, write_wav

EXIT_SKIPPED = 77

# seconds, options of the program, arguments of the reference, whether the model needs choices of languages and times
CASES = [
    (0.3, [], {}, False),
    (0.8, ["--timestamps"], {"times": True}, False),
    (1.9, ["--timestamps"], {"times": True}, True),
    (6.5, [], {}, False),
    (9.0, ["--language", "de"], {"language": "de"}, True),
    (1.1, ["--task", "translate"], {"task": "translate"}, True),
    (1.2, ["--language", "el", "--task", "transcribe", "--timestamps"],
     {"language": "el", "task": "transcribe", "times": True}, True),
    (0.7, ["--beams", "3"], {"beam_count": 3}, False),
    (4.4, ["--beams", "2", "--timestamps"], {"beam_count": 2, "times": True}, True),
    (4.1, ["--no-speech", "0.0005"], {"no_speech": 0.0005}, True),
    (4.1, ["--no-speech", "0"], {"no_speech": 0}, True),
    (9.0, ["--condition"], {"condition": True}, True),
    (5.0, ["--condition", "--beams", "2"], {"condition": True, "beam_count": 2}, True),
]


def sound(seconds, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * 16000)) / 16000
    tones = rng.integers(200, 3000, int(seconds * 4) + 1)[(t * 4).astype(int)]
    return 0.4 * np.sin(2 * np.pi * np.cumsum(tones) / 16000) + 0.02 * rng.standard_normal(len(t))


def same(what, expected, found):
    print(f"{'ok     ' if expected == found else 'NOT OK '} {what}")
    if expected != found:
        print(f"  expected: {expected}\n  found:    {found}")
    return expected == found


def check_case(program, model, path, case, index):
    seconds, options, arguments, _ = case
    write_wav(path, sound(seconds, index))
    expected = transcribe(model, read_wav(path), **arguments)

    def run(*more):
        return subprocess.run([program, path, *more, *options], stdout=subprocess.PIPE, check=True, text=True).stdout

    what = f"{seconds} s {' '.join(options)}"
    ids = [token for _, _, tokens in expected["pieces"] for token in tokens]
    good = same(f"{what}: {len(ids)} ids", ids, [int(id) for id in run("--ids").split()])
    if arguments.get("times") or seconds > model.extractor["chunk_length"]:
        answer = json.loads(run("--json").encode("utf-8", "replace"))
        found = [(round(s["start"], 3), round(s["end"], 3), s["ids"]) for s in answer["segments"]]
        spoken = {v: k.strip("<|>") for k, v in model.choices.get("lang_to_id", {}).items()}.get(expected["language"])
        good &= same(f"{what}: {len(found)} segments", [(round(a, 3), round(b, 3), t) for a, b, t in expected["pieces"]], found)
        good &= same(f"{what}: {spoken} is spoken", spoken, answer.get("language"))
    return good


def check_long_window(smelt, folder, work):
    """The model has no size of its own: then chunk_length's, but no longer a window than programs take."""
    copy, program = os.path.join(work, "long"), os.path.join(work, "hears_long")
    shutil.copytree(folder, copy)
    path = os.path.join(copy, "preprocessor_config.json")
    with open(path, encoding="utf-8") as f:
        config = json.load(f)
    with open(path, "w", encoding="utf-8") as f:
        json.dump({**config, "chunk_length": 2000}, f)
    subprocess.run([smelt, "build", copy, "--cpu", "native", "-o", program], check=True)
    return same("a program with a window of 2000 s", 0, subprocess.run([program, "--help"], stdout=subprocess.PIPE, check=False).returncode)


def main():
    smelt, oracle, folder = sys.argv[1:]
    known = subprocess.run([oracle, "version"], stdout=subprocess.PIPE, text=True, check=False)
    if known.returncode == EXIT_SKIPPED or not os.path.isdir(folder):
        print(f"SKIP: {known.stdout or folder}")
        sys.exit(EXIT_SKIPPED)
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, "program")
        subprocess.run([smelt, "build", folder, "--cpu", "native", "-o", program], check=True)
        model = Model(oracle, folder, work)
        has_choices = "no_timestamps_token_id" in model.choices
        good = [check_case(program, model, os.path.join(work, "a.wav"), case, index)
                for index, case in enumerate(CASES) if has_choices or not case[3]]
        if model.reads_samples:
            good.append(check_long_window(smelt, folder, work))
        model.close()
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
