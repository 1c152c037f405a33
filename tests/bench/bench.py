#!/usr/bin/python3
"""bench.py [--rows gpt2,minilm] [--quick] [--brief]: smelt against ONNX Runtime and llama.cpp, beside what the machine allows.

Prints a table; writes bench.json and bench.svg. Ends with 1 where an engine is wrong or smelt does not build, with 77
where PyTorch is absent. docs/performance.md says how it measures.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

from engines import Failed, Places, Runner, SMELT_PRECISIONS, llama_engines, ort_engine, smelt_engines
from plot import draw
from shapes import SHAPES
from table import print_heading, print_programs, print_shape, print_summary
import works as all_works
from works import GENERATED_TOKENS, TEXT_PROMPT_TOKENS, works_of

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK_ROWS = ("gpt2", "minilm", "stories260k")
SETTLE_S = 0.05  # between engines: until the threads of the last one no longer spin
FIRST_PROMPT_TOKENS = 4
LOGITS_AFTER_TOKENS = 16

# Largest distance from ONNX Runtime's f32 results, root mean squares, at which an engine still counts as right. The
# weights are random, so a format's whole rounding error shows.
TOLERANCE = {"smelt f32": 1e-4, "llama f32": 5e-3, "smelt bf16": 0.1, "llama bf16": 0.1, "llama f16": 0.1,
             "smelt int8": 0.2, "llama q8_0": 0.2, "smelt int4": 0.8, "llama q4_0": 0.8}


def note(text):
    print(text, file=sys.stderr, flush=True)


# ---- the machine ----------------------------------------------------------------------------------------------------

def measure_rates(places, threads):
    """{"read": bytes/s, precision: operations/s of its best engine, "PRECISION engine": its name}"""
    rates = {}
    effort = ["brief"] if places.is_brief else []
    said = subprocess.run([places.program("bench_machine"), str(threads), *effort], check=True, capture_output=True, text=True)
    for line in said.stdout.splitlines():
        what, rate, *engine = line.split(maxsplit=2)
        if float(rate) > rates.get(what, 0):
            rates[what] = float(rate)
            rates[f"{what} engine"] = engine[0] if engine else "streaming sum"
    return rates


def median_rates(samples):
    """Of what measure_rates gave several times."""
    return {what: statistics.median(rates[what] for rates in samples) if isinstance(value, float) else value
            for what, value in samples[0].items()}


def processor_name():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return names[0] if names else platform.machine()


def cache_bytes():
    """Of the last level that there is."""
    folder, sizes = "/sys/devices/system/cpu/cpu0/cache", [0]
    for index in os.listdir(folder) if os.path.isdir(folder) else ():
        path = os.path.join(folder, index, "size")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                sizes.append(int(f.read().strip().rstrip("K")) * 1024)
    return max(sizes)


def describe_machine(threads):
    with open("/proc/meminfo", encoding="utf-8") as f:
        memory = int(f.readline().split()[1]) * 1024
    return {"processor": processor_name(), "processors": os.cpu_count(), "memory_bytes": memory,
            "cache_bytes": cache_bytes(), "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d %H:%M"),
            "threads": threads}


# ---- agreement ------------------------------------------------------------------------------------------------------

def result_of(engine, shape, places):
    runner, path = Runner(engine, 1, shape, places), os.path.join(places.bench, "result.f32")
    try:
        if shape.kind == "bert":
            runner.ask("encoded", 2, LOGITS_AFTER_TOKENS, path)
        else:
            runner.ask("logits", LOGITS_AFTER_TOKENS, path)
    finally:
        runner.close()
    return np.fromfile(path, "<f4").astype("f8")


def check_agreement(engines, shape, places):
    """A row per engine; those that disagree are named, and must not be timed."""
    reference = result_of(next(e for e in engines if e.name == "ort"), shape, places)
    rows, wrong = [], set()
    for engine in engines:
        if engine.name == "ort":
            continue
        try:
            result = result_of(engine, shape, places)
        except Failed as failure:
            note(f"  {failure}")
            wrong.add(engine.key)
            continue
        distance = float("inf")
        if result.shape == reference.shape:
            distance = float(np.sqrt(np.mean((result - reference) ** 2) / np.mean(reference**2)))
        agrees = distance <= TOLERANCE[engine.key]
        rows.append({"engine": engine.key, "distance": distance, "agrees": agrees,
                     "same_token": shape.kind == "bert" or bool(result.argmax() == reference.argmax())})
        if not agrees:
            note(f"  {engine.key} says something else than ONNX Runtime (distance {distance:.2g}): not timed")
            wrong.add(engine.key)
    return rows, wrong


# ---- timing ---------------------------------------------------------------------------------------------------------

def time_works(runners, works, repeats, threads, places):
    """{work label: {engine key: [figures]}} and {work label: rates}: engines take turns, and the machine with them, for
    a shared one is not as fast at all times; the first turn of each warms up and does not count."""
    samples = {work.label: {runner.engine.key: [] for runner in runners} for work in works}
    limits = {}
    for work in works:
        note(f"  {threads} thread{'s' if threads > 1 else ''}: {work.label}")
        rates = []
        for turn in range(repeats + 1):
            for runner in runners:
                ns = runner.ask(*work.command)
                if turn:
                    samples[work.label][runner.engine.key].append(work.figure(ns))
                time.sleep(SETTLE_S)
            rates.append(measure_rates(places, threads))
        limits[work.label] = median_rates(rates)
    return samples, limits


def time_shape(engines, shape, works, threads, repeats, places):
    """Figures, and {threads: {work label: rates}} while they were taken."""
    figures, limits = [], {}
    for count in threads:
        runners = []
        try:
            runners = [Runner(engine, count, shape, places) for engine in engines]
            samples, limits[count] = time_works(runners, works, repeats, count, places)
        finally:
            for runner in runners:
                runner.close()
        for work in works:
            for key, values in samples[work.label].items():
                figures.append({"model": shape.name, "work": work.label, "threads": count, "engine": key,
                                "unit": work.unit, "median": statistics.median(values), "samples": values})
    return figures, limits


def time_programs(engines, shape, threads, repeats, places):
    """Per engine: from exec to the first token (an encoder: its result), memory after a prompt and a text: the most, and then."""
    starts, memory, resident = {engine.key: [] for engine in engines}, {}, {}
    for turn in range(repeats + 1):
        for engine in engines:
            runner = Runner(engine, threads, shape, places)
            try:
                first_ns = runner.ask("first", FIRST_PROMPT_TOKENS)
                if turn:
                    starts[engine.key].append((first_ns - runner.start_ns) / 1e6)
                if turn == repeats:
                    runner.ask(*(("encode", 1, TEXT_PROMPT_TOKENS, 1) if shape.kind == "bert" else
                                 ("generate", TEXT_PROMPT_TOKENS, GENERATED_TOKENS)))
                    memory[engine.key] = runner.ask("memory")
                    resident[engine.key] = runner.ask("resident")
            finally:
                runner.close()
    return [{"model": shape.name, "engine": engine.key, "first_token_ms": statistics.median(starts[engine.key]),
             "memory_bytes": memory[engine.key], "resident_bytes": resident[engine.key],
             "program_bytes": engine.program_bytes, **engine.facts}
            for engine in engines]


# ---- all of it --------------------------------------------------------------------------------------------------------

def make_models(names, places):
    script = os.path.join(HERE, "models.py")
    for name in names:
        stamp = os.path.join(places.bench, "models", name, "complete")
        newest = max(os.path.getmtime(os.path.join(HERE, source)) for source in ("models.py", "gguf.py", "shapes.py"))
        if not os.path.exists(stamp) or os.path.getmtime(stamp) < newest:
            note(f"making {SHAPES[name].title}")
            code = subprocess.run([sys.executable, script, os.path.join(places.bench, "models"), name]).returncode
            if code:
                sys.exit(code)


def bench_shape(shape, args, places):
    note(f"{shape.title}: building")
    smelts, absent = smelt_engines(shape, places, args.precisions)
    engines = [*smelts, ort_engine(shape, places), *llama_engines(shape, places)]
    agreement, wrong = check_agreement(engines, shape, places)
    engines = [engine for engine in engines if engine.key not in wrong]
    works = works_of(shape, args.quick)
    figures, limits = time_shape(engines, shape, works, args.threads, args.repeats, places)
    programs = time_programs(engines, shape, max(args.threads), args.repeats, places)
    return works, {"model": shape.name, "precisions": args.precisions, "absent": absent, "agreement": agreement,
                   "limits": limits, "wrong": sorted(wrong), "figures": figures, "programs": programs}


def parse_arguments():
    def words(text):
        return text.replace(",", " ").split()

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", help="where bench.json and bench.svg go (default: BUILD/bench)")
    parser.add_argument("--rows", type=words, default=[], help=f"of {', '.join(SHAPES)} (default: all)")
    parser.add_argument("--precisions", type=words, default=SMELT_PRECISIONS, help="of smelt")
    parser.add_argument("--threads", type=lambda text: [int(word) for word in words(text)], default=[1, 2])
    parser.add_argument("--repeats", type=int, default=0, help="samples per figure (default: 5, quick: 3)")
    parser.add_argument("--quick", action="store_true", help="three models, few sizes")
    parser.add_argument("--brief", action="store_true", help="samples of a moment, whose figures say nothing: for tests")
    args = parser.parse_args()
    for name in args.rows:
        if name not in SHAPES:
            parser.error(f"there is no row '{name}'; there are {', '.join(SHAPES)}")
    args.rows = args.rows or (QUICK_ROWS if args.quick else list(SHAPES))
    for precision in args.precisions:
        if precision not in SMELT_PRECISIONS:
            parser.error(f"there is no precision '{precision}'; there are {', '.join(SMELT_PRECISIONS)}")
    args.repeats = args.repeats or (3 if args.quick else 5)
    return args


def main():
    args = parse_arguments()
    places = Places(os.path.abspath(args.build), args.brief)
    if args.brief:
        all_works.LEAST_MS = 1
    make_models(args.rows, places)
    out = args.out or places.bench
    os.makedirs(out, exist_ok=True)
    results = {"machine": describe_machine(args.threads), "rows": []}
    print_heading(results["machine"])
    for name in args.rows:
        works, row = bench_shape(SHAPES[name], args, places)
        results["rows"].append(row)
        print_shape(SHAPES[name], works, row, results["machine"])
        with open(os.path.join(out, "bench.json"), "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
    print_programs(results["rows"])
    print_summary(results["rows"])
    draw(results, os.path.join(out, "bench.svg"))
    if any(row["wrong"] or "f32" in row["absent"] for row in results["rows"]):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
