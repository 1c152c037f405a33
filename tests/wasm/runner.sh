# runner.sh: what every test of programs for wasm32 begins with, behind check.sh: $runner runs one.
runner=$(CDPATH='' cd "${0%/*}" && pwd)/wasi.mjs
command -v node >/dev/null || skip "node is not installed"
"$runner" /dev/null >/dev/null 2>&1
[ $? -ne 77 ] || skip "node is too old: $(node --version)"

# build MODEL [OPTION...]: $work/program.wasm, and $work/program, which runs it.
build() {
  exits "build" 0 "$smelt" build "$@" --target wasm32-wasi -o "$work/program.wasm"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$runner" "$work/program.wasm" >"$work/program"
  chmod +x "$work/program"
}
