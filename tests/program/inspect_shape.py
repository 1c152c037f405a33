#!/usr/bin/python3
"""inspect_shape.py KIND < INSPECT.json: what `smelt inspect --json` prints has the shape that docs/using.md promises.

A shape is a type, a tuple of types, a one-element list (an array of that), a dict with names (all there, no others) or
{str: shape} (any names). Then the sums must agree.
"""

import json
import sys

NUMBER = int
TEXT_OR_NULL = (str, type(None))
VALUE = {"name": TEXT_OR_NULL, "type": str, "dtype": str, "dims": [(int, str)]}
WORK = {
    "at": {str: NUMBER}, "tokens": NUMBER, "flops": NUMBER,
    "bytes": {"weights": NUMBER, "state": NUMBER, "activations": NUMBER},
    "expressions": {"flops": str, "weights": str, "state": str, "activations": str},
    "bound_by": str,
    "operators": [{"name": str, "steps": NUMBER, "flops": NUMBER, "bytes": NUMBER}],
}
ENTRY = {
    "name": str, "inputs": [VALUE], "outputs": [VALUE], "limits": {str: NUMBER}, "steps": NUMBER, "barriers": NUMBER,
    "arena_bytes": NUMBER, "kernels": {str: NUMBER}, "operators": {str: NUMBER},
    "linear": {"gated": NUMBER, "activation": NUMBER, "residual": NUMBER, "bias": NUMBER, "activations": {str: NUMBER}},
    "causal": NUMBER, "passes": {str: NUMBER}, "work": WORK,
}
TOKENIZER = {"family": str, "tokens": NUMBER, "merges": NUMBER, "added_tokens": NUMBER, "bytes": NUMBER}
MODEL = {
    "model": str, "encoder": TEXT_OR_NULL, "kind": str,
    "file": {"producer": TEXT_OR_NULL, "opset": NUMBER, "nodes": NUMBER, "initializers": NUMBER, "elements": NUMBER,
             "bytes": NUMBER},
    "parameters": NUMBER, "weights_bytes": NUMBER, "constants": NUMBER, "state_bytes": NUMBER, "arena_bytes": NUMBER,
    "max_tokens": NUMBER, "cache_bytes_per_token": NUMBER, "tokenizer": None, "entries": [ENTRY],
}


def check(value, shape, where):
    """Yields what does not fit."""
    if isinstance(shape, (type, tuple)):
        if not isinstance(value, shape) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
            yield f"{where}: {value!r} is no {shape}"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no array"
            return
        for i, item in enumerate(value):
            yield from check(item, shape[0], f"{where}[{i}]")
    elif not isinstance(value, dict):
        yield f"{where}: {value!r} is no object"
    elif str in shape:
        for name, item in value.items():
            yield from check(item, shape[str], f"{where}.{name}")
    elif set(value) != set(shape):
        yield f"{where}: {sorted(set(value) ^ set(shape))} are missing or too many"
    else:
        for name, item in value.items():
            yield from check(item, shape[name], f"{where}.{name}")


def sums(entry):
    work, name = entry["work"], entry["name"]
    rows = work["operators"]
    totals = {
        "steps": (sum(row["steps"] for row in rows), entry["steps"]),
        "steps by kernel": (sum(entry["kernels"].values()),
                            entry["steps"] - sum(row["steps"] for row in rows if row["name"] == "control")),
        "flops": (sum(row["flops"] for row in rows), work["flops"]),
        "bytes": (sum(row["bytes"] for row in rows), sum(work["bytes"].values())),
        "linears": (sum(entry["linear"]["activations"].values()), entry["linear"]["activation"]),
        "sizes with a limit but no value": (set(entry["limits"]) - set(work["at"]), set()),
    }
    for what, (found, expected) in totals.items():
        if found != expected:
            yield f"{name}: {what}: {found} is not {expected}"
    if work["bound_by"] not in ("memory", "arithmetic"):
        yield f"{name}: bound by {work['bound_by']}"
    # The expressions are sums of products and div(): Python reads them with the sizes as names.
    for what, number in [("flops", work["flops"]), *work["bytes"].items()]:
        value = eval(work["expressions"][what], {"div": lambda x, y: x // y}, dict(work["at"]))
        if value != number:
            yield f"{name}: {what}: {work['expressions'][what]} is {value}, not {number}"


def main():
    model, kind = json.load(sys.stdin), sys.argv[1]
    MODEL["tokenizer"] = type(None) if kind == "graph" else TOKENIZER
    problems = list(check(model, MODEL, "model"))
    if not problems:
        problems = [problem for entry in model["entries"] for problem in sums(entry)]
        if model["kind"] != kind:
            problems.append(f"a {model['kind']}, not a {kind}")
    print("\n".join(problems) if problems else "as documented")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
