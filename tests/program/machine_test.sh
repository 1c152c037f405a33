#!/bin/sh
# machine_test.sh PROGRAM OTHER RUNNER LEVELS IDS COUNT [DIFFERENCE]: OTHER, the same program for another machine, which
# RUNNER starts, says the ids that this machine's program says, also of seeds, at each of its levels, where weights or
# caches are rounded from the same bits, and has logits that differ by at most DIFFERENCE of the largest.
# LEVELS: LEVEL, left out where it does not run here, or LEVEL=CPU, which must run on what QEMU calls that.
. "${0%/*}/check.sh"
. "${0%/*}/sampled.sh"
program=$1 other=$2 runner=$3 levels=$4 ids=$5 count=$6
need "$program"
need "$other"
command -v "$runner" >/dev/null || skip "$runner is not installed"
expected=$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)
[ -n "$expected" ] || fail "no ids came"
keep_sampled "$program"
for threads in 1 2; do
  same "$threads threads" "$expected" \
    "$("$runner" "$other" --prompt-ids "$ids" -n "$count" --temp 0 --ids --threads $threads </dev/null)"
done
if [ "${7:-}" ]; then
  exits "logits" 0 "$program" --prompt-ids "$ids" -n "$count" --temp 0 --logits "$work/host"
  exits "logits of the other" 0 "$runner" "$other" --prompt-ids "$ids" -n "$count" --temp 0 --logits "$work/other"
  exits "logits agree" 0 /usr/bin/python3 -c '
import sys, numpy
a, b = (numpy.fromfile(name, "f4") for name in sys.argv[1:3])
sys.exit(a.size == 0 or a.shape != b.shape or not abs(a - b).max() <= float(sys.argv[3]) * abs(a).max())' \
    "$work/host" "$work/other" "$7"
fi
for row in $levels; do
  level=${row%%=*}
  if [ "$level" != "$row" ]; then
    QEMU_CPU=${row#*=}
    export QEMU_CPU
  fi
  running=$(SMELT_CPU=$level "$runner" "$other" --version 2>/dev/null) || running=
  case $running in
  *"running $level code"*)
    same "$level" "$expected" \
      "$(SMELT_CPU=$level "$runner" "$other" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)"
    same_sampled "$level" "$(bits_of "$program")" env SMELT_CPU="$level" "$runner" "$other" ;;
  *)
    if [ "$level" = "$row" ]; then
      echo "left out: no $level code runs here"
    else
      fail "$level on $QEMU_CPU" "$running"
    fi ;;
  esac
done
finish
