"""beam_search.py: beam search and diverse beam search, written down plainly, as Hugging Face's BeamSearchScorer has them.

Every beam is a list of tokens; the model is a function from a text to its logits. Nothing is shared or cached.
"""
import numpy as np

import choosing

NOTHING = {"stop_ids": [], "biases": [], "own_biases": [], "source": [], "forced_first": [], "forced_last": [], "bad_words": [],
           "suppressed": [], "suppressed_first": [], "allowed": None, "source_penalty": 0, "source_no_repeat_ngram": 0,
           "decay_factor": 0, "decay_start": 0, "renormalises": 0, "max_length": 0,
           "repetition_penalty": 0, "frequency_penalty": 0, "presence_penalty": 0, "no_repeat_ngram": 0,
           "min_new_tokens": 0, "min_length": 0}


class Hypotheses:
    """The best texts of a group that have ended: (score, log-probability, new tokens)."""

    def __init__(self, size, options):
        self.size, self.options, self.texts, self.worst = size, options, [], 1e9

    def score(self, log_probability, length):
        return log_probability / length ** self.options["length_penalty"] if length else log_probability

    def add(self, tokens, log_probability):
        score = self.score(log_probability, len(tokens))
        if len(self.texts) < self.size or score > self.worst:
            self.texts.append((score, log_probability, tokens))
            if len(self.texts) > self.size:
                by_score = sorted((text[0], i) for i, text in enumerate(self.texts))
                del self.texts[by_score[0][1]]
                self.worst = by_score[1][0]
            else:
                self.worst = min(score, self.worst)

    def are_done(self, best, length, most):
        if len(self.texts) < self.size:
            return False
        how = self.options["early_stopping"]
        if how == "true":
            return True
        if how == "never" and self.options["length_penalty"] > 0:
            length = most
        return self.worst >= self.score(best, length)


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max()
    return (shifted - np.log(np.exp(shifted).sum())).astype(np.float32)


def group_scores(model, case, prompt, beams, chosen):
    """Scores of every next token of every beam of a group; `chosen`: what earlier groups chose at this place."""
    scores = []
    for tokens, score in beams:
        text = prompt + tokens
        changed = log_softmax(model(text))
        for token in chosen:
            changed[token] -= np.float32(case["diversity_penalty"])
        changed = choosing.process(case, text, changed)
        scores.append(changed.astype(np.float64) + score)
    return np.array(scores)


def best_of(scores, count):
    """(score, beam, token) of the best `count`, none that is excluded."""
    flat = scores.ravel()
    order = np.argsort(-flat, kind="stable")[:count]
    return [(flat[i], *divmod(int(i), scores.shape[1])) for i in order if flat[i] > -np.inf]


def search(model, options, prompt):
    """[(score, log-probability, new tokens)], the best first."""
    groups = max(options["beam_groups"], 1)
    size = options["beams"] // groups
    case = NOTHING | options | {"new_from": len(prompt)}
    ends, most = options["stop_ids"], options["max_new_tokens"]
    beams = [[([], 0.0)] for _ in range(groups)]
    hypotheses = [Hypotheses(size, options) for _ in range(groups)]
    done = [False] * groups
    length = 0
    while length < most and not all(done):
        chosen = []
        for g in range(groups):
            if done[g]:
                chosen += [options["pad"]] * size
                continue
            found = best_of(group_scores(model, case, prompt, beams[g], chosen), max(2, 1 + len(ends)) * size)
            new = []
            for rank, (score, beam, token) in enumerate(found):
                if token not in ends:
                    new.append((beams[g][beam][0] + [token], score))
                elif rank < size:
                    hypotheses[g].add(beams[g][beam][0], score)
                if len(new) == size:
                    break
            beams[g] = new
            chosen += [tokens[-1] for tokens, _ in new]
            done[g] = not new or hypotheses[g].are_done(found[0][0], length + 1, most)
        length += 1
    for g in range(groups):
        for tokens, score in beams[g] if not done[g] else []:
            hypotheses[g].add(tokens, score)
    texts = sorted((text for h in hypotheses for text in h.texts), key=lambda text: text[0])
    return texts[::-1]
