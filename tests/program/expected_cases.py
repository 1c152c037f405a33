#!/usr/bin/python3
"""expected_cases.py EXAMPLE: one line per case of EXAMPLE/expected.json: number of ids, ids, prompt, text.

Fields are apart by tabs, texts have \\ and newline escaped as printf's %b reads them. An end token that stopped
the text is left out, since programs do not report it.
"""

import json
import sys
from pathlib import Path


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def main():
    example = Path(sys.argv[1])
    end = json.loads((example / "model/generation_config.json").read_text())["eos_token_id"]
    for case in json.loads((example / "expected.json").read_text(encoding="utf-8"))["cases"]:
        ids = case["greedy_ids"]
        count = len(ids)
        if ids[-1] == end:
            ids = ids[:-1]
        print(count, " ".join(map(str, ids)), escape(case["prompt"]), escape(case["greedy_text"]), sep="\t")


if __name__ == "__main__":
    main()
