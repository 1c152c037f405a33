#!/bin/sh
# large_weights_test.sh SMELT PYTHON: a model of more than 2 GiB runs with its weights in the program, compressed in it, and in a file
# beside it, on every target that can. Skipped where there is not the disk for it.
. "${0%/*}/check.sh"
. "${0%/*}/large.sh"
[ "$(df --output=avail -k "$work" | tail -n 1)" -gt 6000000 ] || skip "there are not 6 GB of disk"
model 600000
for target in x86_64-linux aarch64-linux riscv64-linux armv7-linux wasm32-wasi x86_64-windows; do
  gives $target --weights large.weights
done
rm -f "$work/large.weights"
for target in x86_64-linux aarch64-linux riscv64-linux armv7-linux; do
  gives $target
  rm -f "$work/large.exe"
done
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME
mkdir "$work/cache"
for target in x86_64-linux aarch64-linux riscv64-linux armv7-linux wasm32-wasi; do
  gives $target --compress
  [ "$(stat -c %s "$work/large.exe")" -lt 2000000 ] || fail "a hole compresses" "$(stat -c %s "$work/large.exe") bytes"
  rm -rf "$work/cache/smelt"
done
finish
