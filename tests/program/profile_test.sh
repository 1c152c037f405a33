#!/bin/sh
# profile_test.sh PROGRAM PYTHON CHECKER: --profile and --profile-json of a text generator (examples/verse).
. "${0%/*}/check.sh"
program=$1 python=$2 checker=$3
need "$program"

for threads in 1 2; do
  plain=$("$program" -p "In the beginning God" -n 8 --temp 0 --threads $threads)
  exits "--profile, $threads threads" 0 \
    "$program" -p "In the beginning God" -n 8 --temp 0 --threads $threads --profile --profile-json "$work/profile.json"
  same "--profile changes no text, $threads threads" "$plain" "$(cat "$work/stdout")"
  says "the machine's limits, $threads threads" "^this machine, $threads threads?: .* GFLOP/s in f32.* GB/s$" "$work/stderr"
  says "the prompt, $threads threads" "^prefill: 1 call, .* tokens/s$" "$work/stderr"
  says "the generation, $threads threads" "^decode: 7 calls, .* 7 tokens, .* tokens/s$" "$work/stderr"
  says "linears, $threads threads" "^  linear [0-9]+ x [0-9]+ .* (memory|arithmetic)$" "$work/stderr"
  exits "the JSON holds together, $threads threads" 0 "$python" "$checker" "$work/profile.json" $threads 7
done
exits "--profile-json without --profile" 0 "$program" -p "In the" -n 2 --profile-json "$work/alone.json"
same "--profile-json prints nothing" "" "$(cat "$work/stderr")"
exits "a file that cannot be made" 1 "$program" -p "In the" -n 2 --profile-json "$work/no/such/folder"
says "a file that cannot be made is named" "no/such/folder: the file cannot be made" "$work/stderr"
exits "--profile takes no value" 2 "$program" -p a --profile=yes
finish
