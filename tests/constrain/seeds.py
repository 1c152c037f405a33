"""seeds.py FOLDER: the constraints of these tests as seeds for tests/fuzz/constrain_fuzz.c: a byte for the kind, the text."""
import json
import sys

import errors
import languages

KINDS = {"grammar": b"\0", "json-schema": b"\1", "regex": b"\2"}

seeds = [("grammar", text) for _, text, _ in languages.GRAMMARS]
seeds += [("json-schema", json.dumps(schema)) for schema in languages.SCHEMAS.values()]
seeds += [("regex", text) for text in languages.REGEXES]
seeds += [(kind, text) for kind, text, _ in errors.CASES]
for number, (kind, text) in enumerate(seeds):
    with open(f"{sys.argv[1]}/{number:03}", "wb") as file:
        file.write(KINDS[kind] + (text if isinstance(text, bytes) else text.encode()))
