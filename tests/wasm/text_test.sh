#!/bin/sh
# text_test.sh SMELT PROGRAM MODEL IDS COUNT: the program for wasm32 says what this machine's says, greedily, of a seed and
# under a constraint, its logits differ by at most 1e-4 of the largest, and its errors are the same.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 program=$2 model=$3 ids=$4 count=$5
need "$program"
build "$model"
other=$work/program

# both WHAT ARGUMENT...: of both programs the same output, errors and code, but for the program's own name.
both() {
  what=$1
  shift
  "$program" "$@" >"$work/expected" 2>"$work/expected.errors" </dev/null
  echo "exit $?" >>"$work/expected.errors"
  "$other" "$@" >"$work/found" 2>"$work/found.errors" </dev/null
  echo "exit $?" >>"$work/found.errors"
  sed -i 's/^[^ ]*: //' "$work/expected.errors" "$work/found.errors"
  same "$what" "$(cat "$work/expected")" "$(cat "$work/found")"
  same "$what: errors" "$(cat "$work/expected.errors")" "$(cat "$work/found.errors")"
}

both "greedy ids" --prompt-ids "$ids" -n "$count" --temp 0 --ids
both "text of a seed" --prompt-ids "$ids" -n "$count" --temp 1.2 --seed 7
both "beams" --prompt-ids "$ids" -n 8 --beams 3
both "under a constraint" -p "In the" --regex "( [a-z]{2,6}){3}\\." -n 20 --temp 0
both "a constraint that is none" -p "In the" --regex "a("
both "an unknown option" --no-such-option
both "tokens" tokenize -p "In the beginning: Straße, 日本語"
both "ids that are none" --prompt-ids "1 2 x"
printf 'In the beginning\nAnd God said\n' >"$work/lines"
both "lines of a file" tokenize --lines "$work/lines"
both "a file that is not there" tokenize --lines "$work/none"
same "standard input" "$("$program" tokenize <"$work/lines")" "$("$other" tokenize <"$work/lines")"

exits "logits" 0 "$program" --prompt-ids "$ids" -n "$count" --temp 0 --logits "$work/host"
exits "logits of wasm32" 0 "$other" --prompt-ids "$ids" -n "$count" --temp 0 --logits "$work/wasm"
exits "logits agree" 0 /usr/bin/python3 -c '
import sys, numpy
a, b = (numpy.fromfile(name, "f4") for name in sys.argv[1:3])
sys.exit(a.size == 0 or a.shape != b.shape or not abs(a - b).max() <= 1e-4 * abs(a).max())' "$work/host" "$work/wasm"
finish
