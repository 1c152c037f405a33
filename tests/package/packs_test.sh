#!/bin/sh
# packs_test.sh BUILD TARGET CC: the runtime that programs are linked with is the same, byte for byte, when another folder's
# copy of the source is built.
. "${0%/*}/../program/check.sh"
build=$1 target=$2 cc=$3
mkdir "$work/source"
tar -C "$SMELT_SOURCE" --exclude=./build --exclude=./.git -cf - . | tar -C "$work/source" -xf -
type=$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$build/CMakeCache.txt")
sysroots=$(sed -n 's/^SMELT_SYSROOTS:[A-Z]*=//p' "$build/CMakeCache.txt")
cmake -S "$work/source" -B "$work/made" -G Ninja -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE="$type" \
  -DSMELT_SYSROOTS="$sysroots" >"$work/log" 2>&1 &&
  cmake --build "$work/made" --target "runtime_$target" "app_$target" >>"$work/log" 2>&1 ||
  fail "the copy is not built" "$(tail -n 20 "$work/log")"
for archive in libruntime.a libapp.a; do
  cmp "$build/lib/smelt/$target/$archive" "$work/made/lib/smelt/$target/$archive" &&
    echo "ok      $archive: the same bytes" || fail "$archive: other bytes"
done
finish
