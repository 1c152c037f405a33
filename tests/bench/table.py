"""The results as text, at most 110 columns wide."""

from engines import MEGABYTE
from works import GOALS_LLAMA, GOALS_ORT, GOALS_REACHED, PEERS, TEXT_TOKENS, THREADS_GOAL, goal

ABSENT = "-"
LARGE_MODEL_BYTES = 200e6  # below, LLVM's own memory is most of a build's


def _number(value, decimals=None):
    if value is None:
        return ABSENT
    if decimals is None:
        decimals = 2 if value < 10 else 1 if value < 1000 else 0
    return f"{value:,.{decimals}f}"


def _verdict(value, least):
    """The goal and, where there is a figure, whether it is met."""
    if least is None:
        return ""
    return f">{least:g}" + ("" if value is None else " +" if value >= least else " !")


class Verdicts:
    """How many goals were looked at and met."""

    def __init__(self):
        self.met = self.all = 0

    def judge(self, value, least):
        if least is not None and value is not None:
            self.all += 1
            self.met += value >= least
        return _verdict(value, least)


VERDICTS = Verdicts()


def medians(row):
    return {(f["work"], f["threads"], f["engine"]): f["median"] for f in row["figures"]}


def best_peer(found, work, threads, name, formats):
    """The best figure of a peer and the format that gave it."""
    figures = [(found[key], f) for f in formats if (key := (work.label, threads, f"{name} {f}")) in found]
    if not figures:
        return None, None
    return (min if work.unit == "ms" else max)(figures)


def print_heading(machine):
    print(f"{machine['processor']}, {machine['processors']} processors, {machine['memory_bytes'] / 1e9:.0f} GB; "
          f"{machine['date']}; load before {machine['load']:.1f}")
    print("limit: what memory and arithmetic allow; share: smelt's part of it; x: smelt against a peer; +: goal met, !: not")


def _range(values):
    low, high = f"{min(values) / 1e9:,.1f}", f"{max(values) / 1e9:,.1f}"
    return low if low == high else f"{low} to {high}"


def _print_limits(limits):
    for threads, rates_of in limits.items():
        rates = list(rates_of.values())
        peaks = [f"{what} {_range([r[what] for r in rates])} Gop/s ({rates[0][what + ' engine']})"
                 for what in ("f32", "bf16", "int8") if what in rates[0]]
        print(f"limits, {threads} thread{'s' if threads > 1 else ''}: read {_range([r['read'] for r in rates])} GB/s; "
              + "; ".join(peaks))


HEAD = (f"{'':<22}{'thr':>4}{'smelt':>10}{'ort':>10}{'llama':>10} {'format':<7}{'limit':>10}{'share':>7} {'':<8}"
        f"{'x ort':>6} {'':<7}{'x llama':>7}")


def _line(shape, work, threads, precision, found, machine, rates):
    ours = found.get((work.label, threads, f"smelt {precision}"))
    ort, _ = best_peer(found, work, threads, "ort", PEERS[precision]["ort"])
    llama, form = best_peer(found, work, threads, "llama", PEERS[precision]["llama"])
    limit = work.limit(machine, rates, precision) if rates else None
    share = work.speedup(ours, limit) if ours and limit else None
    against_ort = work.speedup(ours, ort) if ours and ort else None
    against_llama = work.speedup(ours, llama) if ours and llama else None
    verdicts = [VERDICTS.judge(value, goal(table, shape.name, precision, work)) for value, table in
                ((share, GOALS_REACHED), (against_ort, GOALS_ORT), (against_llama, GOALS_LLAMA))]
    name = f"{work.label}, {'ms' if work.unit == 'ms' else 't/s'}"
    print(f"  {name:<20}{threads:>4}{_number(ours):>10}{_number(ort):>10}{_number(llama):>10} {form or '':<7}"
          f"{_number(limit):>10}{'' if share is None else f'{100 * share:.0f} %':>7} {verdicts[0]:<8}"
          f"{_number(against_ort, 2) if against_ort else '':>6} {verdicts[1]:<7}"
          f"{_number(against_llama, 2) if against_llama else '':>7} {verdicts[2]}".rstrip())


