#!/usr/bin/python3
"""verdict.py OPERATOR REPORT.json: whether every test of a `smelt check --json` report passed, and how near."""

import json
import sys

operator, path = sys.argv[1:]
with open(path, encoding="utf-8") as f:
    tests = json.load(f)["tests"]
passed = [test for test in tests if test["verdict"] == "passed"]
largest = max((test["difference"] for test in passed), default=0)
print(f"{operator}: {len(passed)} of {len(tests)} rows agree, largest difference {largest:.2g}")
sys.exit(len(passed) < len(tests))
