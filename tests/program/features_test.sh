#!/bin/sh
# features_test.sh SMELT ORACLE FOLDER: a program whose encoder reads features says what ONNX Runtime says. FOLDER is
# a Whisper of tests/models/architectures.py, whose decoder's text begins with 1, 7, 9.
. "${0%/*}/check.sh"
smelt=$1 oracle=$2 folder=$3
need "$folder"
"$oracle" version >"$work/version" || { cat "$work/version"; exit 77; }
"$smelt" build "$folder" --cpu native -o "$work/program" || fail "it is not built"
program=$work/program
features=$folder/features.npy
speak() {
  "$program" --features "$features" --ids --ignore-eos --temp 0 -n 12 "$@" </dev/null
}

expected=$("$oracle" greedy "$folder" --features "$features" --start 1,7,9 -n 12)
same "greedy tokens behind the forced ones" "$expected" "$(speak)"
expected=$("$oracle" greedy "$folder" --features "$features" --start 1,20,30,40,50 -n 12)
same "greedy tokens behind a prompt" "$expected" "$(speak --prompt-ids "20 30 40 50")"

"$program" --help >"$work/help"
says "--help" "--features FILE" "$work/help"
exits "no features" 2 "$program" -n 1
exits "features that are not there" 1 "$program" --features "$work/none.npy" -n 1
exits "features of another kind" 1 "$program" --features "$work/help" -n 1
finish
