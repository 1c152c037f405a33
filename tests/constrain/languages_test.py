"""languages_test.py TOOL FOLDER [FOLDER...]: constraints against matchers of their own (languages.py), over the
tokenizers in each FOLDER that there is: what is drawn at random matches, and of texts near those exactly those are
taken that match. Of schemas, whose grammars leave out ways to write a value, what is taken is valid."""
import os
import random
import struct
import subprocess
import sys
import tempfile

import languages

tool, folders = sys.argv[1], [folder for folder in sys.argv[2:] if os.path.isdir(folder)]
failures = 0


def fail(*what):
    global failures
    failures += 1
    print("NOT OK ", *what)


def run(folder, kind, text, *arguments, records=b""):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        return subprocess.run([tool, folder, kind, file.name, *map(str, arguments)], input=records, capture_output=True)


def pack(texts):
    return b"".join(struct.pack("<I", len(text)) + text for text in (text.encode() for text in texts))


def unpack(data):
    texts, at = [], 0
    while at < len(data):
        (count,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4:at + 4 + count].decode())
        at += 4 + count
    return texts


def near(texts, chance):
    """The texts with a character put in, left out or changed."""
    letters = sorted(set("".join(texts))) or ["a"]
    for text in texts:
        for _ in range(12):
            at, kind = chance.randrange(len(text) + 1), chance.randrange(3)
            letter = chance.choice(letters + list("x0 \"é"))
            yield text[:at] + (letter if kind != 1 else "") + text[at + (kind != 0):]


def check(folder, kind, name, text, matches, is_exact=True):
    chance = random.Random(name)
    drawn = run(folder, kind, text, "write", 12, 5)
    if drawn.returncode and b"allows no text" in drawn.stderr:
        return False  # the vocabulary cannot spell it
    if drawn.returncode:
        fail(folder, kind, name, drawn.stderr.decode().strip())
        return True
    texts = unpack(drawn.stdout)
    for one in texts:
        if not matches(one):
            fail(folder, kind, name, "drawn, but no match:", repr(one))
    others = list(dict.fromkeys(near([one for one in texts if len(one) < 400], chance)))
    taken = run(folder, kind, text, "match", records=pack(texts + others)).stdout.decode().split()
    if taken[:len(texts)] != ["yes"] * len(texts):
        fail(folder, kind, name, "what is drawn is not taken")
    for one, answer in zip(others, taken[len(texts):], strict=True):
        if answer == "yes" and not matches(one):
            fail(folder, kind, name, "taken, but no match:", repr(one))
        if is_exact and answer == "no" and matches(one):
            fail(folder, kind, name, "not taken:", repr(one))
    return True


for folder in folders:
    count = 0
    for name, text, matches in languages.GRAMMARS:
        count += check(folder, "grammar", name, text, matches, name != "json")
    for text in languages.REGEXES:
        count += check(folder, "regex", text, text, lambda one, text=text: languages.regex_matches(text, one))
    for name, schema in languages.SCHEMAS.items():
        count += check(folder, "json-schema", name, languages.json.dumps(schema),
                       lambda one, schema=schema: languages.schema_matches(schema, one), False)
    print(f"{folder}: {count} constraints")
    if count < 20:
        fail(folder, "spells too few of the constraints")
sys.exit(failures > 0)
