#!/bin/sh
# arm64_test.sh PROGRAM ARM64 RUNNER IDS COUNT: the arm64 program says the ids that this machine's program says, at each
# of its levels.
. "${0%/*}/check.sh"
program=$1 arm64=$2 runner=$3 ids=$4 count=$5
need "$program"
need "$arm64"
command -v "$runner" >/dev/null || skip "$runner is not installed"
expected=$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)
[ -n "$expected" ] || fail "no ids came"
for threads in 1 2; do
  same "$threads threads" "$expected" \
    "$("$runner" "$arm64" --prompt-ids "$ids" -n "$count" --temp 0 --ids --threads $threads </dev/null)"
done
for level in baseline arm64-dot; do
  running=$(SMELT_ISA=$level "$runner" "$arm64" --version 2>/dev/null) || running=
  case $running in
  *"running $level code"*)
    same "$level" "$expected" \
      "$(SMELT_ISA=$level "$runner" "$arm64" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)" ;;
  *) echo "left out: no $level code runs here" ;;
  esac
done
finish
