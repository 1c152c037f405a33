"""choosing.py: how the next token is chosen, written down plainly: Hugging Face's processors and warpers, in its order.

Scores are float32 as there; shares of probability are float64. A case is a dict with the fields of smelt_generate_options.
"""
import numpy as np

NEVER = np.float32(-np.inf)


def ends_of(case):
    return case["stop_ids"]


def is_due(text, sequence):
    """Whether the last token of `sequence` would complete it. Sequences longer than the text are passed over."""
    before = len(sequence) - 1
    return before == 0 or (len(sequence) <= len(text) and text[-before:] == sequence[:-1])


def bias(case, text, scores):
    for sequence, value in case["own_biases"] + case["biases"]:
        if is_due(text, sequence):
            scores[sequence[-1]] += np.float32(value)


def repetition(case, text, scores):
    penalty = np.float32(case["repetition_penalty"])
    if penalty == 0:
        return
    for token in set(text):
        scores[token] = scores[token] * penalty if scores[token] < 0 else scores[token] / penalty


def source_of(case, text):
    """What an encoder has read, or else the prompt."""
    return case["source"] or text[:case["new_from"]]


def source_repetition(case, text, scores):
    if case["source_penalty"] == 0:
        return
    penalty = np.float32(1) / np.float32(case["source_penalty"])
    for token in set(source_of(case, text)):
        scores[token] = scores[token] * penalty if scores[token] < 0 else scores[token] / penalty


def source_no_repeat(case, text, scores):
    n, source = case["source_no_repeat_ngram"], source_of(case, text)
    if n == 0 or len(text) < n - 1:
        return
    last = text[len(text) - n + 1:]
    for i in range(len(source) - n + 1):
        if source[i:i + n - 1] == last:
            scores[source[i + n - 1]] = NEVER


def limit(case):
    """The length that the text may have; 0: any."""
    if case["max_new_tokens"]:
        return case["new_from"] + case["max_new_tokens"]
    return max(case["max_length"], case["new_from"] + 1) if case["max_length"] else 0


def forced(case, text, scores):
    is_last = limit(case) and len(text) == limit(case) - 1
    for tokens, holds in [(case["forced_first"], len(text) == 1), (case["forced_last"], is_last)]:
        if tokens and holds:
            scores[:] = NEVER
            scores[tokens] = 0


def decay(case, text, scores):
    beyond = len(text) - case["new_from"] - case["decay_start"]
    if case["decay_factor"] == 0 or beyond <= 0:
        return
    growth = np.float32(np.float64(np.float32(case["decay_factor"])) ** beyond - 1)
    for token in case["stop_ids"]:
        if scores[token] > NEVER:
            scores[token] += np.abs(scores[token]) * growth


def renormalise(case, text, scores):
    if case["renormalises"] and np.isfinite(scores.max()):
        wide = scores.astype(np.float64) - scores.max()
        scores[:] = wide - np.log(np.exp(wide).sum())


def counts(case, text, scores):
    new = text[case["new_from"]:]
    for token in set(new):
        scores[token] -= np.float32(new.count(token)) * np.float32(case["frequency_penalty"])
        scores[token] -= np.float32(case["presence_penalty"])


def no_repeat(case, text, scores):
    n = case["no_repeat_ngram"]
    if n == 0 or len(text) + 1 < n:
        return
    last = text[len(text) - n + 1:]
    for i in range(len(text) - n + 1):
        if text[i:i + n - 1] == last:
            scores[text[i + n - 1]] = NEVER


def bad_words(case, text, scores):
    for word in case["bad_words"]:
        if is_due(text, word):
            scores[word[-1]] = NEVER


def least_length(case, text, scores):
    if len(text) < case["min_length"] or len(text) - case["new_from"] < case["min_new_tokens"]:
        scores[ends_of(case)] = NEVER


def constraint(case, text, scores):
    if case["allowed"] is None:
        return
    for token in range(len(scores)):
        is_allowed = case["may_end"] if token in ends_of(case) else token in case["allowed"]
        if not is_allowed:
            scores[token] = NEVER


def suppress(case, text, scores):
    scores[case["suppressed"]] = NEVER


def suppress_first(case, text, scores):
    comes_second = case["new_from"] == 1 and bool(case["forced_first"])
    if len(text) == case["new_from"] + comes_second:
        scores[case["suppressed_first"]] = NEVER


PROCESSORS = [bias, source_repetition, repetition, counts, no_repeat, source_no_repeat, bad_words, least_length, constraint,
              forced, decay, suppress, suppress_first, renormalise]


def process(case, text, logits):
    scores = np.where(np.isnan(logits), NEVER, logits).astype(np.float32)
    with np.errstate(invalid="ignore"):
        for processor in PROCESSORS:
            processor(case, text, scores)
    return scores


# ---- warpers: scores of what may not be drawn become -inf ------------------------------------------------------


def shares_of(scores):
    weights = np.exp(scores.astype(np.float64) - scores.max())
    return weights / weights.sum()


def top_k(case, scores):
    k = min(case["top_k"], len(scores))
    if k > 0:
        scores[scores < np.sort(scores)[-k]] = NEVER


def top_p(case, scores):
    p = np.float32(case["top_p"])
    if not 0 < p < 1:
        return
    shares = shares_of(scores)
    order = np.argsort(-scores, kind="stable")
    before = np.cumsum(shares[order]) - shares[order]  # what the better ones hold
    scores[order[before >= np.float64(p)]] = NEVER


def min_p(case, scores):
    shares = shares_of(scores)
    scores[shares < np.float64(np.float32(case["min_p"])) * shares.max()] = NEVER


def typical(case, scores):
    mass = np.float32(case["typical_p"])
    if not 0 < mass < 1:
        return
    shares = shares_of(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = -np.log(shares)
        entropy = np.nansum(shares * information)
    distance = np.abs(information - entropy)
    order = np.argsort(distance, kind="stable")
    last = min((np.cumsum(shares[order]) < np.float64(mass)).sum(), len(scores) - 1)
    scores[distance > distance[order[last]]] = NEVER


def cut(scores, shares, least):
    scores[(shares < least) & (scores < scores.max())] = NEVER


def epsilon(case, scores):
    if case["epsilon_cutoff"] > 0:
        cut(scores, shares_of(scores), np.float64(np.float32(case["epsilon_cutoff"])))


def eta(case, scores):
    cutoff = np.float64(np.float32(case["eta_cutoff"]))
    if cutoff > 0:
        shares = shares_of(scores)
        entropy = -sum(share * np.log(share) for share in shares if share > 0)
        cut(scores, shares, min(cutoff, np.sqrt(cutoff) * np.exp(-entropy)))


WARPERS = [top_k, top_p, min_p, typical, epsilon, eta]


def choose(case):
    """The greedy token, or {token: share} of those that may be drawn. Where there is none: with a constraint None, else 0."""
    scores = process(case, case["text"], case["logits"])
    if scores.max() == NEVER:
        return 0 if case["allowed"] is None else None
    if case["temperature"] == 0:
        return int(np.argmax(scores))
    scores = scores / np.float32(case["temperature"])
    for warper in WARPERS:
        warper(case, scores)
    return {token: share for token, share in enumerate(shares_of(scores)) if share > 0}
