"""beams_test.py BEAMS: random searches must find the reference's texts, with its scores."""
import random
import subprocess
import sys

import numpy as np

import beam_search

VOCAB, START, WORD = 16, 2, 2 ** 64
EARLY = ["false", "true", "never"]


def gen_next(h, value):
    return (h * 31 + value + 1) % WORD


def model_after(first):
    """The logits of beams.c's model, whose state begins with `first`."""
    def logits(text):
        h = first
        for token in text:
            for value in [*range(token, token + 4), *range(token + 7, token + 11), *range(3 * token, 3 * token + 3)]:
                h = gen_next(h, value)
        return np.array([(((h ^ (i * 0x9E3779B97F4A7C15 % WORD)) * 0xE7037ED1A0B428DB % WORD) >> 40 & 4095) / 512
                         for i in range(VOCAB)], dtype=np.float32)
    return logits


def make_case(r):
    groups = r.choice([0, 0, 1, 2, 3])
    return {
        "kind": r.randint(0, 1), "beam_groups": groups, "beams": max(groups, 1) * r.randint(1 + (groups < 2), 4),
        "early_stopping": r.choice(EARLY), "max_new_tokens": r.randint(1, 12),
        "no_repeat_ngram": r.choice([0, 0, 0, 1, 2]), "min_new_tokens": r.choice([0, 0, 3]),
        "diversity_penalty": r.choice([0, 0.5, 2.25]) if groups > 1 else 0,
        "length_penalty": r.choice([-1, 0, 0.5, 1, 1, 2]), "repetition_penalty": r.choice([0, 0, 1.5]),
        "stop_ids": r.sample(range(VOCAB), r.randint(0, 3)), "pad": 0,
        "prompt": [r.randrange(VOCAB) for _ in range(r.randint(1, 12))],
    }


def write_case(case):
    names = ["kind", "beams", "beam_groups"]
    words = [*(case[name] for name in names), EARLY.index(case["early_stopping"]),
             *(case[name] for name in ["max_new_tokens", "no_repeat_ngram", "min_new_tokens", "diversity_penalty",
                                       "length_penalty", "repetition_penalty"]),
             len(case["stop_ids"]), *case["stop_ids"], len(case["prompt"]), *case["prompt"]]
    return " ".join(map(str, words))


def reference(case):
    if case["kind"] == 0:
        return beam_search.search(model_after(0), case, case["prompt"])
    encoded = 77
    for token in case["prompt"]:
        encoded = gen_next(encoded, token)
    return beam_search.search(model_after(encoded), case, [START])


def read_found(lines):
    for _ in range(int(next(lines))):
        score, log_probability, *tokens = next(lines).split()
        yield float(score), float(log_probability), list(map(int, tokens))


def same(expected, found):
    return len(expected) == len(found) and all(
        abs(e[0] - f[0]) < 1e-5 and abs(e[1] - f[1]) < 1e-5 and e[2] == f[2] for e, f in zip(expected, found))


def main():
    r = random.Random(7)
    cases = [make_case(r) for _ in range(400)]
    run = subprocess.run([sys.argv[1]], input="\n".join(map(write_case, cases)), text=True, capture_output=True)
    assert run.returncode == 0, run.stdout[-200:]
    lines = iter(run.stdout.splitlines())
    wrong = 0
    for case in cases:
        expected, found = reference(case), list(read_found(lines))
        if same(expected, found):
            continue
        wrong += 1
        if wrong <= 3:
            print(case, *expected, "found", *found, sep="\n  ")
    print(f"{len(cases)} searches, {wrong} wrong")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
