#!/bin/sh
# module_test.sh SMELT PROGRAM MODEL EXAMPLES CLANG STORY: a model as a module that JavaScript calls, and as a library and an
# object in C programs for WASI, two models in one, says what this machine's PROGRAM says.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 program=$2 model=$3 examples=$4 clang=$5 story=$6 here=${0%/*} include=${0%/*}/../../include/smelt
need "$program"
[ -d "$story" ] || skip "$story is absent"
emit() { # emit FORM FILE MODEL [OPTION...]
  form=$1 file=$2 from=$3
  shift 3
  exits "--emit $form $*" 0 "$smelt" build "$from" --target wasm32-wasi --emit "$form" "$@" -o "$work/$file"
}

# ---- a module ----
emit shared verse.wasm "$model"
cp "$here/module.mjs" "$work/look.mjs"
exits "what it asks for and gives" 0 node "$work/look.mjs" "$work/verse.wasm" "In the beginning"
cp "$work/stdout" "$work/looked"
same "it asks for nothing" "imports" "$(sed -n '/^imports/p' "$work/looked" | xargs)"
same "it gives out model.h, and what calls need" "$({
  sed -n 's/^[a-z].*[ *]\(smelt_[a-z_]*\)(.*/\1/p' "$include/model.h" | grep -v -E '_callback$|^smelt_(give_memory|memory_bytes)$'
  printf '%s\n' smelt_model_main memory malloc free _initialize __indirect_function_table
} | sort | xargs)" "$(sed -n 's/^exports //p' "$work/looked" | tr ' ' '\n' | sort | xargs)"
same "tokens" "$("$program" tokenize -p "In the beginning" </dev/null)" \
  "$(sed -n 's/^ids //p' "$work/looked")"
"$program" --prompt-ids "$(sed -n 's/^ids //p' "$work/looked")" -n 1 --temp 0 --logits "$work/logits" >/dev/null </dev/null
exits "logits are the program's" 0 /usr/bin/python3 -c '
import numpy, sys
expected = numpy.fromfile(sys.argv[1], numpy.float32)
found = numpy.array(sys.argv[2].split(), numpy.float32)
assert len(found) > 100 and expected.size % found.size == 0, (expected.size, found.size)
error = abs(expected[-found.size:] - found).max()
assert error < 1e-4, error' "$work/logits" "$(sed -n 's/^logits //p' "$work/looked")"
says "a wrong call says why" "^error the model has no entry .no such entry.$" "$work/looked"
same "module.mjs: what the program writes" "$("$program" -p "In the beginning" -n 24 --seed 0 </dev/null)" \
  "In the beginning$(node "$examples/foreign/module.mjs" "$work/verse.wasm" "In the beginning" 24)"
[ "$(wc -l <"$examples/foreign/module.mjs")" -lt 30 ] || fail "module.mjs has 30 lines or more"
exits "a prompt that is too long" 1 node "$examples/foreign/module.mjs" "$work/verse.wasm" "$(yes word | head -n 2000 | xargs)" 24
says "and why" "at most 384 tokens|384" "$work/stderr"
emit shared shapes.wasm "$examples/shapes/model"
same "of a model that sees: images too" 1 "$(grep -a -c smelt_pixels "$work/shapes.wasm")"
same "and no sound" 0 "$(grep -a -c smelt_transcribe "$work/shapes.wasm")"
exits "--package of a module" 2 "$smelt" build "$model" --target wasm32-wasi --emit shared --package -o "$work/x"
exits "--prefix" 2 "$smelt" build "$model" --target wasm32-wasi --emit lib --prefix a -o "$work/x.a"
says "--prefix: and why" "there is no --prefix of --emit lib for target wasm32-wasi" "$work/stderr"

# ---- in a C program ----
sysroot=/usr/lib/wasm32-wasi
emit lib libverse.a "$model" --name verse --package
emit lib libstory.a "$story" --name story
emit obj verse.o "$model" --name verse
same "pkg-config: nothing else is linked" "Libs: \${pcfiledir}/libverse.a" "$(grep '^Libs' "$work/verse.pc")"
exits "a C program is compiled" 0 "$clang" --target=wasm32-wasip1 -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror \
  -nostdlibinc -isystem /usr/include/wasm32-wasi -I "$work" -c "$here/../program/two_models.c" -o "$work/two.o"
expected="$("$program" -p "In the beginning" -n 24 --temp 0 </dev/null)"
for verse in libverse.a verse.o; do
  exits "and linked with $verse" 0 wasm-ld-22 "$sysroot/crt1-command.o" "$work/two.o" "$work/$verse" "$work/libstory.a" -L "$sysroot" \
    -lc -lc-printscan-long-double "$SMELT_LIB/wasm32-wasi/libclang_rt.builtins-wasm32.a" -zstack-size=0x80000 -o "$work/two.wasm"
  exits "it runs" 0 "$runner" "$work/two.wasm"
  same "each writes its own text" "verse: $expected" "$(sed -n 1p "$work/stdout")"
  says "the other too" "^story: Once upon a time, there was" "$work/stdout"
done
finish
