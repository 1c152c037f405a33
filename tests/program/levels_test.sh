#!/bin/sh
# levels_test.sh PROGRAM RUNNER CPU=LEVEL...: on what QEMU calls CPU the program chooses the code of LEVEL; LEVEL none: it
# says what it needs. Levels that it names in SMELT_CPU run up to what there is, and beyond it says so.
. "${0%/*}/check.sh"
program=$1 runner=$2
shift 2
need "$program"
command -v "$runner" >/dev/null || skip "$runner is not installed"
least='' best=''
for row; do
  QEMU_CPU=${row%=*} level=${row##*=}
  export QEMU_CPU
  if [ "$level" = none ]; then
    exits "$QEMU_CPU" 1 "$runner" "$program" --version
    says "$QEMU_CPU: what it needs" 'needs [a-z0-9-]+, has baseline' "$work/stderr"
    continue
  fi
  exits "$QEMU_CPU" 0 "$runner" "$program" --version
  says "$QEMU_CPU: $level" "^running $level code" "$work/stdout"
  least=${least:-$level} best=$level
done
exits "SMELT_CPU=$least" 0 env SMELT_CPU="$least" "$runner" "$program" --version
says "SMELT_CPU=$least: what runs" "^running $least code" "$work/stdout"
for level in x86-64-amx arm64-sve riscv64-v; do
  [ "$level" = "$best" ] && continue
  exits "SMELT_CPU=$level" 2 env SMELT_CPU=$level "$runner" "$program" --version
  says "SMELT_CPU=$level: the best there is" "SMELT_CPU=$level: this processor has no such level, its best is $best" \
    "$work/stderr"
done
finish
