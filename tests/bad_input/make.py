#!/usr/bin/python3
"""make.py OUT: writes hostile inputs below OUT and OUT/manifest.tsv, one line each: name, path, expectation.

The expectation is an extended regular expression for smelt's error line, or "-builds-" for sound input,
or "-no-crash-" where both a program and a clean error are right. run.sh reads the manifest.
"""

import argparse
import importlib.util
import os
import shutil
import sys

if not importlib.util.find_spec("onnx"):
    print("SKIP: python3-onnx is not installed")
    sys.exit(77)

import file_cases  # noqa: F401, E402 (importing a module registers its cases)
import graph_cases  # noqa: F401, E402
import large_cases  # noqa: F401, E402
import text_cases  # noqa: F401, E402
from case_table import CASES  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    out = parser.parse_args().out
    lines = []
    for index, (name, expect, write) in enumerate(CASES):
        # A number, not the name: the name in an error line's path must not be what matches the expectation.
        folder = os.path.join(out, f"case_{index:03}")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        path = write(folder) or folder
        lines.append(f"{name}\t{os.path.relpath(path, out)}\t{expect}\n")
    with open(os.path.join(out, "manifest.tsv"), "w", encoding="utf-8") as f:
        f.writelines(lines)
    print(f"{len(lines)} inputs in {out}")


if __name__ == "__main__":
    main()
