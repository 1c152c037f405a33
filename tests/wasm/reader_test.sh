#!/bin/sh
# reader_test.sh SMELT MODEL COMMAND: of a graph that reads text, the program for wasm32 answers COMMAND as this machine's
# does: the same words, and numbers that differ by at most 1e-4.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 model=$2 command=$3
[ -d "$model" ] || skip "$model is absent"
build "$model"
exits "build for this machine" 0 "$smelt" build "$model" --cpu native -o "$work/native"
printf 'A line of words.\nStraße,  日本語\nx\nthe quick brown fox\tjumps\n' >"$work/lines"
for program in native program; do
  exits "$command by $program" 0 "$work/$program" "$command" --lines "$work/lines" --json
  mv "$work/stdout" "$work/$program.answers"
done
/usr/bin/python3 - "$work/native.answers" "$work/program.answers" <<'CHECK' || fail "answers differ"
import json, sys

def agree(a, b):
    if isinstance(a, float) and isinstance(b, (float, int)):
        return abs(a - b) <= 1e-4
    if isinstance(a, list):
        return len(a) == len(b) and all(map(agree, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    return a == b

native, wasm = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
print(len(native), "answers, the last:", str(native[-1])[:70])
sys.exit(len(native) != 4 or not agree(native, wasm))
CHECK
finish
