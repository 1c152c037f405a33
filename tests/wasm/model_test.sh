#!/bin/sh
# model_test.sh SMELT MODEL CHECK [BEFORE...] -- [AFTER...]: CHECK BEFORE... PROGRAM AFTER... holds for the model's program
# for wasm32, as it does for this machine's.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 model=$2 check=$3
shift 3
[ -d "$model" ] || skip "$model is absent"
build "$model"
before=
while [ "$1" != -- ]; do
  before="$before $1"
  shift
done
shift
# shellcheck disable=SC2086 # words
exits "$check" 0 "${0%/*}/../program/$check" $before "$work/program" "$@"
sed 's/^/  /' "$work/stdout"
finish
