#!/usr/bin/python3
"""cross_attention_test.py PROGRAM: what generation costs grows with the source only by reading its keys and values.

PROGRAM is that of examples/dates. By --profile-json: each step of `decode` does the same work behind a short source as behind
a long one, but for the attention over it, which reads two rows of the model's width more for each token more, and nothing
else.
"""

import json
import os
import subprocess
import sys
import tempfile

SOURCES = ("March 3, 1999", "the twenty third day of the month of september in the year two thousand and two")
TOKENS, WIDTH, FLOAT_BYTES = 4, 128, 4
EXIT_SKIPPED = 77


def profile(program, source, path):
    subprocess.run([program, "-p", source, "-n", str(TOKENS), "--ignore-eos", "--profile-json", path], check=True,
                   stdout=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as f:
        entries = {entry["name"]: entry for entry in json.load(f)["entries"]}
    return entries["encode"]["tokens"], entries["decode"]["steps"]


def main():
    program = sys.argv[1]
    if not os.path.isfile(program):
        print(f"SKIP: {program} was not built")
        sys.exit(EXIT_SKIPPED)
    with tempfile.TemporaryDirectory() as work:
        (short, before), (long, after) = (profile(program, source, os.path.join(work, "p.json")) for source in SOURCES)
    assert long > 2 * short, (short, long)
    assert [s["label"] for s in before] == [s["label"] for s in after]
    grown = [(a, b) for a, b in zip(before, after) if (a["calls"], a["flops"], a["bytes"]) != (b["calls"], b["flops"], b["bytes"])]
    assert grown and all("attention" in a["label"] for a, _ in grown), grown
    for a, b in grown:
        more = b["bytes"] - a["bytes"]
        expected = a["calls"] * (long - short) * 2 * WIDTH * FLOAT_BYTES
        print(f"{a['label']}: {short} -> {long} tokens of source, {more} bytes more, keys and values {expected}")
        assert more == expected, (more, expected)


if __name__ == "__main__":
    main()
