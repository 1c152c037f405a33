#!/bin/sh
# expected_test.sh PROGRAM EXAMPLE [RUNNER]: greedy ids and text of every case in EXAMPLE/expected.json, which PyTorch
# wrote when it exported the model. RUNNER starts programs of another machine (qemu-aarch64-static): ids only.
. "${0%/*}/check.sh"
program=$1 example=$2 runner=${3-}
need "$program"
[ -z "$runner" ] || command -v "$runner" >/dev/null || skip "$runner is not installed"
/usr/bin/python3 "${0%/*}/expected_cases.py" "$example" >"$work/cases" || exit 1
[ -s "$work/cases" ] || fail "$example/expected.json has no cases"

tab=$(printf '\t')
while IFS=$tab read -r count ids prompt text; do
  prompt=$(printf '%b' "$prompt.") text=$(printf '%b' "$text.")
  prompt=${prompt%.} text=${text%.}
  # shellcheck disable=SC2086 # no runner is no word
  found=$($runner "$program" -p "$prompt" -n "$count" --temp 0 --ids </dev/null)
  same "ids after '$prompt'" "$ids" "$found"
  [ -z "$runner" ] || continue # slow, and decoding ids is the same code
  found=$("$program" -p "$prompt" -n "$count" --temp 0 --no-echo </dev/null; echo .)
  same "text after '$prompt'" "$text" "${found%?.}"
done <"$work/cases"
finish
