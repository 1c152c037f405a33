#!/bin/sh
# oracle_test.sh ORACLE STORIES260K: the oracle must know what stories260K says, and see when logits differ.
set -eu
oracle=$1 folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

"$oracle" version || exit $?
[ -d "$folder" ] || { echo "SKIP: $folder is absent; tests/models/stories260k.py makes it"; exit 77; }

# llama2.c's own output from <s>: "Once upon a time, there was a little girl named Lily. She loved to play outside"
story="403 407 261 378 432 383 286 261 376 298 315 421 395 317 426 338 401 396 267 337"
said=$("$oracle" greedy "$folder" --ids 1 -n 20 --logits "$work/whole.npy")
[ "$said" = "$story" ] || fail "from <s> it says: $said"

# Prompt and decoding must agree on the same positions, however they are split between them.
rest=$("$oracle" greedy "$folder" --ids 1,403,407,261,378 -n 16 --logits "$work/prompted.npy")
[ "403 407 261 378 $rest" = "$story" ] || fail "after a prompt it says: $rest"
"$oracle" diff "$work/whole.npy" "$work/prompted.npy" --within 1e-4 || fail "logits depend on the prompt's length"

# It must stop at an end token, and see a difference where there is one.
[ "$("$oracle" greedy "$folder" --ids 1 -n 20 --end 432)" = "403 407 261 378" ] || fail "it goes on past --end"
"$oracle" greedy "$folder" --ids 5 -n 20 --logits "$work/other.npy" >"$work/ids"
if "$oracle" diff "$work/whole.npy" "$work/other.npy" >"$work/said"; then fail "diff calls other logits equal"; fi
echo "passed"
