"""choosing_test.py CHOOSE: random cases, each option alone and many together, must leave the reference's choices."""
import random
import subprocess
import sys

import numpy as np

import choosing

NUMBERS = ["temperature", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty",
           "frequency_penalty", "presence_penalty", "source_penalty", "decay_factor", "top_k", "no_repeat_ngram",
           "min_new_tokens", "min_length", "max_new_tokens", "max_length", "decay_start", "renormalises",
           "source_no_repeat_ngram"]
REALS = 11  # the first of them
NO_OPTIONS = dict.fromkeys(NUMBERS, 0) | {"biases": [], "own_biases": [], "forced_first": [], "forced_last": [], "source": [], "bad_words": [], "suppressed": [], "suppressed_first": [],
                                          "stop_ids": [], "allowed": None, "may_end": False}


def draw_tokens(r, vocab, most):
    return [r.randrange(vocab) for _ in range(r.randint(1, most))]


def sequence_near(r, text, vocab):
    """Mostly one that the end of the text begins, so that it matters."""
    length = r.randint(1, 4)
    start = text[len(text) - length + 1:] if length > 1 else []
    return (start if r.random() < 0.8 else draw_tokens(r, vocab, 3)) + [r.randrange(vocab)]


# What each option may be, given a case so far.
OPTIONS = {
    "top_p": lambda r, c: r.choice([0.05, 0.3, 0.6, 0.9, 0.99]),
    "min_p": lambda r, c: r.choice([0.01, 0.1, 0.5, 1]),
    "typical_p": lambda r, c: r.choice([0.05, 0.2, 0.5, 0.9, 0.99]),
    "epsilon_cutoff": lambda r, c: r.choice([3e-4, 1e-2, 0.1]),
    "eta_cutoff": lambda r, c: r.choice([3e-4, 1e-2, 0.1]),
    "repetition_penalty": lambda r, c: r.choice([0.5, 1.1, 1.3, 2]),
    "frequency_penalty": lambda r, c: r.choice([-0.3, 0.2, 0.7]),
    "presence_penalty": lambda r, c: r.choice([-0.5, 0.4, 1.5]),
    "top_k": lambda r, c: r.choice([1, 2, 5, 40, 10000]),
    "no_repeat_ngram": lambda r, c: r.randint(1, 4),
    "min_new_tokens": lambda r, c: r.randint(1, 20),
    "min_length": lambda r, c: r.randint(1, 40),
    "biases": lambda r, c: [(sequence_near(r, c["text"], len(c["logits"])), round(r.uniform(-9, 9), 3))
                            for _ in range(r.randint(1, 4))],
    "own_biases": lambda r, c: [(sequence_near(r, c["text"], len(c["logits"])), round(r.uniform(-9, 9), 3))
                                for _ in range(r.randint(1, 4))],
    "source_penalty": lambda r, c: r.choice([0.5, 1.3, 2]),
    "source_no_repeat_ngram": lambda r, c: r.randint(1, 4),
    "source": lambda r, c: draw_tokens(r, len(c["logits"]), 5) + c["text"],
    "decay_factor": lambda r, c: r.choice([1.05, 1.5]),
    "decay_start": lambda r, c: r.randint(0, 4),
    "forced_first": lambda r, c: [r.randrange(len(c["logits"]))],
    "forced_last": lambda r, c: draw_tokens(r, len(c["logits"]), 2),
    "max_new_tokens": lambda r, c: r.randint(1, 1 + len(c["text"]) - c["new_from"]) + r.choice([0, 1]),
    "max_length": lambda r, c: len(c["text"]) + r.choice([0, 1, 1, 2]),
    "renormalises": lambda r, c: 1,
    "bad_words": lambda r, c: [sequence_near(r, c["text"], len(c["logits"])) for _ in range(r.randint(1, 4))],
    "suppressed": lambda r, c: draw_tokens(r, len(c["logits"]), 6),
    "suppressed_first": lambda r, c: draw_tokens(r, len(c["logits"]), 6),
    "stop_ids": lambda r, c: draw_tokens(r, len(c["logits"]), 3),
    "allowed": lambda r, c: sorted(set(draw_tokens(r, len(c["logits"]), len(c["logits"]))
                                       if r.random() < 0.9 else [])),
}


