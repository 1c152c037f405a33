#!/bin/sh
# architecture_test.sh SMELT ORACLE FOLDER [LEVEL]: what tests/models/architectures.py made of one cell must be recognised
# (FOLDER/expect.json) and compute what ONNX Runtime computes, within 1e-4, by code of the level, or of this machine's where it
# has not that.
set -eu
smelt=$1 oracle=$2 folder=$3 level=${4:-native}
[ "$level" != x86-64-v3 ] || grep -q ' avx2 ' /proc/cpuinfo || level=native
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

# What a graph makes of one case's inputs, all of its outputs. Only f32 is compared.
check_case() {
  inputs= feeds= outputs=
  for file in "$1"/*.npy; do
    name=$(basename "$file" .npy)
    inputs="$inputs --input $name=$file"
    feeds="$feeds --in $name=$file"
  done
  rm -rf "$work/expected" && mkdir "$work/expected"
  "$oracle" run "$folder/model.onnx" $feeds --out "$work/expected"
  for expected in "$work"/expected/*.npy; do
    outputs="$outputs --output $(basename "$expected" .npy)=$work/found.$(basename "$expected")"
  done
  "$work/graph" $inputs $outputs
  for expected in "$work"/expected/*.npy; do
    name=$(basename "$expected")
    "$oracle" diff "$expected" "$work/found.$name" --within 1e-4 || fail "$1: ${name%.npy} differs"
  done
}

"$oracle" version >"$work/version" || { cat "$work/version"; exit 77; }
[ -f "$folder/expect.json" ] || { echo "SKIP: $folder is absent"; exit 77; }

"$smelt" inspect "$folder" --max-batch 4 --json >"$work/inspect.json" || {
  # Some exports break the standard: then ONNX Runtime says so too.
  [ ! -f "$folder/model.onnx" ] || "$oracle" run "$folder/model.onnx" --out "$work" || true
  fail "smelt cannot compile it"
}
recognised=0
/usr/bin/python3 "$here/recognised.py" "$folder/expect.json" <"$work/inspect.json" || recognised=1

# Files of one model hold the same weights under different names: a program has them once, padded to whole panels.
if [ "$(find "$folder" -name '*.onnx' | wc -l)" -gt 1 ]; then
  once=$(/usr/bin/python3 "$here/../program/weights_bytes.py" "$folder")
  packed=$(sed -n 's/.*"weights_bytes": \([0-9]*\).*/\1/p' "$work/inspect.json")
  [ "$packed" -le $((once + once / 20)) ] || fail "$packed bytes of weights, $once in the files, equal ones once"
fi

if [ -f "$folder/tokenizer.json" ]; then
  ids=5,6,7 start=
  [ ! -f "$folder/encoder_model.onnx" ] || start=1
  [ ! -f "$folder/features.npy" ] || { ids=$folder/features.npy start=1,7,9; }
  AGREE_CPU=$level "$here/../oracle/agree.sh" "$smelt" "$oracle" "$folder" "$ids" 24 $start || fail "it computes something else"
  if [ "$start" = 1 ]; then
    "$smelt" build "$folder" --cpu "$level" -o "$work/program"
    /usr/bin/python3 "$here/../oracle/beams_agree.py" "$oracle" "$work/program" "$folder" "$ids" 1 || fail "its beams differ"
  fi
else
  "$smelt" build "$folder/model.onnx" --cpu "$level" --max-batch 4 --max-tokens 64 -o "$work/graph"
  for case in "$folder"/cases/*; do check_case "$case"; done
fi
[ $recognised = 0 ] || fail "it is not recognised as a whole"
