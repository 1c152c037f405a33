#!/bin/sh
# speculate_test.sh SMELT MODEL ENCODER_DECODER: the text is the same with --speculate as without, whatever weights and
# caches are kept in, and guesses do come true.
. "${0%/*}/../program/check.sh"
smelt=$1 model=$2 pair=$3
repeated="And he said, Behold, and he said, Behold, and he"

compare() {
  same "$*" "$("$work/program" --ids -n 120 --ignore-eos "$@" </dev/null)" \
    "$("$work/program" --ids -n 120 --ignore-eos "$@" --speculate </dev/null)"
}
exits "build --speculate" 0 "$smelt" build "$model" -q -o "$work/program" --speculate
for prompt in "In the beginning" "$repeated" "Then"; do
  compare -p "$prompt" --temp 0
  compare -p "$prompt" --temp 0 --repeat-penalty 1.1 --no-repeat-ngram 6
  for seed in 1 2 3; do compare -p "$prompt" --temp 0.4 --seed $seed; done
  compare -p "$prompt" --temp 1 --top-p 0.9 --seed 4 -N 2
done
compare -p "In the beginning" --temp 0 -n 0 # to the model's limit
compare -p "In the beginning" --temp 0 --stop "LORD, and"
compare -p "In the beginning" --temp 0 --threads 1
"$work/program" -p "In the beginning" -n 120 --temp 0 --ignore-eos --speculate --profile-json "$work/profile" >"$work/text" </dev/null
calls=$(grep -o '"name":"decode","calls":[0-9]*' "$work/profile" | sed 's/.*://')
case $calls in
*[!0-9]* | "") fail "the profile does not say how often decode ran" "$(head -c 300 "$work/profile")" ;;
*) [ "$calls" -lt 80 ] || fail "of 120 tokens $calls were decoded alone: hardly a guess came true" ;;
esac
exits "help of such a program" 0 "$work/program" --help
says "it has the option" "--speculate" "$work/stdout"
for rounded in "--precision int8" "--precision int4 --kv bf16" "--precision bf16"; do
  # shellcheck disable=SC2086 # options and their values
  exits "build $rounded" 0 "$smelt" build "$model" -q -o "$work/program" --speculate $rounded
  for threads in 1 2; do
    compare -p "$repeated" --temp 0 --threads $threads
    compare -p "$repeated" --temp 0.4 --seed 1 --threads $threads
  done
done
exits "an encoder-decoder cannot" 2 "$smelt" build "$pair" -q -o "$work/pair" --speculate
says "the message says so" "--speculate is for decoders" "$work/stderr"
exits "build without" 0 "$smelt" build "$model" -q -o "$work/program"
exits "a program without cannot" 2 "$work/program" -p x --speculate
finish
