#!/bin/sh
# machine_encoder_test.sh PROGRAM OTHER RUNNER LEVELS: the tagger's logits of OTHER, the same program for another
# machine, which RUNNER starts, are within 1e-4 of this machine's. LEVELS: LEVEL=CPU for each.
. "${0%/*}/check.sh"
program=$1 other=$2 runner=$3 levels=$4
need "$program"
need "$other"
command -v "$runner" >/dev/null || skip "$runner is not installed"
cd "$work" || exit 1
/usr/bin/python3 -c '
import numpy
numpy.save("ids", (numpy.arange(37, dtype="i8")[None] * 7 + 5) % 97)
numpy.save("mask", numpy.ones((1, 37), "i8"))' || skip "python3-numpy is not installed"
set -- --input input_ids=ids.npy --input attention_mask=mask.npy --output
exits "this machine" 0 "$program" "$@" logits=expected.npy
for row in $levels; do
  QEMU_CPU=${row#*=}
  export QEMU_CPU
  "$runner" "$other" --version >version
  says "$row" "running ${row%%=*} code" version
  exits "$row" 0 "$runner" "$other" "$@" logits=found.npy
  exits "$row agrees" 0 /usr/bin/python3 -c '
import numpy, sys
a, b = numpy.load("expected.npy"), numpy.load("found.npy")
sys.exit(a.size == 0 or a.shape != b.shape or not abs(a - b).max() <= 1e-4 * abs(a).max())'
done
finish
