#!/bin/sh
# architecture_test.sh SMELT ORACLE FOLDER: what tests/models/architectures.py made of one architecture must be
# recognised (FOLDER/expect.json) and compute what ONNX Runtime computes, within 1e-4.
set -eu
smelt=$1 oracle=$2 folder=$3
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

"$oracle" version >"$work/version" || { cat "$work/version"; exit 77; }
[ -f "$folder/expect.json" ] || { echo "SKIP: $folder is absent"; exit 77; }

"$smelt" inspect "$folder" --max-batch 4 --json >"$work/inspect.json" || fail "smelt cannot compile it"
recognised=0
/usr/bin/python3 "$here/recognised.py" "$folder/expect.json" <"$work/inspect.json" || recognised=1

if [ -f "$folder/tokenizer.json" ]; then
  start=
  [ ! -f "$folder/encoder_model.onnx" ] || start=1
  "$here/../oracle/agree.sh" "$smelt" "$oracle" "$folder" 5,6,7 24 $start || fail "it computes something else"
else
  "$smelt" build "$folder/model.onnx" --max-batch 4 --max-tokens 64 -o "$work/graph"
  for case in "$folder"/cases/*; do
    inputs= feeds=
    for file in "$case"/*.npy; do
      name=$(basename "$file" .npy)
      inputs="$inputs --input $name=$file"
      feeds="$feeds --in $name=$file"
    done
    mkdir -p "$work/expected"
    "$oracle" run "$folder/model.onnx" $feeds --out "$work/expected"
    for expected in "$work"/expected/*.npy; do
      name=$(basename "$expected" .npy)
      "$work/graph" $inputs --output "$name=$work/found.npy"
      "$oracle" diff "$expected" "$work/found.npy" --within 1e-4 || fail "$case: $name differs"
    done
  done
fi
[ $recognised = 0 ] || fail "it is not recognised as a whole"
