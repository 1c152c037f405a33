"""errors_test.py TOOL FOLDER: what is wrong with a constraint is said in one line with its place, and ends with 1."""
import re
import subprocess
import sys
import tempfile

from errors import CASES

tool, folder = sys.argv[1:]
failures = 0
for kind, text, expected in CASES:
    with tempfile.NamedTemporaryFile() as file:
        file.write(text if isinstance(text, bytes) else text.encode())
        file.flush()
        done = subprocess.run([tool, folder, kind, file.name, "match"], stdin=subprocess.DEVNULL, capture_output=True)
    found = done.stderr.decode(errors="replace")
    if done.returncode != 1 or found.count("\n") != 1 or not re.search(": " + expected if expected[0] == "1" else expected, found):
        failures += 1
        print("NOT OK ", kind, text[:60], "\n  expected:", expected, "\n  found:   ", done.returncode, found.strip())
print(f"{len(CASES)} constraints, {failures} not refused as expected")
sys.exit(failures > 0)
