#!/bin/sh
# repeat_test.sh PROGRAM IDS COUNT: the same ids whatever the threads, the instruction set, and how often it runs; the
# same sampled texts for the same seeds, where weights or caches are rounded from the same bits.
. "${0%/*}/check.sh"
. "${0%/*}/sampled.sh"
program=$1 ids=$2 count=$3
need "$program"
expected=$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)
[ "$(echo "$expected" | wc -w)" -gt 0 ] || fail "no ids came"
keep_sampled "$program"

for threads in 1 2 3 4; do
  same "$threads threads" "$expected" \
    "$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids --threads $threads </dev/null)"
done
same_sampled "1 thread" all "$program" --threads 1
same_sampled "2 threads" all "$program" --threads 2
# What is not rounded may sum in another order, so near ties could differ; on these models they do not.
for level in x86-64-v2 x86-64-v3 x86-64-v4 x86-64-vnni x86-64-bf16 x86-64-amx; do
  running=$(SMELT_CPU=$level "$program" --version 2>/dev/null) || running=
  case $running in
  *"running $level code"*)
    same "$level" "$expected" \
      "$(SMELT_CPU=$level "$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)"
    same_sampled "$level" "$(bits_of "$program")" env SMELT_CPU=$level "$program" ;;
  *) echo "left out: no $level code runs here" ;;
  esac
done
finish
