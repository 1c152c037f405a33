#!/bin/sh
# refused_test.sh SMELT MODEL GRAPH: what wasm32 has no room or no form for is refused in one line that says why.
. "${0%/*}/../program/check.sh"
smelt=$1 model=$2 graph=$3
exits "more than 4 GiB" 1 "$smelt" build "$graph" --target wasm32-wasi --max-batch 200000 -o "$work/x"
says "how much, and where to save" "needs .* GB.*4 GiB" "$work/stderr"
[ ! -e "$work/x" ] || fail "something was written"
. "${0%/*}/runner.sh"
build "$model"
exits "a profile" 2 "$work/program" --profile --prompt-ids 1
says "that there is none" "built without --profile" "$work/stderr"
exits "an object" 0 "$smelt" build "$model" --target wasm32-wasi --emit obj -o "$work/x.o"
same "of wasm's format" "$(printf '\0asm\1\0\0\0' | od -An -c)" "$(head -c 8 "$work/x.o" | od -An -c)"
finish
