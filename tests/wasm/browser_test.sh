#!/bin/sh
# browser_test.sh SMELT MODEL PAGE: the page runs stories260K in headless Chromium (browser_test.mjs).
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 model=$2 page=$3
[ -d "$model" ] || skip "$model is absent"
command -v chromium >/dev/null || skip "chromium is not installed (make browser installs it)"
build "$model"
exits "the page" 0 "${0%/*}/browser_test.mjs" "$page" "$work/program.wasm" \
  "Once upon a time, there was a little girl named Lily. She loved to play outside in the park"
cat "$work/stdout"
finish
