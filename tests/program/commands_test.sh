#!/bin/sh
# commands_test.sh PROGRAM TOKENIZE FOLDER: tokenize, detokenize and score of examples/verse, and how texts come in.
. "${0%/*}/check.sh"
program=$1 tokenize=$2 folder=$3
need "$program"

# ---- token ids ----

cat >"$work/texts" <<'END'
In the beginning
  two  spaces, "quotes" and \backslashes\
Straße 日本語 🎉

the end
END
# As the reference test's tool has them: records of a length and bytes; every second line is text in hexadecimal.
/usr/bin/python3 -c '
import struct, sys
for line in open(sys.argv[1], "rb").read().split(b"\n")[:-1]:
    sys.stdout.buffer.write(struct.pack("<I", len(line)) + line)' "$work/texts" >"$work/records"
"$tokenize" "$folder" records <"$work/records" | sed -n 'p;n' >"$work/wanted"
exits "tokenize --lines" 0 "$program" tokenize --lines "$work/texts"
same "ids are the tokenizer's" "$(cat "$work/wanted")" "$(cat "$work/stdout")"
cp "$work/wanted" "$work/ids"
same "--lines of standard input" "$(cat "$work/ids")" "$("$program" tokenize --lines - <"$work/texts")"
same "a file without a newline at its end" "$(cat "$work/ids")" \
  "$(printf %s "$(cat "$work/texts")" | "$program" tokenize --lines -)"
same "lines that end in CR LF" "$(cat "$work/ids")" "$(sed 's/$/\r/' "$work/texts" | "$program" tokenize --lines -)"
same "one text" "$(sed -n 3p "$work/ids")" "$("$program" tokenize -p "$(sed -n 3p "$work/texts")")"
same "one text on standard input" "$(sed -n 1p "$work/ids")" "$(sed -n 1p "$work/texts" | "$program" tokenize)"
same "no lines, no results" "" "$("$program" tokenize --lines - </dev/null)"
exits "detokenize --lines" 0 "$program" detokenize --lines "$work/ids"
same "detokenize gives the texts back" "$(cat "$work/texts")" "$(cat "$work/stdout")"
same "detokenize of one" "In the beginning" "$(sed -n 1p "$work/ids" | "$program" detokenize)"

exits "--json" 0 /usr/bin/python3 -c '
import json, subprocess, sys
program, texts, ids = sys.argv[1:]
run = lambda *a: subprocess.run([program, *a], capture_output=True, check=True).stdout.decode().splitlines()
lines, ids_of = open(texts).read().split("\n")[:-1], [list(map(int, l.split())) for l in open(ids)]
rows = [json.loads(l) for l in run("tokenize", "--json", "--lines", texts)]
assert [row["ids"] for row in rows] == ids_of
for row, line in zip(rows, lines):
    parts = [t["text"].encode() if "text" in t else bytes(t["bytes"]) for t in row["tokens"]]
    assert b"".join(parts).decode() == line, (parts, line)
assert [json.loads(l)["text"] for l in run("detokenize", "--json", "--lines", ids)] == lines
' "$program" "$work/texts" "$work/ids"

# ---- score: against the logits that the same program writes of each position ----

