#!/bin/sh
# usage_test.sh SMELT PROGRAM: help, version and wrong command lines, of the compiler and of a program.
. "${0%/*}/check.sh"
smelt=$1 program=$2
need "$program"

exits "smelt --help" 0 "$smelt" --help
says "smelt --help lists the commands" "smelt build" "$work/stdout"
exits "smelt --version" 0 "$smelt" --version
says "smelt --version" "^smelt [0-9]+\.[0-9]+\.[0-9]+$" "$work/stdout"
for command in build run inspect; do
  exits "smelt $command --help" 0 "$smelt" $command --help
  says "smelt $command --help lists options" "^ +--max-tokens N" "$work/stdout"
done
for printed in --help --version "targets --json"; do
  exits "smelt $printed where there is no room" 1 sh -c '"$0" $1 >/dev/full' "$smelt" "$printed"
  says "smelt $printed says so" "^error: standard output cannot be written: No space" "$work/stderr"
done
exits "program --help" 0 "$program" --help
says "program --help lists options" "^  -p, --prompt TEXT" "$work/stdout"
exits "program -h" 0 "$program" -h
exits "program --version" 0 "$program" --version
says "program --version says what made it" "compiled by smelt [0-9]" "$work/stdout"
says "program --version says what runs" "^running .* threads?, at most [0-9]+ tokens$" "$work/stdout"
exits "program --describe" 0 "$program" --describe
says "program --describe lists inputs" "^  input  " "$work/stdout"

# wrong EXPRESSION COMMAND...: exit 2, one line on standard error that matches, nothing on standard output.
wrong() {
  expression=$1
  shift
  what="'$(echo "$*" | sed 's,[^ ]*/,,g')'"
  exits "$what" 2 "$@"
  same "$what says one line" 1 "$(wc -l <"$work/stderr")"
  same "$what prints nothing else" "" "$(cat "$work/stdout")"
  says "$what names the cause" "$expression" "$work/stderr"
}
wrong "unknown command 'frobnicate'" "$smelt" frobnicate
wrong "no model given" "$smelt" build
wrong "unknown option '--frobnicate'" "$smelt" build --frobnicate x
wrong "unknown option '-x'" "$smelt" build -x
wrong "needs a value" "$smelt" build model -o
wrong "takes no value" "$smelt" build model --quiet=yes
wrong "second" "$smelt" build one two
wrong "expected a number" "$smelt" build model --max-tokens many
wrong "expected a number" "$smelt" build model --max-tokens -1
wrong "expected exe, obj, lib" "$smelt" build model --emit com
wrong "C identifier" "$smelt" build model --emit lib --name 1st
wrong "expected one of: f32, .*int8" "$smelt" build "${0%/*}/../../examples/verse/model" --precision int3
wrong "one of .*x86_64-linux" "$smelt" build model --target pdp11
wrong "unknown option '--frobnicate'" "$program" --frobnicate
wrong "unknown command 'text'" "$program" text
wrong "unknown option 'text'" "$program" tokenize text
wrong "unknown option '-pn'" "$program" -pn
wrong "the model cannot embed" "$program" embed picture.png
wrong "--prompt needs TEXT" "$program" -p
wrong "--help takes no value" "$program" --help=yes
wrong "found 'x'" "$program" -p a -n x
wrong "found '-1'" "$program" -p a -n -1
wrong "found '99999999999'" "$program" -p a -n 99999999999
wrong "found '2'" "$program" -p a --top-p 2
wrong "found 'hot'" "$program" -p a --temp hot
wrong "found '1.5'" "$program" -p a --seed 1.5
wrong "expected token ids" "$program" --prompt-ids "1 x 3"
wrong "exclude each other" "$program" -p a --prompt-ids "1 2"
wrong "no such entry" "$program" --entry frobnicate
wrong "SMELT_CPU=z80" env SMELT_CPU=z80 "$program" -p a
wrong "SMELT_CPU=riscv64-v: this processor has no such level, its best is" env SMELT_CPU=riscv64-v "$program" -p a
finish
