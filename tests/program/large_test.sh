#!/bin/sh
# large_test.sh SMELT PYTHON: more than 2 GiB of weights in a file, which is mostly a hole; large ones in a program lie behind all
# else, so that nothing reaches across them; and what has no room for them is refused before any work.
. "${0%/*}/check.sh"
. "${0%/*}/large.sh"
model 600000
for target in x86_64-linux armv7-linux; do gives $target --weights large.weights; done
[ "$(du -k "$work/large.weights" | cut -f 1)" -lt 10000 ] || fail "holes stay holes"

# refused TARGET FORM WHAT [OPTION...]
refused() {
  target=$1 form=$2 what=$3
  shift 3
  exits "$target $form" 1 timeout 10 "$smelt" build "$work/large.onnx" --target "$target" --emit "$form" "$@" -o "$work/none"
  says "$target $form: why" "$what" "$work/stderr"
}
refused x86_64-windows exe "the weights have 2.46 GB, and one file for x86_64-windows has room for 2.15 GB; --weights"
refused x86_64-windows lib "what objects are linked into for x86_64-windows has room for 2.15 GB"
refused wasm32-wasi exe "has room for 1.07 GB; --weights NAME"
refused aarch64-macos shared "has room for 2.15 GB; --weights NAME"
refused riscv64-linux lib "has room for 2.15 GB"
model 900000
refused armv7-linux exe "the model needs 3.7 GB .*, and armv7-linux addresses 3 GiB"
refused armv7-linux exe "addresses 3 GiB" --weights large.weights
[ ! -e "$work/none" ] || fail "something was written"

model 140000 # more than 512 MiB
for target in x86_64-linux riscv64-linux; do
  gives $target
  exits "$target: is read" 0 llvm-readelf-22 -lW "$work/large.exe"
  same "$target: weights are all that the last segment has" "R" \
    "$(awk '$1 == "LOAD" { last = $6 > "0x22000000" ? $7 : "none" } END { print last }' "$work/stdout")"
done
finish
