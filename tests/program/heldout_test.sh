#!/bin/sh
# heldout_test.sh PROGRAM PAIRS: at least 99 % of the pairs (written form, tab, answer) must be answered exactly.
. "${0%/*}/check.sh"
program=$1 pairs=$2
need "$program"
tab=$(printf '\t')
pair_count=0 wrong_count=0
while IFS=$tab read -r written answer; do
  pair_count=$((pair_count + 1))
  found=$("$program" -p "$written" --threads 1 </dev/null)
  [ "$found" = "$answer" ] && continue
  wrong_count=$((wrong_count + 1))
  echo "'$written' is $answer, not '$found'"
done <"$pairs"
echo "$((pair_count - wrong_count)) of $pair_count right"
[ "$pair_count" -gt 0 ] && [ $((wrong_count * 100)) -le "$pair_count" ] || fail "fewer than 99 % are right"
finish
