"""What the constraints of these tests are, and matchers of their own for each: Python's re and json, a reader of
arithmetic, and a validator of JSON schemas that knows the keywords used here."""
import json
import re


# ---- grammars: name, text, matcher ---------------------------------------------------------------

def is_json_object(text):
    """As json.gbnf has it: no space in front, one line break of at most 20 blanks behind each part."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


class Arithmetic:
    """sum ::= product ([-+] product)*; product ::= atom ([*/] atom)*; atom ::= digits | name | "(" sum ")"."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def matches(self):
        return self.sum() and self.at == len(self.text)

    def skip(self, expression):
        found = re.compile(expression, re.ASCII).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return bool(found)

    def chain(self, part, operators):
        if not part():
            return False
        while self.skip(operators):
            if not part():
                return False
        return True

    def sum(self):
        return self.chain(self.product, r" ?[-+] ?")

    def product(self):
        return self.chain(self.atom, r" ?[*/] ?")

    def atom(self):
        return self.skip(r"[0-9]+|[a-z][a-z0-9_]*") or (self.skip(r"\(") and self.sum() and self.skip(r"\)"))


JSON = r'''
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws   # with escapes
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9]{1,2})? ws
ws     ::= | " " | "\n" [ \t]{0,20}
'''

ARITHMETIC = r'''
# left to right, and what binds closer further down
root    ::= sum
sum     ::= product (" "? [-+] " "? product)*
product ::= atom (" "? [*/] " "? atom)*
atom    ::= [0-9]+ | [a-z] [a-z0-9_]* | "(" sum ")"
'''

LIST = '''
root ::= item+
item ::= "- " [^\\r\\n]{1,40} "\\n"
'''

NESTED = 'root ::= "a" root "b" | "a" root "c" | "."\n'
RIGHT = 'root ::= [a-z ] root | "!"\n'
EITHER = 'root ::= (x | y) "."\nx ::= "a" x "b" | "ab"\ny ::= "a" y "bb" | "abb"\n'


def balanced(text):
    half = len(text) // 2
    return (len(text) % 2 == 1 and text[half] == "." and set(text[:half]) <= {"a"}
            and set(text[half + 1:]) <= {"b", "c"})


def either(text):
    found = re.fullmatch(r"(a+)(b+)\.", text)
    return bool(found) and len(found[2]) in (len(found[1]), 2 * len(found[1]))


GRAMMARS = [
    ("json", JSON, is_json_object),
    ("arithmetic", ARITHMETIC, lambda text: Arithmetic(text).matches()),
    ("list", LIST, lambda text: bool(re.fullmatch(r"(- [^\r\n]{1,40}\n)+", text))),
    ("nested", NESTED, balanced),
    ("right", RIGHT, lambda text: bool(re.fullmatch(r"[a-z ]*!", text))),
    ("either", EITHER, either),
]

# ---- regular expressions ------------------------------------------------------------------------------

REGEXES = [
    r"[a-z]+(-[0-9]{2,3})?",
    r"(yes|no|may ?be)\.?",
    r"\d{4}-\d{2}-\d{2}T\d\d:\d\d",
    r"(?:[A-Z][a-z]{1,8} ){2,5}(?P<end>end)",
    r"^(\w+\s)*\w+[.!?]$",
    r"[^a-c\n]{3}|\x41\u0042+?|a{0}b",
    r"(a|ab)(c|bcd)(d*)",
    r"\"[^\"\\]*(\\.[^\"\\]*)*\"",
    r"[\w.+-]+@[a-z]+\.(com|org)",
    r"é{1,3}[α-ω]*|[一-龥]{2}",
    r"",
]


def regex_matches(expression, text):
    return bool(re.fullmatch(expression.rstrip("$"), text, re.ASCII))


# ---- schemas ---------------------------------------------------------------------------------------------

FORMATS = {
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "ipv4": r"\d+\.\d+\.\d+\.\d+",
    "hostname": r"[A-Za-z0-9.-]+",
}

