#!/bin/sh
# machine_test.sh PROGRAM OTHER RUNNER LEVELS IDS COUNT [DIFFERENCE]: OTHER, the same program for another machine, which
# RUNNER starts, says the ids that this machine's program says, also of seeds, at each of LEVELS, where weights or caches are
# rounded from the same bits, and has logits that differ by at most DIFFERENCE of the largest.
# LEVELS: LEVEL=CPU, a level that OTHER must choose on what QEMU calls CPU.
. "${0%/*}/check.sh"
. "${0%/*}/sampled.sh"
program=$1 other=$2 runner=$3 levels=$4 ids=$5 count=$6 difference=${7:-}
need "$program"
need "$other"
command -v "$runner" >/dev/null || skip "$runner is not installed"

# greedy LOGITS COMMAND...: the ids; with a DIFFERENCE also what they were chosen by.
greedy() {
  logits=$1
  shift
  [ -z "$difference" ] || set -- "$@" --logits "$work/$logits"
  "$@" --prompt-ids "$ids" -n "$count" --temp 0 --ids --threads 1 </dev/null
}
expected=$(greedy host "$program")
[ -n "$expected" ] || fail "no ids came"
keep_sampled "$program"
for row in $levels; do
  level=${row%%=*}
  QEMU_CPU=${row#*=}
  export QEMU_CPU
  exits "$QEMU_CPU" 0 "$runner" "$other" --version
  says "$level" "^running $level code" "$work/stdout"
  same "$level, one thread" "$expected" "$(greedy other "$runner" "$other")"
  same_sampled "$level" "$(bits_of "$program")" "$runner" "$other"
  [ "$difference" ] || continue
  exits "$level: logits agree" 0 /usr/bin/python3 -c '
import sys, numpy
a, b = (numpy.fromfile(name, "f4") for name in sys.argv[1:3])
sys.exit(a.size == 0 or a.shape != b.shape or not abs(a - b).max() <= float(sys.argv[3]) * abs(a).max())' \
    "$work/host" "$work/other" "$difference"
done
finish
