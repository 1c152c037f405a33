#!/usr/bin/python3
"""jinja_test.py RENDER NPM: compiled chat templates beside the npm package @huggingface/jinja, which browsers render with.

Where it writes something else, or fails, the reference is Jinja2, with which models were trained: compiled templates must
write what that does. How often the package departs from it is KNOWN, by template, so that a change is seen."""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import templates_test as own

npm = sys.argv[2]
here = os.path.dirname(os.path.abspath(__file__))
KNOWN = {"breaks.jinja": 14}  # it has no map('filter'), which Jinja2 has


def job(template):
    return json.dumps({"template": template, "variables": own.VARIABLES, "conversations": own.CONVERSATIONS})


def others(templates):
    result = subprocess.run(["node", os.path.join(here, "render.mjs"), npm], input="\n".join(map(job, templates)).encode(),
                            capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.splitlines()]


def main():
    fetched = subprocess.run([os.path.join(here, "..", "..", "setup", "npm"), npm, "@huggingface/transformers"], check=False)
    if fetched.returncode:
        sys.exit(fetched.returncode)
    names = sorted(os.listdir(own.folder))
    templates = {name: open(os.path.join(own.folder, name), encoding="utf-8", newline="").read() for name in names}
    answers, departures, texts = iter(others(templates.values())), {}, 0
    for name, template in templates.items():
        compiled, found = own.environment().from_string(template), own.rendered(os.path.join(own.folder, name))
        for conversation, ours in zip(own.CONVERSATIONS, found):
            theirs, right = next(answers), own.wanted(compiled, conversation)
            texts += 1
            if ours == theirs or ("error" in ours and "error" in theirs):
                continue
            assert "error" in right and "error" in ours or ours == right, (name, conversation, ours, theirs, right)
            departures.setdefault(name, []).append((conversation, ours, theirs))
    for name, rows in departures.items():
        conversation, ours, theirs = rows[0]
        print(f"{name}: {len(rows)} of {len(own.CONVERSATIONS)}, first\n  {conversation}\n  Jinja2, ours {ours}\n  npm          {theirs}")
    print(f"{texts} texts, {sum(map(len, departures.values()))} of them otherwise in npm than in Jinja2 and here")
    assert {name: len(rows) for name, rows in departures.items()} == KNOWN


if __name__ == "__main__":
    main()
