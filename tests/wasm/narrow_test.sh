#!/bin/sh
# narrow_test.sh SMELT PROGRAMS MODEL IDS PRECISION...: with narrow weights the program for wasm32 writes the text of a seed
# that this machine's (PROGRAMS_PRECISION) writes, from the same logits to the bit.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 programs=$2 model=$3 ids=$4
shift 4
for precision; do
  need "${programs}_$precision"
  build "$model" --precision "$precision"
  for program in "${programs}_$precision" "$work/program"; do
    exits "$precision" 0 "$program" --prompt-ids "$ids" -n 40 --temp 1.5 --seed 7 --logits "$work/logits"
    cat "$work/logits" >>"$work/stdout"
    sha256sum <"$work/stdout" >"$work/sum.${program##*/}"
  done
  [ -s "$work/logits" ] || fail "no logits"
  same "text and logits in $precision" "$(cat "$work/sum.${programs##*/}_$precision")" "$(cat "$work/sum.program")"
done
finish