def print_shape(shape, works, row, machine):
    found, threads = medians(row), sorted({f["threads"] for f in row["figures"]})
    print(f"\n{shape.title}")
    _print_limits(row["limits"])
    for precision in row["precisions"]:
        reason = row["absent"].get(precision)
        print(f"\n{shape.title}, {precision}" + (f": smelt does not build it: {reason[:70]}" if reason else ""))
        if reason and not shape.is_decoder:
            continue
        print(HEAD)
        for work in works:
            for count in threads:
                _line(shape, work, count, precision, found, machine, row["limits"][count].get(work.label))
    _print_agreement(row)


def _print_agreement(row):
    said = [f"{a['engine']} {a['distance']:.1e}{'' if a['same_token'] else '*'}" for a in row["agreement"]]
    while said:
        part = said[:5]
        said = said[5:]
        print("  distance from ort f32: " + ", ".join(part))
    if any(not a["same_token"] for a in row["agreement"]):
        print("  *: another likeliest token")


def print_programs(rows):
    print(f"\n{'programs, threads: all':<24}{'first token':>12}{'memory':>11}{'program':>11}{'build':>9}{'build memory':>14}")
    for row in rows:
        for p in row["programs"]:
            build = f"{p['build_s']:.1f} s" if "build_s" in p else ""
            memory = f"{p['build_memory_bytes'] / MEGABYTE:,.0f} MB" if "build_memory_bytes" in p else ""
            print(f"  {row['model'] + ', ' + p['engine']:<22}{p['first_token_ms']:>9.1f} ms"
                  f"{p['memory_bytes'] / MEGABYTE:>8,.0f} MB{p['program_bytes'] / MEGABYTE:>8,.1f} MB{build:>9}{memory:>14}")
    _judge_programs(rows)


def _judge_programs(rows):
    """The goals set for GPT-2 124M in f32, and of every program and build."""
    for row in rows:
        of = {p["engine"]: p for p in row["programs"]}
        if row["model"] == "gpt2" and "smelt f32" in of:
            first, seconds = (of["smelt f32"][fact] for fact in ("first_token_ms", "build_s"))
            faster = min(of[key]["first_token_ms"] for key in ("ort f32", "llama f32") if key in of)
            print(f"  gpt2 f32: first token {first:.1f} ms {_at_most(first, 30)}, the faster peer takes "
                  f"{faster / first:.1f} times as long {VERDICTS.judge(faster / first, 10)}; "
                  f"build {seconds:.1f} s {_at_most(seconds, 10)}")
        for key, p in of.items():
            if key.startswith("smelt"):
                _judge_sizes(row["model"], key, p)


def _judge_sizes(model, key, p):
    code = (p["program_bytes"] - p["weights_bytes"]) / 1e3
    build = p["build_memory_bytes"] / p["model_bytes"]
    said = f"  {model} {key}: {code:,.0f} kB beside weights {_at_most(code, 600)}"
    if p["model_bytes"] > LARGE_MODEL_BYTES:
        said += f"; build memory {build:.2f} x model.onnx {_at_most(build, 2)}"
    if "cache_bytes_per_token" in p:
        text = p["cache_bytes_per_token"] * TEXT_TOKENS
        more = max(0, p["resident_bytes"] - p["weights_bytes"] - text) / MEGABYTE
        said += f"; {more:.1f} MB beside weights and cache {_at_most(more, 8)}"
    print(said)


def _at_most(value, most):
    VERDICTS.judge(most, value)
    return f"<{most:g} {'+' if value <= most else '!'}"


def print_summary(rows):
    """Two threads against one, where both were measured, and the count of goals."""
    lines = []
    for row in rows:
        found = medians(row)
        ratios = []
        for (work, threads, engine), figure in found.items():
            one = found.get((work, 1, engine))
            if threads == 2 and engine == "smelt f32" and one:
                ratio = one / figure if work.startswith("encode") else figure / one
                least = THREADS_GOAL if work in ("prompt 128", "prompt 512") else None
                ratios.append(f"{work} {ratio:.2f} {VERDICTS.judge(ratio, least)}".strip())
        if ratios:
            lines.append(f"  {row['model']}: " + ", ".join(ratios))
    if lines:
        print("\ntwo threads against one, smelt f32", *lines, sep="\n")
    print(f"\ngoals met: {VERDICTS.met} of {VERDICTS.all}")
