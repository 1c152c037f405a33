#!/bin/sh
# arm64_products_test.sh SMELT RUNNER PRECISION EXACT LEVELS...: products of every edge of a tile on each level that an
# arm64 program of the precision has, on processors that have just that, beside this machine's program. EXACT: 1 where
# levels give the same bits.
. "${0%/*}/check.sh"
smelt=$1 runner=$2 precision=$3 exact=$4
shift 4
command -v "$runner" >/dev/null || skip "$runner is not installed"
model="/usr/bin/python3 ${0%/*}/products_model.py"
/usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null || skip "python3-onnx is not installed"
cd "$work" || exit 1
$model . 1 || exit 1
exits "build" 0 "$smelt" build products.onnx -o host --precision "$precision" --max-tokens 17
exits "build for arm64" 0 "$smelt" build products.onnx -o arm --precision "$precision" --max-tokens 17 \
  --target aarch64-linux

# run FOLDER COMMAND...: the program's outputs in the folder
run() {
  folder=$1
  shift
  mkdir -p "$folder"
  rm -f "$folder"/*.npy
  for name in $("$@" --describe | sed -n 's/^  input *\([^ ]*\) .*/\1/p'); do set -- "$@" --input "$name=$name.npy"; done
  for name in $(./host --describe | sed -n 's/^  output *\([^ ]*\) .*/\1/p'); do
    set -- "$@" --output "$name=$folder/$name.npy"
  done
  exits "$folder, $rows rows" 0 "$@"
}

# The processor that has a level and none above it.
processor_of() {
  case $1 in
  baseline) echo cortex-a72 ;;
  arm64-dot) echo cortex-a76 ;;
  *) echo max ;;
  esac
}

for level; do
  QEMU_CPU=$(processor_of "$level") "$runner" ./arm --version >version
  says "$level: what runs" "running $level code" version
done
for rows in 1 2 3 4 5 7 8 9 16 17; do
  $model . $rows || exit 1
  run expected ./host
  first=
  for level; do
    QEMU_CPU=$(processor_of "$level")
    export QEMU_CPU
    run "$level" "$runner" ./arm --threads 1
    exits "$level as this machine, $rows rows" 0 $model --compare expected "$level" 2e-5
    [ "$first" ] && [ "$exact" = 1 ] && exits "$level as $first, $rows rows" 0 $model --compare "$first" "$level" 0
    first=${first:-$level}
  done
done
finish
