#!/bin/sh
# run_command_test.sh SMELT PROGRAM MODEL: `smelt run` says what the program says, ends as it ends, and leaves nothing.
. "${0%/*}/check.sh"
smelt=$1 program=$2 model=$3
need "$program"
mkdir "$work/temporary"
export TMPDIR=$work/temporary
exits "smelt run" 0 "$smelt" run "$model" -- -p "In the beginning" -n 8 --temp 0
same "smelt run says what the program says" "$("$program" -p "In the beginning" -n 8 --temp 0 </dev/null)" "$(cat "$work/stdout")"
exits "the program's exit code" 2 "$smelt" run "$model" -- --frobnicate
exits "a model that is not there" 1 "$smelt" run "$work/no-such-model" -- -n 8
same "what is left" "" "$(ls -A "$work/temporary")"
finish
