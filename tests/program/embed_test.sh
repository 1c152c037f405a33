#!/bin/sh
# embed_test.sh SMELT PROGRAM EXAMPLE MODEL: a C program of this machine's own libc with a model inside (examples/embed)
# writes what the model's program writes.
. "${0%/*}/check.sh"
smelt=$1 program=$2 example=$3 model=$4
need "$program"
command -v make >/dev/null || skip "make is not installed"
command -v cc >/dev/null || skip "there is no cc"
exits "make" 0 make -C "$example" SMELT="$smelt" MODEL="$model" BUILD="$work"
[ -x "$work/embed" ] || { cat "$work/stderr"; finish; }

exits "it runs" 0 "$work/embed" "In the beginning" 24
same "it writes what the program writes" "$("$program" -p "In the beginning" -n 24 --temp 0 </dev/null)" \
  "$(sed -n '/^In the beginning/,$p' "$work/stdout")"
says "it describes inputs" "^decode *input  *input_ids i64\[1, 1\]" "$work/stdout"
says "it describes outputs" "^decode *output  *logits f32\[1, 1, [0-9]+\]" "$work/stdout"
says "it runs an entry" "^the likeliest token after .* is [0-9]+" "$work/stdout"
same "that entry agrees with the program" "$("$program" -p "In the beginning" -n 1 --temp 0 --ids </dev/null)" \
  "$(sed -n 's/^the likeliest token after .* is \([0-9]*\).*/\1/p' "$work/stdout")"
exits "a wrong command line" 2 "$work/embed"
finish
