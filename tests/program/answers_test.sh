#!/bin/sh
# answers_test.sh PROGRAM: an encoder-decoder scores answers: what its logits say, and nothing for what is no answer.
. "${0%/*}/check.sh"
program=$1
need "$program"

source=$("$program" tokenize -p "the 12th of March 1987" </dev/null)
"$program" --prompt-ids "$source" --ids --logits "$work/logits" </dev/null >"$work/ids" || fail "the program does not answer"
text=$("$program" --prompt-ids "$source" </dev/null)
exits "score of ids" 0 "$program" score --prompt-ids "$source	$(cat "$work/ids") $("$program" tokenize -p "" </dev/null)" --json
cp "$work/stdout" "$work/scored"
exits "its numbers are the logits'" 0 /usr/bin/python3 - "$work/logits" "$work/scored" "$work/ids" <<'END'
import json, sys
import numpy as np
logits, scored, ids = sys.argv[1:]
answer, scored = list(map(int, open(ids).read().split())), json.load(open(scored))
tokens = [row["id"] for row in scored["tokens"]]
assert tokens[:-1] == answer and scored["predicted"] == len(tokens), (tokens, answer)
rows = np.fromfile(logits, dtype=np.float32).reshape(len(tokens), -1).astype(np.float64)
expected = [row[token] - row.max() - np.log(np.exp(row - row.max()).sum()) for row, token in zip(rows, tokens)]
found = [row["log_probability"] for row in scored["tokens"]]
assert np.allclose(found, expected, atol=1e-5), (found, expected)
assert abs(scored["log_probability"] - sum(expected)) < 1e-4
assert abs(scored["perplexity"] - np.exp(-np.mean(expected))) < 1e-4 * scored["perplexity"]
END
same "a text is a source, a tab and an answer" "$(cat "$work/scored")" \
  "$("$program" score -p "the 12th of March 1987	$text" --json </dev/null)"

# ---- lines ----
printf 'the 12th of March 1987\t%s\nno tab\nthe 12th of March 1987\t%s0\n' "$text" "$text" >"$work/lines"
exits "--lines" 1 "$program" score --lines "$work/lines"
says "a line without a tab is told" "line 2: expected a source, a tab and an answer" "$work/stderr"
same "and is empty" "" "$(sed -n 2p "$work/stdout")"
awk -F '\t' 'NR != 2 { print $2 }' "$work/stdout" >"$work/sums"
exits "the model's own answer is likelier than another" 0 awk 'NR == 1 { own = $1 } NR == 2 { exit !(own > $1) }' "$work/sums"
exits "an answer that is too long" 1 "$program" score -p "x	$(yes 1 | head -n 500 | tr '\n' ' ')"
says "is told" "the text has [0-9]* tokens, the model reads at most" "$work/stderr"
exits "score --help" 0 "$program" score --help
finish
