#!/usr/bin/python3
"""sweep.py SMELT ORACLE NAME...: graphs of graphs.py and models.py, each compiled once with limits, at sizes 0, 1, 2,
odd and limit of each symbol, and one beyond it.

The program must say what ONNX Runtime says; where that refuses a size, what the reference evaluator says. Both it and
code whose memory ends at the sizes of the case are asked by `smelt check`. One beyond a limit must be refused with the
input, the axis, the symbol, its size and limit.
"""

import os
import re
import subprocess
import sys
import tempfile

EXIT_SKIPPED = 77

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper, parser
except ImportError as missing:
    print(f"SKIP: {missing}")
    sys.exit(EXIT_SKIPPED)

from graphs import HEADER, NEVER_EMPTY, OWN_LIMITS, REFUSED, TEXTS

MOST_BATCH, MOST_TOKENS, TYPICAL = 3, 37, 5
WITHIN = 1e-4


def write_model(name, path):
    if name not in TEXTS:
        import models  # it skips where PyTorch is absent
        models.torch.manual_seed(1)
        models.MODELS[name](path)
        return
    text, weights = TEXTS[name]
    rng = np.random.default_rng(1)
    model = parser.parse_model(HEADER + text)
    for weight, shape in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(rng.normal(size=shape).astype(np.float32) * 0.3, weight))
    onnx.save(model, path)


def limits_of(name, symbols):
    return {symbol: MOST_BATCH if "batch" in symbol else OWN_LIMITS.get(name, {}).get(symbol, MOST_TOKENS)
            for symbol in symbols}


def shape_of(value, sizes):
    dims = value.type.tensor_type.shape.dim
    return [sum(sizes[term] for term in d.dim_param.split(" + ")) if d.dim_param else d.dim_value for d in dims]


def symbols_of(model):
    names = (d.dim_param for value in model.graph.input for d in value.type.tensor_type.shape.dim if d.dim_param)
    return list(dict.fromkeys(term for name in names for term in name.split(" + ")))


def combinations(limits, never_empty):
    """Each symbol through its sizes while the others are typical; all alike; all at once, each at another of its sizes."""
    typical = {symbol: min(TYPICAL, limit) for symbol, limit in limits.items()}
    found = [{**typical, symbol: size} for symbol, limit in limits.items() for size in (0, 1, 2, 7, limit)
             if size <= limit]
    found += [{symbol: min(size, limit) for symbol, limit in limits.items()} for size in (0, 1, MOST_TOKENS)]
    found += mixtures(limits)
    found = dict.fromkeys(tuple(sizes.items()) for sizes in found)
    return [dict(sizes) for sizes in found if not any((symbol, 0) in sizes for symbol in never_empty)]


def mixtures(limits):
    """So few sets that each symbol has each of its sizes but 0 once."""
    sizes = {symbol: [size for size in (1, 2, 7) if size < limit] + [limit] for symbol, limit in limits.items()}
    return [{symbol: sizes[symbol][(turn + place) % len(sizes[symbol])] for place, symbol in enumerate(limits)}
            for turn in range(max(map(len, sizes.values()), default=0))]


def make_inputs(model, sizes):
    rng = np.random.default_rng(2)
    inputs = {}
    for value in model.graph.input:
        shape = shape_of(value, sizes)
        if value.name == "attention_mask":
            inputs[value.name] = np.ones(shape, np.int64)
        elif value.type.tensor_type.elem_type == onnx.TensorProto.INT64:
            inputs[value.name] = rng.integers(0, 11, shape)
        else:
            inputs[value.name] = rng.normal(size=shape).astype(np.float32)
    return inputs


