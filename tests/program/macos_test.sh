#!/bin/sh
# macos_test.sh SMELT MODEL PROCESSOR PROGRAM WRITE [QEMU CPU...]: libraries and objects for macOS are what Apple's linker and loader
# read: headers, symbols, sections, and that they link. They run here in WRITE (tests/macos), which does what Apple's loader and
# libSystem do, and say what this machine's PROGRAM says.
. "${0%/*}/check.sh"
smelt=$1 model=$2 processor=$3 program=$4 write=$5
shift 5
need "$program"
target=$processor-macos
case $processor in aarch64) format="Mach-O arm64" arch=arm64 least=baseline ;; *) format="Mach-O 64-bit x86-64" arch=x86_64 least=x86-64-v2 ;; esac
emit() {
  form=$1 file=$2
  shift 2
  exits "--emit $form $*" 0 "$smelt" build "$model" --target "$target" --emit "$form" -o "$work/$file" "$@"
}
emit lib tested.a --name tested
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

emit shared libtested.dylib --name tested --cpu "$least"
exits "shared: is read" 0 llvm-readobj-22 --file-headers --macho-segment "$work/libtested.dylib"
says "shared: a shared library" "FileType: DynamicLibrary" "$work/stdout"
exits "shared: gives out" 0 llvm-nm-22 --defined-only --extern-only "$work/libtested.dylib"
says "shared: the image" " _smelt_model_tested$" "$work/stdout"
says "shared: smelt_generate" " _smelt_generate$" "$work/stdout"
same "shared: nothing else" "" "$(sed 's/.* //' "$work/stdout" | grep -v '^_smelt_' | xargs)"

# ---- what they do ----
expected="$("$program" -p "In the beginning" -n 24 --temp 0 </dev/null | sed 's/^In the beginning//')
1 1:11: expected ), found the end"
# writes WHAT LIBRARY PREFIX NAME: on each of $cpus
writes() {
  for cpu in ${cpus:-host}; do
    if [ "$cpu" = host ]; then set -- "$1" "$2" "$3" "$4"; else set -- "$1" "$2" "$3" "$4" "$qemu" -cpu "$cpu"; fi
    what=$1 library=$work/$2 prefix=$3 name=$4
    shift 4
    same "$what: what the program writes, and a grammar's error ($cpu)" "$expected" \
      "$("$@" "$write" "$library" "$prefix" "$name" "In the beginning" 24 </dev/null)"
    set -- "$what" "${library##*/}" "$prefix" "$name"
  done
}
# Macs have more than Armv8.0, so the runtime may use it: the first that is like them.
qemu=${1-} cpus= all_cpus=
[ -z "$qemu" ] || { shift; cpus=$1 all_cpus=$*; }
[ -z "$qemu" ] || command -v "$qemu" >/dev/null || skip "$qemu is not installed"
writes shared libtested.dylib smelt tested
emit obj object.o --name object # of all levels: several objects in one
exits "obj: is read" 0 llvm-readobj-22 --file-headers --sections "$work/object.o"
says "obj: one object" "FileType: Relocatable" "$work/stdout"
same "obj: each section once" "" "$(sed -n 's/^ *Name: \(__[a-z0-9_]*\).*/\1/p' "$work/stdout" | sort | uniq -d | grep -v -x -e __const | xargs)"
same "obj: hidden names, but for the image" "_smelt_model_object" \
  "$(llvm-nm-22 --extern-only --defined-only "$work/object.o" | sed 's/.* //' | grep '^_smelt' | xargs)"
exits "obj: is linked, with another model's library" 0 ld64.lld-22 -arch $arch -platform_version macos 11.0 11.0 -dylib \
  -undefined dynamic_lookup -all_load "$work/object.o" "$work/tested.a" -o "$work/both.dylib"
cpus=$all_cpus writes "obj: all levels" both.dylib smelt object
cpus=$all_cpus writes "lib: all levels" both.dylib smelt tested
emit shared libown.dylib --prefix own --cpu "$least" --package
exits "--prefix: gives out" 0 llvm-nm-22 --defined-only --extern-only "$work/libown.dylib"
same "--prefix: nothing without it" "" "$(sed 's/.* //' "$work/stdout" | grep -v '^_own_' | xargs)"
writes "--prefix" libown.dylib own main

# ---- weights elsewhere ----
export HOME="$work/home"
mkdir -p "$HOME/Library/Caches"
for option in "--weights beside.weights" --compress; do
  # shellcheck disable=SC2086 # words
  emit shared libother.dylib --name tested --cpu "$least" $option
  for start in first second; do writes "$option, $start start" libother.dylib smelt tested; done
done
exits "kept as a file of weights" 0 cmp "$HOME/Library/Caches/smelt/"* "$work/beside.weights"
same "pkg-config: nothing beside it" "\${pcfiledir}/libown.dylib -Wl,-rpath,\${pcfiledir}" "$(sed -n 's/^Libs: //p' "$work/own.pc")"
says "CMake: how the loader finds it" "IMPORTED_SONAME @rpath/libown.dylib" "$work/own-config.cmake"
exits "no program" 2 "$smelt" build "$model" --target "$target" -o "$work/no"
finish