SCHEMAS = {
    "person": {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Person", "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 20},
            "age": {"type": "integer", "minimum": -5, "maximum": 130},
            "tags": {"type": "array", "items": {"enum": ["red", "green", "bl\"ue"]}, "minItems": 1, "maxItems": 3},
            "id": {"type": "string", "pattern": "^[A-Z]{2}-\\d{3}$"},
            "score": {"type": "number", "exclusiveMinimum": 0, "maximum": 10}},
        "required": ["name", "age"], "additionalProperties": False},
    "tree": {
        "$ref": "#/$defs/node",
        "$defs": {"node": {"type": "object", "required": ["left"], "properties": {
            "left": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
            "right": {"oneOf": [{"const": 1}, {"$ref": "#/$defs/node", "description": "the other side"}]}}}}},
    "tuple": {"type": "array", "prefixItems": [{"type": "integer", "minimum": 3}, {"type": "boolean"}, {"const": "x"}],
              "items": {"type": "null"}, "maxItems": 5},
    "closed": {"type": "array", "prefixItems": [{"enum": [1, 2.5, None, "a"]}, {"type": ["null", "integer"],
                                                                                  "maximum": 5}]},
    "formats": {"type": "object", "properties": {name: {"type": "string", "format": name} for name in FORMATS},
                "required": list(FORMATS)},
    "merged": {"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                         {"properties": {"a": {"minimum": 10}, "b": {"type": "string", "maxLength": 3}}},
                         {"$ref": "#/$defs/more"}],
               "$defs": {"more": {"properties": {"a": {"maximum": 1200}, "c": {"type": "boolean"}}}}},
    "optional": {"type": "object", "properties": {key: {"type": "boolean"} for key in ("a", "bb", "ccc", "d")},
                 "required": ["ccc"]},
    "others": {"type": "object", "properties": {"abc": {"type": "integer"}, "abd": {"type": "null"}},
               "additionalProperties": {"type": "boolean"}},
    "any": {},
    "numbers": {"type": "array", "items": {"anyOf": [
        {"type": "integer", "minimum": -1234, "maximum": -7}, {"type": "integer", "minimum": 99},
        {"type": "integer", "maximum": 12}, {"type": "number", "minimum": -3, "exclusiveMaximum": 2},
        {"type": "number", "exclusiveMaximum": -20}, {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7}]}},
    "texts": {"type": "array", "items": {"type": "string", "pattern": "b+|^c\"", "minLength": 2, "maxLength": 6}},
    "either": {"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}},
                          "required": ["kind", "x"]},
                         {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"type": "string"}},
                          "required": ["kind", "y"]}]},
    "nothing but true": True,
}

TYPES = {"null": lambda v: v is None, "boolean": lambda v: isinstance(v, bool),
         "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
         "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
         "string": lambda v: isinstance(v, str), "array": lambda v: isinstance(v, list),
         "object": lambda v: isinstance(v, dict)}


def same(x, y):
    return x == y and isinstance(x, bool) == isinstance(y, bool)


def is_valid(value, schema, root):
    """Whether the schema allows the value: the keywords above, as the draft defines them."""
    if isinstance(schema, bool):
        return schema
    checks = []
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].split("/")[1:]:
            target = target[step]
        checks.append(is_valid(value, target, root))
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        checks.append(any(TYPES[name](value) for name in names))
    if "enum" in schema:
        checks.append(any(same(value, one) for one in schema["enum"]))
    if "const" in schema:
        checks.append(same(value, schema["const"]))
    checks += [is_valid(value, one, root) for one in schema.get("allOf", [])]
    for keyword, wanted in (("anyOf", lambda n: n > 0), ("oneOf", lambda n: n == 1)):
        if keyword in schema:
            checks.append(wanted(sum(is_valid(value, one, root) for one in schema[keyword])))
    if TYPES["number"](value):
        checks += [value >= schema.get("minimum", value), value <= schema.get("maximum", value),
                   "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"],
                   "exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"]]
    if isinstance(value, str):
        checks += [len(value) >= schema.get("minLength", 0), len(value) <= schema.get("maxLength", len(value)),
                   "pattern" not in schema or bool(re.search(schema["pattern"], value, re.ASCII)),
                   "format" not in schema or bool(re.fullmatch(FORMATS[schema["format"]], value, re.ASCII))]
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        checks += [len(value) >= schema.get("minItems", 0), len(value) <= schema.get("maxItems", len(value))]
        checks += [is_valid(item, one, root) for item, one in zip(value, first)]
        checks += [is_valid(item, schema.get("items", True), root) for item in value[len(first):]]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        checks += [name in value for name in schema.get("required", [])]
        checks += [is_valid(item, known.get(name, schema.get("additionalProperties", True)), root)
                   for name, item in value.items()]
    return all(checks)


def schema_matches(schema, text):
    def once(pairs):
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name comes twice")
        return dict(pairs)
    try:
        return is_valid(json.loads(text, object_pairs_hook=once), schema, schema)
    except ValueError:
        return False
