#!/bin/sh
# repeat_test.sh PROGRAM IDS COUNT: the same ids whatever the threads, the instruction set, and how often it runs; the
# same sampled text for the same seed, in f32 whatever the instruction set.
. "${0%/*}/check.sh"
program=$1 ids=$2 count=$3
need "$program"
expected=$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)
[ "$(echo "$expected" | wc -w)" -gt 0 ] || fail "no ids came"

sampled() {
  "$program" --prompt-ids "$ids" -n "$count" --temp 1.5 --ids --seed "$@" </dev/null
}
first=$(sampled 7)
# Rounding to bf16, bytes or less makes of a last bit's difference more than a draw forgives: programs NAME_PRECISION.
case ${program##*/} in
*_bf16 | *_int8 | *_int4) rounds=1 ;;
*) rounds= ;;
esac

for threads in 1 2 3 4; do
  same "$threads threads" "$expected" \
    "$("$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids --threads $threads </dev/null)"
done
# Levels may sum in another order, so near ties could differ; on these models they do not.
for level in x86-64-v2 x86-64-v3 x86-64-v4 x86-64-vnni x86-64-bf16 x86-64-amx; do
  running=$(SMELT_CPU=$level "$program" --version 2>/dev/null) || running=
  case $running in
  *"running $level code"*)
    same "$level" "$expected" \
      "$(SMELT_CPU=$level "$program" --prompt-ids "$ids" -n "$count" --temp 0 --ids </dev/null)"
    [ "$rounds" ] || same "$level, seed 7" "$first" "$(SMELT_CPU=$level sampled 7)" ;;
  *) echo "left out: no $level code runs here" ;;
  esac
done

same "seed 7 again, 1 thread" "$first" "$(sampled 7 --threads 1)"
[ "$first" != "$(sampled 8)" ] || fail "seed 8 says the same as seed 7"
finish
