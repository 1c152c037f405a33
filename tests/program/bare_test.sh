#!/bin/sh
# bare_test.sh SMELT CC PROGRAM EXAMPLE MODEL BOARD CPU PRECISION QEMU [OPTION...]: examples/microcontroller writes, without an
# operating system, the text and the ids that this machine's PROGRAM writes.
. "${0%/*}/check.sh"
smelt=$1 cc=$2 program=$3 example=$4 model=$5 board=$6 cpu=$7 precision=$8
shift 8
need "$program"
command -v make >/dev/null || skip "make is not installed"
command -v "$1" >/dev/null || skip "$1 is not installed"
tokens=24 # as main.c has them
exits "make" 0 make -C "$example" SMELT="$smelt" MODEL="$model" BUILD="$work" CC="$cc" BOARD="$board" CPU="$cpu" \
  PRECISION="$precision" SMELT_LIB="$SMELT_LIB"
[ -f "$work/$board.elf" ] || { cat "$work/stderr"; finish; }
exits "it runs on $cpu" 0 timeout 300 "$@" -display none -nic none -chardev stdio,id=host \
  -semihosting-config enable=on,chardev=host -kernel "$work/$board.elf"
cp "$work/stdout" "$work/said"
same "ids" "ids $("$program" -p "In the beginning" -n $tokens --temp 0 --ids </dev/null)" "$(sed -n '/^ids/p' "$work/said")"
same "text" "$("$program" -p "In the beginning" -n $tokens --temp 0 </dev/null)" "$(sed '/^ids/,$d' "$work/said")"
finish
