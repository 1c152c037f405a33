"""profile_check.py FILE THREADS DECODE_CALLS: a profile of a decoder adds up."""
import json
import sys

path, threads, decode_calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(path) as file:
    profile = json.load(file)
assert profile["threads"] == threads
assert profile["f32_flops_per_s"] > 1e8 and profile["read_bytes_per_s"] > 1e8
entries = {entry["name"]: entry for entry in profile["entries"]}
assert list(entries) == ["prefill", "decode"], list(entries)
assert entries["decode"]["calls"] == entries["decode"]["tokens"] == decode_calls
for name, entry in entries.items():
    steps = entry["steps"]
    assert all(step["calls"] == entry["calls"] for step in steps), f"{name}: there are no loops"
    spent = sum(step["work_ns"] + step["wait_ns"] for step in steps)
    assert spent <= entry["wall_ns"] + len(steps), f"{name}: {spent} ns in steps, {entry['wall_ns']} ns in all"
    # The limit on what is lost between steps is wide: machines that test are busy.
    assert spent > 0.3 * entry["wall_ns"], f"{name}: {spent} ns in steps, {entry['wall_ns']} ns in all"
    linears = [step for step in steps if step["label"].startswith("linear ")]
    for step in linears:
        K, N = (int(size) for size in step["label"].split()[1:4:2])
        tokens = entry["tokens"] if step is linears[0] else entry["calls"]  # the last ones read one position only
        assert step["flops"] >= 2 * K * N * tokens, step
        assert step["least_ns"] > 0 and step["bytes"] >= K * N, step
layers = sum(step["label"].startswith("attention ") for step in entries["decode"]["steps"])
assert layers > 1 and len([s for s in entries["decode"]["steps"] if s["label"].startswith("linear ")]) >= 4 * layers