class Sweep:
    """One graph: its model, its program, a folder for what goes in and comes out."""

    def __init__(self, smelt, oracle, folder, name):
        self.smelt, self.oracle, self.folder, self.name = smelt, oracle, folder, name
        self.case = os.path.join(folder, name)
        os.makedirs(self.case)
        self.path = os.path.join(self.case, "model.onnx")
        self.program = os.path.join(folder, f"{name}.program")
        write_model(name, self.path)
        self.model = onnx.load(self.path)
        self.limits = limits_of(name, symbols_of(self.model))
        self.outputs = [value.name for value in self.model.graph.output]
        self.problems, self.case_count, self.set_count, self.refused_count = [], 0, 0, 0

    def build(self):
        made = self.call(self.smelt, "build", self.path, "--cpu", "native", "--max-batch", str(MOST_BATCH), "--max-tokens",
                         str(MOST_TOKENS), "-o", self.program)
        refusal = REFUSED.get(self.name)
        if refusal and refusal not in made.stderr:
            self.problems.append(f"it is not refused: {made.stderr.strip()}")
        elif made.returncode and not refusal:
            self.problems.append(f"it does not compile: {made.stderr.strip()}")
        return made.returncode == 0

    def call(self, *words):
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def file(self, name):
        return os.path.join(self.folder, f"{name}.npy")

    def run_program(self, inputs):
        words = []
        for name, array in inputs.items():
            np.save(self.file(name), array)
            words += ["--input", f"{name}={self.file(name)}"]
        for name in self.outputs:
            words += ["--output", f"{name}={self.file('found.' + name)}"]
        done = self.call(self.program, *words)
        return done, [np.load(self.file("found." + name)) for name in self.outputs] if done.returncode == 0 else None

    def run_oracle(self, inputs):
        """None where ONNX Runtime refuses."""
        expected = os.path.join(self.folder, "expected")
        os.makedirs(expected, exist_ok=True)
        feeds = [word for name in inputs for word in ("--in", f"{name}={self.file(name)}")]
        done = self.call(self.oracle, "run", self.path, *feeds, "--out", expected)
        return [np.load(os.path.join(expected, f"{name}.npy")) for name in self.outputs] if done.returncode == 0 else None

    def keep_set(self, inputs, outputs):
        """For `smelt check`."""
        folder = os.path.join(self.case, f"test_data_set_{self.set_count}")
        os.makedirs(folder)
        self.set_count += 1
        for kind, arrays in (("input", inputs.values()), ("output", outputs)):
            for index, array in enumerate(arrays):
                with open(os.path.join(folder, f"{kind}_{index}.pb"), "wb") as file:
                    file.write(numpy_helper.from_array(array, "").SerializeToString())

    def compare(self, sizes, found, expected):
        for name, x, y in zip(self.outputs, found, expected):
            if x.shape != y.shape:
                self.problems.append(f"{sizes}: {name} has shape {x.shape}, expected {y.shape}")
            elif not np.allclose(x, y, rtol=WITHIN, atol=WITHIN, equal_nan=True):
                self.problems.append(f"{sizes}: {name} differs by {np.abs(x - y).max():.3g}")

    def try_sizes(self, sizes):
        self.case_count += 1
        inputs = make_inputs(self.model, sizes)
        done, found = self.run_program(inputs)
        expected = self.run_oracle(inputs)
        if found is None:
            if expected is not None:
                self.problems.append(f"{sizes}: {done.stderr.strip()}")
            elif done.returncode != 1:
                self.problems.append(f"{sizes}: exit code {done.returncode}: {done.stderr.strip()}")
            return
        if expected is None:
            self.refused_count += 1
        else:
            self.compare(sizes, found, expected)
        # Each is compiled again, in memory of these sizes: what is empty, all ones, and of small graphs each size of each symbol.
        if 0 in sizes.values() or set(sizes.values()) == {1} or (self.name in TEXTS and sizes in mixtures(self.limits)):
            self.keep_set(inputs, found if expected is None else expected)

    def try_beyond(self, symbol):
        sizes = dict(self.limits)
        sizes[symbol] += 1
        done, _ = self.run_program(make_inputs(self.model, sizes))
        said = re.search(r"input '(\w+)', axis \d+: expected (\w+) of at most (\d+), found (\d+)", done.stderr)
        if done.returncode != 1 or not said or said.groups()[1:] != (symbol, str(self.limits[symbol]), str(sizes[symbol])):
            self.problems.append(f"{sizes}: exit code {done.returncode}: {done.stderr.strip()}")

    def check(self):
        done = self.call(self.smelt, "check", self.case)
        if done.returncode:
            self.problems.append(f"smelt check: {done.stdout.strip()} {done.stderr.strip()}")

    def run(self):
        if not self.build():
            return
        for sizes in combinations(self.limits, NEVER_EMPTY.get(self.name, ())):
            self.try_sizes(sizes)
        for symbol in self.limits:
            self.try_beyond(symbol)
        self.check()


def main():
    smelt, oracle, *names = sys.argv[1:]
    if subprocess.run([oracle, "version"], stdout=subprocess.DEVNULL, check=False).returncode:
        print("SKIP: there is no ONNX Runtime")
        sys.exit(EXIT_SKIPPED)
    failed = False
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            sweep = Sweep(smelt, oracle, folder, name)
            sweep.run()
        print(f"{name}: {sweep.case_count} sizes, {sweep.refused_count} of them beyond ONNX Runtime", flush=True)
        for problem in sweep.problems:
            print(f"  FAILED {problem}")
        failed |= bool(sweep.problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
