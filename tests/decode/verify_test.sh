#!/bin/sh
# verify_test.sh SMELT MODEL COUNT PRECISION CACHE: what `verify` says of several tokens at once is to the bit what
# `decode` says of one after the other, on every level that this machine has and with one thread and two, over COUNT
# tokens. Needs $SMELT_BUILD; CC links the test program (clang-22).
. "${0%/*}/../program/check.sh"
smelt=$1 model=$2 count=$3 precision=$4 cache=$5
[ -d "$model" ] || skip "$model is absent"

exits "build" 0 "$smelt" build "$model" -q --speculate --emit lib --name tested --precision "$precision" --kv "$cache" \
  -o "$work/tested.a"
exits "link" 0 "${CC:-clang-22}" "$SMELT_BUILD/lib/libverify_bits.a" "$work/tested.a" -lm -lpthread -o "$work/verify"
case $(uname -m) in
x86_64) levels="x86-64-v2 x86-64-v3 x86-64-v4 x86-64-vnni x86-64-bf16 x86-64-amx" ;;
*) levels="baseline arm64-dot arm64-mmla arm64-sve" ;;
esac
for level in $levels; do
  if SMELT_CPU=$level "$work/verify" 1 1 2>&1 | grep -q "this processor has no such level"; then
    echo "left out: this processor has no $level"
    continue
  fi
  exits "$level, one thread" 0 env SMELT_CPU=$level "$work/verify" "$count" 1
  exits "$level, two threads" 0 env SMELT_CPU=$level "$work/verify" "$count" 2
done
finish
