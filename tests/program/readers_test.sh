#!/bin/sh
# readers_test.sh SMELT MODELS KIND: the program of a graph that reads text, against PyTorch (readers_check.py,
# heads_check.py,
# prompts_check.py).
. "${0%/*}/check.sh"
smelt=$1 models=$2 kind=$3
[ -d "$models/$kind" ] || skip "$models/$kind is absent"
exits "build" 0 "$smelt" build "$models/$kind" --cpu native -o "$work/program"
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

# The model's hash is of all files that the program is made of, wherever they lie.
if [ "$kind" = states ]; then
  cp -r "$models/states" "$work/moved"
  mv "$work/moved/1_Pooling" "$work/moved/pooling"
  sed -i 's/"1_Pooling"/"pooling"/' "$work/moved/modules.json"
  for pooled in mean max; do
    sed -i "s/true/false/; s/\"pooling_mode_${pooled}_tokens\": false/\"pooling_mode_${pooled}_tokens\": true/" \
      "$work/moved/pooling/config.json"
    exits "pooled by $pooled" 0 "$smelt" build "$work/moved" --cpu native -o "$work/$pooled"
    "$work/$pooled" --version | sed -n 's/.*model sha256:\([0-9a-f]*\).*/\1/p' >"$work/$pooled.hash"
    [ -s "$work/$pooled.hash" ] || fail "--version has no hash"
  done
  cmp -s "$work/mean.hash" "$work/max.hash" && fail "programs that pool in two ways have one hash"
fi
finish
