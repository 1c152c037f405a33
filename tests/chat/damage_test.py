#!/usr/bin/python3
"""damage_test.py RENDER: templates of any text, and compiled ones with wrong bytes, never crash or hang the program."""

import json
import os
import random
import subprocess
import sys
import tempfile

render = sys.argv[1]
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
CONVERSATION = json.dumps({"messages": [{"role": "user", "content": "a <think>x</think> b"}, {"role": "assistant", "content": "é"},
                                        {"role": "user", "content": "c"}], "add_generation_prompt": True}).encode() + b"\n"
PIECES = [b"{{", b"}}", b"{%", b"%}", b"{#", b"#}", b"-", b"if", b"for x in", b"endfor", b"endif", b"set", b"'", b"(", b")", b"[", b"]",
          b":", b"|", b"\\", b"\xff", b"loop.", b"macro", b"\n", b"99999999", b"~", b"**", b".", b"is not", b"range(99999)"]


# Templates that would take endless time, memory or stack, and what becomes of them.
GREEDY = [
    ("{{ 'x' * (8388607 * 8388607) }}", b"too much memory"),
    ("{{ 1 ** (8388607 * 8388607) }}{{ (-1) ** 8388607 }}{{ 0 ** 8388606 }}", b'"1-10"'),
    ("{% set a = namespace(x=[]) %}{% set b = namespace(x=[]) %}{% for i in range(99999) %}{% set a.x = [a.x] %}"
     "{% set b.x = [b.x] %}{% endfor %}{{ a.x == b.x }}", b'"False"'),
    ("{{ 'abc'[::'x'] }}", b"steps of 0"),
    ("{% for i in range(99999) %}{% for k in range(9999) %}{% set a = 'a' ~ k %}{% endfor %}{% endfor %}", b"too much memory"),
]


def run(*arguments, text=CONVERSATION):
    result = subprocess.run([render, *arguments], input=text, capture_output=True, check=False, timeout=300)
    assert result.returncode in (0, 1), (arguments, result.returncode, result.stderr[-2000:])
    return result


def damaged(data, chance):
    """A copy with a few places overwritten, cut out, or put in again."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made))
        kind = chance.randrange(4)
        if kind == 0:
            made[at] = chance.randrange(256)
        elif kind == 1:
            del made[at : at + chance.randint(1, 20)]
        elif kind == 2:
            made[at:at] = made[at : at + chance.randint(1, 30)]
        else:
            made[at:at] = chance.choice(PIECES)
        made = made or bytearray(b" ")
    return bytes(made)


def main():
    chance = random.Random(1)
    templates = []
    for name in sorted(os.listdir(here)):
        with open(os.path.join(here, name), "rb") as file:
            templates.append(file.read())
    accepted = 0
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "file")

        def write(data):
            with open(path, "wb") as file:
                file.write(data)

        for template, said in GREEDY:
            write(template.encode())
            found = run(path).stdout
            assert said in found, (template, found)
        for _ in range(250):
            write(damaged(chance.choice(templates), chance))
            accepted += run(path, "bos_token=x").returncode == 0
        for template in templates:
            write(template)
            blob = run(path, "blob").stdout
            for _ in range(25):
                wrong = bytearray(blob)
                for _ in range(chance.randint(1, 3)):
                    wrong[chance.randrange(8, len(wrong))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
                write(bytes(wrong))
                accepted += run(path, "damaged").returncode == 0
    assert accepted > 100, accepted
    print(f"{accepted} damaged templates were run")


if __name__ == "__main__":
    main()
