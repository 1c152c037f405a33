#!/bin/sh
# readers_test.sh SMELT MODELS KIND: the program of a graph that reads text, against PyTorch (readers_check.py,
# heads_check.py,
# prompts_check.py).
. "${0%/*}/check.sh"
smelt=$1 models=$2 kind=$3
[ -d "$models/$kind" ] || skip "$models/$kind is absent"
exits "build" 0 "$smelt" build "$models/$kind" --isa host -o "$work/program"
# Of those that text is not for, the build says why where a file of the folder is the cause.
case $kind in
dense) says "a warning names file and module" "warning: .*modules.json: .*Dense.* not compiled; .*\.npy" "$work/stderr" ;;
*) same "no warning" "" "$(cat "$work/stderr")" ;;
esac
case $kind in
tags | fill | answer) check=heads_check.py ;;
prompts) check=prompts_check.py ;;
*) check=readers_check.py ;;
esac
/usr/bin/python3 "${0%/*}/$check" "$models" "$kind" "$work/program" || fail "$kind"
finish
