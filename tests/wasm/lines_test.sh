#!/bin/sh
# lines_test.sh SMELT PROGRAM MODEL FILE: the program for wasm32, an encoder and a decoder, answers the first column of the
# first hundred lines of FILE as this machine's does.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 program=$2 model=$3 file=$4
need "$program"
build "$model"
head -n 100 "$file" | cut -f 1 >"$work/lines"
expected=$("$program" --lines "$work/lines" --temp 0)
[ "$(printf '%s\n' "$expected" | wc -l)" -eq 100 ] || fail "100 answers" "$expected"
same "answers" "$expected" "$("$work/program" --lines "$work/lines" --temp 0)"
finish