def make_case(r, wanted):
    vocab = r.choice([7, 64, 65, 300])
    spread = r.choice([0.5, 2, 5])
    logits = np.array([r.gauss(0, spread) for _ in range(vocab)], dtype=np.float32)
    if r.random() < 0.2:  # ties
        logits = np.round(logits)
    if r.random() < 0.1:
        logits[r.randrange(vocab)] = r.choice([np.nan, -np.inf])
    pool = draw_tokens(r, vocab, 6)
    text = [r.choice(pool) for _ in range(r.choice([1, 2, r.randint(1, 30)]))]
    case = NO_OPTIONS | {"logits": logits, "text": text, "new_from": r.choice([0, len(text), r.randint(0, len(text))]),
                         "temperature": r.choice([0, 0.7, 1, 1.8])}
    for name in wanted:
        case[name] = OPTIONS[name](r, case)
    if case["allowed"] is not None:
        case["may_end"] = r.random() < 0.5
    return case


def words_of(tokens):
    return [len(tokens), *tokens]


def write_case(case):
    words = [len(case["logits"]), *(repr(float(np.float32(case[name]))) for name in NUMBERS[:REALS]),
             *(case[name] for name in NUMBERS[REALS:]), len(case["biases"])]
    for sequence, value in case["biases"]:
        words += [*words_of(sequence), value]
    words += words_of([token for word in case["bad_words"] for token in [*word, -1]])
    for name in ["suppressed", "suppressed_first", "stop_ids", "forced_first", "forced_last", "source"]:
        words += words_of(case[name])
    words += words_of([token for sequence, _ in case["own_biases"] for token in [*sequence, -1]])
    words += [len(case["own_biases"]), *(value for _, value in case["own_biases"])]
    allowed = case["allowed"]
    words += [-1 if allowed is None else len(allowed), int(case["may_end"]), *(allowed or [])]
    words += [*words_of(case["text"]), case["new_from"], *(repr(float(x)) for x in case["logits"])]
    return " ".join(map(str, words))


def same(expected, line):
    if expected is None or isinstance(expected, int):
        return line.split() == ["none" if expected is None else str(expected)]
    words = line.split()
    found = dict(zip(map(int, words[::2]), map(float, words[1::2])))
    return found.keys() == expected.keys() and all(abs(found[t] - expected[t]) <= 1e-9 for t in found)


def main():
    r = random.Random(5)
    names = list(OPTIONS)
    cases = [make_case(r, [name]) for name in names for _ in range(60)]
    for pair in [["forced_last", "max_length"], ["forced_last", "max_new_tokens"], ["decay_factor", "stop_ids"],
                 ["source", "source_penalty"], ["source", "source_no_repeat_ngram"], ["forced_first", "suppressed_first"],
                 ["decay_factor", "decay_start", "stop_ids"]]:
        cases += [make_case(r, pair) for _ in range(80)]
    cases += [make_case(r, r.sample(names, r.randint(2, 6))) for _ in range(1500)]
    text = "\n".join(map(write_case, cases))
    lines = subprocess.run([sys.argv[1]], input=text, text=True, capture_output=True, check=True).stdout.splitlines()
    assert len(lines) == len(cases), f"{len(lines)} answers to {len(cases)} cases"
    wrong = 0
    for case, line in zip(cases, lines):
        expected = choosing.choose(case)
        if same(expected, line):
            continue
        wrong += 1
        if wrong <= 3:
            given = {name: case[name] for name in NO_OPTIONS if case[name] != NO_OPTIONS[name]}
            print(f"wrong: {given} after {case['text']}", expected, line, sep="\n  ")
    print(f"{len(cases)} cases, {wrong} wrong")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
