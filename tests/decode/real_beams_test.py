"""real_beams_test.py PROGRAM: a compiled model's beams are the reference's over the logits that the program writes."""
import os
import subprocess
import sys
import tempfile

import numpy as np

import beam_search

VOCAB = 1536
OPTIONS = {"beams": 3, "beam_groups": 0, "diversity_penalty": 0, "length_penalty": 1.0, "early_stopping": "false",
           "max_new_tokens": 8, "stop_ids": [1535, 13], "pad": 0}
CASES = [OPTIONS, OPTIONS | {"beams": 4, "beam_groups": 2, "diversity_penalty": 1.5, "repetition_penalty": 1.3}]


def ids_of(program, *arguments):
    run = subprocess.run([program, *arguments, "--ids"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return [list(map(int, line.split())) for line in run.stdout.splitlines()]


def main():
    program, texts = sys.argv[1], {}

    def model(text):
        """The logits after a text; each is computed once."""
        key = tuple(text)
        if key not in texts:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "logits")
                ids_of(program, "--prompt-ids", " ".join(map(str, text)), "-n", "1", "--logits", path)
                texts[key] = np.fromfile(path, dtype=np.float32).reshape(-1, VOCAB)[-1]
        return texts[key]

    wrong = 0
    for case in CASES:
        prompt = [1154, 258, 792]
        expected = [tokens for _, _, tokens in beam_search.search(model, case, prompt)]
        found = ids_of(program, "--prompt-ids", " ".join(map(str, prompt)), "-n", str(case["max_new_tokens"]),
                       "--beams", str(case["beams"]), "--beam-groups", str(case["beam_groups"]), "--stop-id", "13",
                       "--diversity-penalty", str(case["diversity_penalty"]), "-N", str(case["beams"]),
                       "--repeat-penalty", str(case.get("repetition_penalty", 1)))
        if found != expected:
            wrong += 1
            print("expected", *expected, "found", *found, sep="\n  ")
    print(f"{len(texts)} texts read, {wrong} of {len(CASES)} searches wrong")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
