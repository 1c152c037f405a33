#!/bin/sh
# run_command_test.sh SMELT PROGRAM MODEL: `smelt run` says what the program says, ends as it ends, and leaves nothing.
. "${0%/*}/check.sh"
smelt=$1 program=$2 model=$3
need "$program"
mkdir "$work/temporary"
export TMPDIR=$work/temporary
exits "smelt run" 0 "$smelt" run "$model" -- -p "In the beginning" -n 8 --temp 0
same "smelt run says what the program says" \
  "$("$program" -p "In the beginning" -n 8 --temp 0 </dev/null)" "$(cat "$work/stdout")"
exits "the program's exit code" 2 "$smelt" run "$model" -- --frobnicate
exits "a model that is not there" 1 "$smelt" run "$work/no-such-model" -- -n 8
same "what is left" "" "$(ls -A "$work/temporary")"

# Ended before its end, while it builds and while the program runs.
timeout -s INT 0.2 "$smelt" run "$model" -- -p a -n 4 >/dev/null 2>&1 </dev/null
same "what is left after Ctrl-C in the build" "" "$(ls -A "$work/temporary")"
"$smelt" run "$model" -- -p a -n 0 --ignore-eos 2>/dev/null </dev/null | head -c 1 >/dev/null
same "what is left after a closed pipe" "" "$(ls -A "$work/temporary")"
finish
