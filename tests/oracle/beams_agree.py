#!/usr/bin/python3
"""beams_agree.py ORACLE PROGRAM FOLDER SOURCE START: the beams of a compiled encoder-decoder are those of the written
reference (tests/decode/beam_search.py) over ONNX Runtime's logits. SOURCE: ids 5,6,7 of the encoder's text; START: of the
decoder's."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "decode"))

import numpy as np  # after the path, as it skips where numpy is absent

import beam_search

OPTIONS = {"beams": 4, "beam_groups": 0, "diversity_penalty": 0, "length_penalty": 1.0, "early_stopping": "false",
           "max_new_tokens": 10, "pad": 0}


def main():
    oracle, program, folder, source, start = sys.argv[1:]
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    texts = {}
    with subprocess.Popen([oracle, "logits", folder, "--ids", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:

        def model(text):
            key = " ".join(map(str, text))
            if key not in texts:
                child.stdin.write(f"{key}\n".encode())
                child.stdin.flush()
                texts[key] = np.frombuffer(child.stdout.read(4 * config["vocab_size"]), dtype=np.float32)
            return texts[key]

        options = OPTIONS | {"stop_ids": [config["eos_token_id"]]}
        expected = [tokens for _, _, tokens in beam_search.search(model, options, [int(start)])]
        child.stdin.close()
    run = subprocess.run([program, "--prompt-ids", source.replace(",", " "), "-n", str(OPTIONS["max_new_tokens"]), "--ids",
                          "--beams", str(OPTIONS["beams"]), "-N", str(OPTIONS["beams"])],
                         capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    found = [list(map(int, line.split())) for line in run.stdout.splitlines()]
    if found != expected:
        print("beams: expected", *expected, "found", *found, sep="\n  ")
        return 1
    print(f"beams: {len(expected)} texts agree, {len(texts)} texts read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
