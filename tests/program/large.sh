# large.sh: what the tests of large weights begin with, behind check.sh: $smelt, $python, and the model of large_model.py.
smelt=$1 python=$2
runner=$(CDPATH='' cd "${0%/*}" && pwd)/../wasm/wasi.mjs
wine=$(command -v wine64 || command -v /usr/lib/wine/wine64)
export WINEPREFIX="$work/wine" WINEDEBUG=-all

# model ROWS: $work/large.onnx and what it gives; 600,000 rows are 2.29 GiB
model() {
  "$python" -B "${0%/*}/large_model.py" "$work" "$1" || finish
}
# runner_of TARGET: words before the program's name in $with; not 0: there is nothing to run it here
runner_of() {
  with=
  case $1 in
  x86_64-linux) ;;
  armv7-linux) with=qemu-arm-static ;;
  wasm32-wasi) with="node --no-warnings $runner" ;;
  x86_64-windows) with=$wine && [ -n "$wine" ] ;;
  *) with=qemu-${1%-linux}-static ;;
  esac && command -v ${with:-true} >/dev/null
}
# gives TARGET [OPTION...]: built so, the program gives the rows asked for, the first and the last, and their products
gives() {
  target=$1
  shift
  exits "$target $*" 0 "$smelt" build "$work/large.onnx" --target "$target" "$@" -o "$work/large.exe"
  if runner_of "$target"; then
    # shellcheck disable=SC2086 # words
    exits "$target $*: runs" 0 $with "$work/large.exe" --input "ids=$work/ids.npy" --output "rows=$work/rows.npy" \
      --output "products=$work/products.npy"
    for name in rows products; do
      tail -c "$(stat -c %s "$work/$name.wanted")" "$work/$name.npy" >"$work/found"
      exits "$target $*: $name" 0 cmp "$work/found" "$work/$name.wanted"
      rm -f "$work/$name.npy"
    done
  fi
}