exits "score" 0 /usr/bin/python3 -c '
import json, subprocess, sys
import numpy as np
program, folder = sys.argv[1:]
text = "In the beginning God created the heaven and the earth."
run = lambda *a: subprocess.run([program, *a], capture_output=True, check=True).stdout.decode()
row = json.loads(run("score", "--json", "-p", text))
ids = [token["id"] for token in row["tokens"]]
run("-p", text, "-n", "1", "--logits", folder + "/logits")
logits = np.fromfile(folder + "/logits", dtype="<f4").astype(float)
logits = logits.reshape(-1, 1536)[: len(ids)]
highest = logits.max(-1, keepdims=True)
scores = (logits - highest - np.log(np.exp(logits - highest).sum(-1, keepdims=True)))[np.arange(len(ids) - 1), ids[1:]]
found = np.array([token["log_probability"] for token in row["tokens"][1:]])
assert row["tokens"][0]["log_probability"] is None
assert np.abs(found - scores).max() < 1e-12, np.abs(found - scores).max()
assert abs(row["log_probability"] - scores.sum()) < 1e-10 and row["predicted"] == len(scores)
assert abs(row["perplexity"] / np.exp(-scores.mean()) - 1) < 1e-12
assert row == json.loads(run("score", "--json", "--prompt-ids", " ".join(map(str, ids))))
plain = run("score", "-p", text).splitlines()
assert len(plain) == len(ids) + 1 and plain[-1].startswith("perplexity %.4g" % row["perplexity"]), plain
worse = json.loads(run("score", "--json", "-p", "earth created In heaven the God the and beginning."))
assert worse["perplexity"] > 4 * row["perplexity"]
' "$program" "$work"
same "score --lines: perplexity, log-probability, tokens" 2 \
  "$(printf 'In the beginning\nIn the\n' | "$program" score --lines - | grep -Ec '^[0-9.]+	-[0-9.]+	[0-9]+$')"

# ---- what is wrong ----

# wrong CODE EXPRESSION ARGUMENT...: one line on standard error that matches, nothing on standard output.
wrong() {
  code=$1 expression=$2
  shift 2
  exits "$*" "$code" "$program" "$@"
  same "$* says one line" 1 "$(wc -l <"$work/stderr")"
  same "$* prints nothing else" 0 "$(wc -c <"$work/stdout")"
  says "$* names the cause" "$expression" "$work/stderr"
}
wrong 2 "unknown command 'frobnicate'" frobnicate -p a
wrong 2 "cannot embed" embed -p a
wrong 2 "cannot classify" classify -p a
wrong 2 "exclude each other" tokenize -p a --lines "$work/texts"
wrong 2 "exclude each other" score -p a --prompt-ids 1
wrong 1 "cannot be opened" tokenize --lines "$work/none"
wrong 1 "cannot be read" tokenize --lines "$work"
wrong 1 "expected token ids" detokenize -p "1 two"
wrong 1 "token 1: expected 0 to 1535, found 1536" detokenize -p "1 1536"
wrong 2 "--temp does nothing for tokenize" tokenize -p a --temp 1
wrong 2 "--no-special does nothing here" -p a --no-special
wrong 2 "--pooling does nothing for score" score -p a --pooling mean
wrong 2 "expected token ids" score --prompt-ids "1 two"
wrong 1 "none of the model's" score --prompt-ids "1 99999"
wrong 1 "no tokens" score --prompt-ids ""
wrong 1 "at most [0-9]*; --truncate cuts it" score -p "$(seq -s ' ' 2000)"
exits "--truncate" 0 "$program" score -p "$(seq -s ' ' 2000)" --truncate
exits "a line that fails" 1 sh -c "printf '1 2\nx\n3\n' | '$program' detokenize --lines -"
same "a line that fails is empty, the others are there" "$("$program" detokenize -p "1 2")//$("$program" detokenize -p 3)" \
  "$(paste -s -d / "$work/stdout")"
says "a line that fails: which" "line 2: expected token ids" "$work/stderr"
for command in tokenize detokenize score; do
  exits "$command --help" 0 "$program" $command --help
  says "$command --help lists options" "^      --lines FILE" "$work/stdout"
  same "$command --help shows only what suits" 0 "$(grep -c -e "--temp" "$work/stdout")"
done
if [ -e /dev/full ]; then
  exits "a full disk" 1 sh -c 'exec "$0" tokenize -p a >/dev/full' "$program"
  exits "no help" 1 sh -c 'exec "$0" --help >/dev/full' "$program"
  says "no help says so" "cannot be written" "$work/stderr"
fi
finish
