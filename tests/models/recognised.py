#!/usr/bin/python3
"""recognised.py EXPECT.json < INSPECT.json: what `smelt inspect --json` says must be what was expected.

An entry that is null in EXPECT must not be there. In every other one named there: so many attention, norm and rotary nodes, so many linears with an activation or a gate,
no softmax outside attention, and no sizes left to compute with.
"""

import json
import sys

NEVER = ("softmax", "dims")
OPERATORS = ("attention", "layer_norm", "rms_norm", "rotary")


def differences(entry, expected):
    found = {name: entry["operators"].get(name, 0) for name in OPERATORS + NEVER}
    found.update({name: entry["linear"][name] for name in ("activation", "gated")})
    wanted = {**dict.fromkeys(found, 0), **expected}
    return [f"{entry['name']}: {found[name]} {name}, expected {wanted[name]}" for name in found
            if found[name] != wanted[name]]


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        expected = json.load(f)
    entries = {entry["name"]: entry for entry in json.load(sys.stdin)["entries"]}
    problems = []
    for name, counts in expected.items():
        if (name in entries) != (counts is not None):
            problems.append(f"there is {'an' if name in entries else 'no'} entry {name}")
        elif counts is not None:
            problems += differences(entries[name], counts)
    print("\n".join(problems) if problems else "recognised")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
