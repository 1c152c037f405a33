#!/bin/sh
# story_test.sh SMELT MODEL: stories260K as a program for wasm32 tells what llama2.c tells, and has less than 1.3 MB in all.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 model=$2
[ -d "$model" ] || skip "$model is absent"
build "$model"
bytes=$(stat -c %s "$work/program.wasm")
echo "$bytes bytes"
[ "$bytes" -lt 1300000 ] || fail "the program has 1.3 MB or more" "$bytes bytes"
exits "the story" 0 "${0%/*}/../program/story_test.sh" "$work/program"
finish
