"""exact_test.py TOOL STEPS EVERY FOLDER...: of each EVERYth constraint, at every step of texts drawn at random, the
tokens that it allows are exactly those that it allows when each is tried by itself. Over the tokenizers in each FOLDER
that there is."""
import json
import os
import subprocess
import sys
import tempfile

import languages

tool, steps, every = sys.argv[1], sys.argv[2], int(sys.argv[3])
folders = [folder for folder in sys.argv[4:] if os.path.isdir(folder)]
constraints = [("grammar", text) for _, text, _ in languages.GRAMMARS]
constraints += [("regex", text) for text in languages.REGEXES]
constraints += [("json-schema", json.dumps(schema)) for schema in languages.SCHEMAS.values()]
failures = 0
for folder in folders:
    done_count = 0
    for seed, (kind, text) in enumerate(constraints[::every]):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([tool, folder, kind, file.name, "exact", steps, str(seed)], capture_output=True, text=True)
        if "allows no text" in done.stderr:
            continue  # the vocabulary cannot spell it
        done_count += 1
        if done.returncode:
            failures += 1
            print("NOT OK ", folder, kind, text[:60], done.stderr.strip())
    print(f"{folder}: {done_count} constraints")
sys.exit(failures > 0)
