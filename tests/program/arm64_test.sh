#!/bin/sh
# arm64_test.sh PROGRAM ARM64 RUNNER IDS COUNT [DIFFERENCE]: the arm64 program says the ids that this machine's program
# says, also of seeds, at each of its levels, where weights or caches are rounded from the same bits, and has logits
# that differ by at most DIFFERENCE of the largest.
. "${0%/*}/check.sh"
. "${0%/*}/sampled.sh"
program=$1 arm64=$2 runner=$3 ids=$4 count=$5
need "$program"
need "$arm64"
command -v "$runner" >/dev/null || skip "$runner is not installed"
expected=$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)
[ -n "$expected" ] || fail "no ids came"
keep_sampled "$program"
for threads in 1 2; do
  same "$threads threads" "$expected" \
    "$("$runner" "$arm64" --prompt-ids "$ids" -n "$count" --temp 0 --ids --threads $threads </dev/null)"
done
if [ "${6:-}" ]; then
  exits "logits" 0 "$program" --prompt-ids "$ids" -n "$count" --temp 0 --logits "$work/host"
  exits "logits of arm64" 0 "$runner" "$arm64" --prompt-ids "$ids" -n "$count" --temp 0 --logits "$work/arm64"
  exits "logits agree" 0 /usr/bin/python3 -c '
import sys, numpy
a, b = (numpy.fromfile(name, "f4") for name in sys.argv[1:3])
sys.exit(a.size == 0 or a.shape != b.shape or not abs(a - b).max() <= float(sys.argv[3]) * abs(a).max())' \
    "$work/host" "$work/arm64" "$6"
fi
for level in baseline arm64-dot arm64-mmla; do
  running=$(SMELT_CPU=$level "$runner" "$arm64" --version 2>/dev/null) || running=
  case $running in
  *"running $level code"*)
    same "$level" "$expected" \
      "$(SMELT_CPU=$level "$runner" "$arm64" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)"
    same_sampled "$level" "$(bits_of "$program")" env SMELT_CPU=$level "$runner" "$arm64" ;;
  *) echo "left out: no $level code runs here" ;;
  esac
done
finish
