#!/bin/sh
# weights_test.sh SMELT PROGRAM MODEL: a program for wasm32 reads its weights from a file beside it, or unpacks them, and writes what
# this machine's PROGRAM writes.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 program=$2 model=$3
need "$program"
text=$("$program" -p "In the beginning" -n 16 --temp 0 </dev/null)
[ -n "$text" ] || fail "the program writes"
writes() {
  what=$1
  shift
  same "$what" "$text" "$("$@" -p "In the beginning" -n 16 --temp 0 </dev/null 2>&1)"
}
build "$model" --weights verse.weights
writes "weights beside the program" env -C / "$work/program"
mkdir "$work/elsewhere"
mv "$work/verse.weights" "$work/elsewhere/w"
exits "no file" 1 "$work/program" -p x
says "is told with its place" "$work/verse.weights: cannot be opened: No such file" "$work/stderr"
writes "--weights" "$work/program" --weights "$work/elsewhere/w" --check-weights
writes "SMELT_WEIGHTS" env SMELT_WEIGHTS="$work/elsewhere/w" "$work/program"
head -c 1000000 "$work/elsewhere/w" >"$work/verse.weights"
exits "a short file" 1 "$work/program" -p x
says "is told" "verse.weights: is too short" "$work/stderr"
exits "a folder" 1 "$work/program" -p x --weights "$work/elsewhere"
for option in "--weights w" --compress; do
  # shellcheck disable=SC2086 # words
  exits "$option: not in a module that has no files" 2 "$smelt" build "$model" --target wasm32-wasi --emit shared $option -o "$work/x"
done
build "$model" --compress
writes "compressed" "$work/program"
finish
