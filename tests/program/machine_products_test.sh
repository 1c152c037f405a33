#!/bin/sh
# machine_products_test.sh SMELT TARGET RUNNER PRECISION EXACT ROWS LEVEL=CPU...: products of ROWS rows, of edges of
# tiles, in f32 also what else vectors do to rows, on each level that the target's program of the precision has, on what QEMU
# calls a processor that has just that, beside this machine's program. EXACT: 1 where levels give the same bits.
. "${0%/*}/check.sh"
smelt=$1 target=$2 runner=$3 precision=$4 exact=$5 row_counts=$6
shift 6
command -v "$runner" >/dev/null || skip "$runner is not installed"
model="/usr/bin/python3 ${0%/*}/products_model.py"
case $precision in f32) what=all ;; *) what= ;; esac
most=0
for rows in $row_counts; do most=$rows; done
/usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null || skip "python3-onnx is not installed"
cd "$work" || exit 1
# shellcheck disable=SC2086 # words
$model . $what $row_counts || exit 1
exits "build" 0 "$smelt" build products.onnx -o host --precision "$precision" --cpu native --max-tokens "$most"
exits "build for $target" 0 "$smelt" build products.onnx -o other --precision "$precision" --max-tokens "$most" \
  --target "$target"

inputs=$(./host --describe | sed -n 's/^  input *\([^ ]*\) .*/\1/p')
outputs=$(./host --describe | sed -n 's/^  output *\([^ ]*\) .*/\1/p')

# run NAME COMMAND...: the program's outputs of $rows rows in the folder $rows/NAME
run() {
  folder=$rows/$1
  shift
  mkdir "$folder"
  for name in $inputs; do set -- "$@" --input "$name=$rows/$name.npy"; done
  for name in $outputs; do set -- "$@" --output "$name=$folder/$name.npy"; done
  exits "$folder" 0 "$@"
}

for row; do
  level=${row%%=*}
  QEMU_CPU=${row#*=} "$runner" ./other --version >version
  says "$level: what runs" "running $level code" version
done
for rows in $row_counts; do
  run expected ./host
  first=
  for row; do
    level=${row%%=*}
    QEMU_CPU=${row#*=}
    export QEMU_CPU
    run "$level" "$runner" ./other --threads 1
    echo "$rows/expected $rows/$level 2e-5" >>pairs
    [ "$first" ] && [ "$exact" = 1 ] && echo "$rows/$first $rows/$level 0" >>pairs
    first=${first:-$level}
  done
done
exits "levels as this machine, and as each other where they give the same bits" 0 $model --compare pairs
finish
