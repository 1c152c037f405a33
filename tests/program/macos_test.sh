#!/bin/sh
# macos_test.sh SMELT MODEL PROCESSOR: libraries for macOS are what Apple's linker and loader read. None of it runs here: what is
# looked at are headers, symbols, sections, and that they link.
. "${0%/*}/check.sh"
smelt=$1 model=$2 processor=$3
target=$processor-macos
case $processor in aarch64) format="Mach-O arm64" arch=arm64 ;; *) format="Mach-O 64-bit x86-64" arch=x86_64 ;; esac
emit() {
  exits "--emit $1" 0 "$smelt" build "$model" --target "$target" --emit "$1" --name tested -o "$work/$2"
}
emit lib tested.a
exits "lib: is read" 0 llvm-nm-22 --print-armap "$work/tested.a"
cp "$work/stdout" "$work/symbols"
says "lib: the index names the image" "^_smelt_model_tested in " "$work/symbols"
says "lib: the index names the runtime" "^_smelt_generate in " "$work/symbols"
says "lib: the weights are there" "^_tested_weights in " "$work/symbols"
same "lib: names that are no library's of macOS have a prefix of ours" "" \
  "$(sed -n 's/^.* [A-TV-Z] //p' "$work/symbols" | grep -v -E '^_(rt|con|smelt|tested)_' | xargs)"
sed -n 's/^ *U //p' "$work/symbols" | sort -u | grep -v -E '^_(rt|con|smelt|tested)_' >"$work/needed"
same "lib: what it needs of libSystem" "" "$(grep -v -x -F -f "${0%/*}/macos_symbols" "$work/needed" | xargs)"
exits "lib: objects are read" 0 llvm-readobj-22 --file-headers --sections "$work/tested.a"
same "lib: objects are $format" "$format" "$(sed -n 's/^Format: //p' "$work/stdout" | sort -u)"
exits "lib: is for macOS 11" 0 llvm-objdump-22 --macho --private-headers "$work/tested.a"
same "lib: says so" "11.0" "$(sed -n 's/^ *minos //p' "$work/stdout" | sort -u)"

# A program that refers to the library, linked as Apple's linker would: every member that is needed is found by the index.
printf '.globl _main\n_main:\n.p2align 3\n.data\n.p2align 3\n.quad _smelt_open\n.quad _smelt_generate\n.quad _smelt_model_tested\n' \
  >"$work/main.s"
exits "a program is assembled" 0 llvm-mc-22 -triple "$arch-apple-macos11" -filetype=obj "$work/main.s" -o "$work/main.o"
exits "a program is linked" 0 ld64.lld-22 -arch $arch -platform_version macos 11.0 11.0 -undefined dynamic_lookup \
  "$work/main.o" "$work/tested.a" -o "$work/main"
exits "it has the model" 0 llvm-nm-22 "$work/main"
says "the weights are in it" " _tested_weights$" "$work/stdout"

emit shared libtested.dylib
exits "shared: is read" 0 llvm-readobj-22 --file-headers --macho-segment "$work/libtested.dylib"
says "shared: a shared library" "FileType: DynamicLibrary" "$work/stdout"
exits "shared: gives out" 0 llvm-nm-22 --defined-only --extern-only "$work/libtested.dylib"
says "shared: the image" " _smelt_model_tested$" "$work/stdout"
says "shared: smelt_generate" " _smelt_generate$" "$work/stdout"
same "shared: nothing else" "" "$(sed 's/.* //' "$work/stdout" | grep -v '^_smelt_' | xargs)"
exits "no program" 2 "$smelt" build "$model" --target "$target" -o "$work/no"
finish
