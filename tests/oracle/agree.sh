#!/bin/sh
# agree.sh SMELT ORACLE FOLDER IDS [COUNT [START]]: a model folder compiled by smelt must agree with ONNX Runtime.
#
# From the prompt IDS (comma-separated) both must say the same COUNT greedy tokens (256), and their logits over the
# first 64 positions must lie within 1e-4, read one token at a time as well as whole. In an encoder-decoder IDS are
# the encoder's, or a file FEATURES.npy that it reads, and START is what its decoder starts from. $AGREE_CPU is the one
# level to build (all).
# Needs $SMELT_BUILD; CC links the test program (clang-22).
set -eu
smelt=$1 oracle=$2 folder=$3 ids=$4 count=${5:-256} start=${6-}
positions=64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

"$oracle" version >"$work/version" || { cat "$work/version"; exit 77; }
[ -d "$folder" ] || { echo "SKIP: $folder is absent"; exit 77; }

source="--ids $ids"
[ "${ids%.npy}" = "$ids" ] || source="--features $ids"
"$oracle" greedy "$folder" $source -n "$count" ${start:+--start "$start"} \
  --logits "$work/oracle.npy" --positions "$positions" >"$work/oracle.ids"

"$smelt" build "$folder" ${AGREE_CPU:+--cpu "$AGREE_CPU"} --emit lib --name tested -o "$work/tested.a"
"${CC:-clang-22}" "$SMELT_BUILD/lib/libcompiled_model.a" "$work/tested.a" -lm -lpthread -o "$work/compiled"

# The positions whose logits are compared: the prompt (the decoder's start), then what the oracle said, less its last
# word, after which it did not look.
sequence=$(echo "${start:-$ids} $(sed 's/[^ ]*$//' "$work/oracle.ids")" | xargs | tr ' ' ',' | cut -d, -f1-$positions)
[ -z "$start" ] || sequence=$ids:$sequence

"$work/compiled" greedy "${start:+$ids:}${start:-$ids}" "$count" >"$work/compiled.ids"
cmp -s "$work/oracle.ids" "$work/compiled.ids" ||
  fail "greedy tokens differ
  oracle:   $(cat "$work/oracle.ids")
  compiled: $(cat "$work/compiled.ids")"

for way in decode prefill; do
  "$work/compiled" $way "$sequence" "$work/$way.npy"
  [ -f "$work/$way.npy" ] || { echo "$way: it reads one token at a time"; continue; }
  printf '%s: ' "$way"
  "$oracle" diff "$work/oracle.npy" "$work/$way.npy" --within 1e-4 || fail "logits of $way differ"
done
echo "$count tokens agree with ONNX Runtime $(cat "$work/version")"
