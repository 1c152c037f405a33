"""errors_test.py TOOL FOLDER: what is wrong with a constraint is said in one line with its place, and ends with 1."""
import re
import subprocess
import sys
import tempfile

tool, folder = sys.argv[1:]

CASES = [
    ("grammar", 'root ::= "a', r"1:10: the text has no closing \""),
    ("grammar", "root ::= a\nb ::= [a", r"2:7: the class has no closing \]"),
    ("grammar", "root ::= [z-a]", r"1:11: the range ends before it begins"),
    ("grammar", 'root ::= "a" | b\n', r"1:16: there is no rule b"),
    ("grammar", 'a ::= "x"\n', r"2:1: there is no rule root"),
    ("grammar", "", r"1:1: there is no rule root"),
    ("grammar", 'root ::= "a"\n\nroot ::= "b"', r"3:1: the rule root is there already"),
    ("grammar", "root = x", r"1:6: expected ::= .* found '='"),
    ("grammar", 'root ::= "é" )', r"1:14: expected the end of the rule, found '\)'"),
    ("grammar", 'root ::= ("a"', r"1:14: expected \), found the end"),
    ("grammar", 'root ::= *', r"1:10: '\*' repeats nothing"),
    ("grammar", 'root ::= "a"{3,2}', r"1:13: at least 3 times but at most 2"),
    ("grammar", 'root ::= "a"{x}', r"1:14: expected a number of repetitions, found 'x'"),
    ("grammar", 'root ::= "a"{99999}', r"1:14: more than 65536 repetitions"),
    ("grammar", 'root ::= "\\q"', r"1:11: unknown escape: \\ before 'q'"),
    ("grammar", 'root ::= "\\uD800"', r"1:13: U\+D800 is no character"),
    ("grammar", 'root ::= "\\x4"', r"1:14: expected 2 hexadecimal digits"),
    ("grammar", 'root ::= root "a" | "b"', r"the rule root comes back to itself before it reads anything"),
    ("grammar", 'root ::= a "x" | "y"\na ::= "z"? root', r"left recursion"),
    ("grammar", 'root ::= "a" root', r"the constraint allows no text"),
    ("grammar", 'root ::= (("a"{60000}){60000}){9}', r"the constraint is too large"),
    ("grammar", "root ::= " + "(" * 300, r"1:210: more than 200 groups in groups"),
    ("grammar", b'root ::= "\xff"', r"1:11: this is not UTF-8"),
    ("grammar", 'root ::= <think>', r"1:10: expected the end of the rule, found '<'"),
    ("regex", "(a", r"1:1: the group has no closing \)"),
    ("regex", "a)", r"1:2: '\)' closes nothing"),
    ("regex", "ab[c", r"1:3: the class has no closing \]"),
    ("regex", "a**", r"1:3: '\*' repeats a repetition"),
    ("regex", "a\n(?=b)", r"2:1: only plain groups"),
    ("regex", r"(a)\1", r"1:4: \\1 \(what a group matched\)"),
    ("regex", r"\bword", r"1:1: \\b \(the edge of a word\)"),
    ("regex", r"\p{L}", r"1:1: \\p: classes of Unicode are not known"),
    ("regex", "a^b", r"1:2: '\^' inside the expression"),
    ("regex", r"[\d-z]", r"1:2: a range from or to a class"),
    ("regex", "[]", r"1:2: an empty class"),
    ("regex", "a\\", r"1:2: unknown escape: \\ before the end"),
    ("regex", "[^\\d\\D]", r"the constraint allows no text"),
    ("json-schema", "{", r"1:2: expected a name in quotes, found the end"),
    ("json-schema", '{"type" "x"}', r"1:9: expected : behind the name, found '\"'"),
    ("json-schema", '{"a": 1,}', r"1:9: expected a name in quotes, found '}'"),
    ("json-schema", '{"a": 01}', r"1:8: expected , or }, found '1'"),
    ("json-schema", '["\\ud800"]', r"1:3: half a surrogate pair"),
    ("json-schema", "[" * 300, r"1:201: more than 200 values in values"),
    ("json-schema", '"x"', r"1:1: a schema is an object, true or false, found a string"),
    ("json-schema", '{"type": "text"}', r"1:10: expected a type: null, boolean"),
    ("json-schema", '{\n "properties": []}', r"2:16: properties: expected an object, found an array"),
    ("json-schema", '{"properties": {"a": 3}}', r"1:22: a schema is an object, true or false, found a number"),
    ("json-schema", '{"not": {}}', r"1:2: the keyword not cannot be kept to"),
    ("json-schema", '{"items": {"uniqueItems": true}}', r"1:12: the keyword uniqueItems cannot be kept to"),
    ("json-schema", '{"multipleOf": 3}', r"1:2: the keyword multipleOf cannot be kept to"),
    ("json-schema", '{"$ref": "#/$defs/x"}', r"1:10: \$ref: there is no such place"),
    ("json-schema", '{"$ref": "http://example.com/"}', r"1:10: \$ref: expected # or #/"),
    ("json-schema", '{"allOf": [{"$ref": "#"}]}', r"schemas of one value; do they refer to each other"),
    ("json-schema", '{"minLength": 1.5}', r"1:15: minLength: expected a whole number from 0 to 65536"),
    ("json-schema", '{"pattern": "a(b"}', r"1:13: in this pattern, at its character 2: the group has no closing"),
    ("json-schema", '{"type": "integer", "minimum": 3, "maximum": 2}', r"the constraint allows no text"),
    ("json-schema", '{"enum": [1], "type": "string"}', r"the constraint allows no text"),
    ("json-schema", "false", r"the constraint allows no text"),
]

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
