#!/bin/sh
# interrupt_test.sh SMELT MODEL: Ctrl-C at any time of a build leaves nothing behind, and what was there stays.
. "${0%/*}/check.sh"
smelt=$1 model=$2
[ -d "$model" ] || skip "$model is absent"
mkdir "$work/out"
interrupted=0
for seconds in 0.02 0.1 0.3 0.6 1 1.5 2 2.5 3 4; do
  echo older >"$work/out/program"
  timeout --preserve-status -s INT "$seconds" \
    "$smelt" build "$model" -o "$work/out/program" >"$work/said" 2>&1 </dev/null
  code=$?
  same "after $seconds s: what is left" program "$(ls -A "$work/out" | xargs)"
  [ "$code" = 0 ] && break
  interrupted=$((interrupted + 1))
  same "after $seconds s: ended by the signal" 130 "$code"
  same "after $seconds s: what was there stays" older "$(cat "$work/out/program")"
done
[ "$interrupted" -gt 0 ] || fail "no build took long enough to be interrupted"
finish
