#!/bin/sh
# compress_test.sh SMELT PROGRAM MODEL QEMU: compressed weights are unpacked once, kept, and refused where they are
# damaged; without a cache into memory.
. "${0%/*}/check.sh"
smelt=$1 program=$2 model=$3 qemu=$4
need "$program"
exits "--compress" 0 "$smelt" build "$model" --cpu native --precision bf16 --compress -o "$work/packed"
exits "the same without" 0 "$smelt" build "$model" --cpu native --precision bf16 --weights plain.weights -o "$work/plain"
text=$("$work/plain" -p "In the beginning" -n 24 --temp 0 </dev/null)
[ -n "$text" ] || fail "the program writes"
# writes WHAT COMMAND...
writes() {
  writes_what=$1
  shift
  same "$writes_what" "$text" "$("$@" -p "In the beginning" -n 24 --temp 0 </dev/null 2>&1)"
}
packed_bytes=$(stat -c %s "$work/packed") whole_bytes=$(($(stat -c %s "$work/plain") + $(stat -c %s "$work/plain.weights")))
[ $((packed_bytes * 100)) -lt $((whole_bytes * 92)) ] ||
  fail "the program is smaller by a twelfth" "$packed_bytes of $whole_bytes bytes"

export XDG_CACHE_HOME="$work/cache"
mkdir "$work/cache"
writes "a first start" "$work/packed"
kept=$(echo "$work/cache/smelt/"*)
same "keeps one file, named for its hash" "$(tail -c +65537 "$kept" | sha256sum | cut -d' ' -f1).weights" "${kept##*/}"
exits "which is a file of weights" 0 cmp "$kept" "$work/plain.weights"
before=$(stat -c '%i %Y' "$kept")
writes "a second start" "$work/packed"
same "leaves it" "$before" "$(stat -c '%i %Y' "$kept")"
writes "the program whose weights are in a file can use it" "$work/plain" --weights "$kept"

head -c 100000 "$work/plain.weights" >"$kept"
writes "a file that was cut short is made anew" "$work/packed"
exits "whole" 0 cmp "$kept" "$work/plain.weights"
printf x | dd of="$kept" bs=1 seek=1000000 conv=notrunc 2>/dev/null
writes "a damaged one is found with --check-weights" "$work/packed" --check-weights
exits "and made anew" 0 cmp "$kept" "$work/plain.weights"

for cache in "$work/plain" relative /proc; do
  writes "no cache ($cache)" env XDG_CACHE_HOME="$cache" HOME=/proc "$work/packed"
done
writes "no home" env -u XDG_CACHE_HOME -u HOME "$work/packed"
writes "the home's cache" env -u XDG_CACHE_HOME HOME="$work/home" "$work/packed"
mkdir "$work/home"
writes "the home's cache" env -u XDG_CACHE_HOME HOME="$work/home" "$work/packed"
exits "is .cache" 0 cmp "$work/home/.cache/smelt/${kept##*/}" "$work/plain.weights"

# Eight at once find no file, or a whole one.
rm -r "$work/cache/smelt"
for i in 1 2 3 4 5 6 7 8; do "$work/packed" -p "In the beginning" -n 24 --temp 0 --threads 1 </dev/null >"$work/text.$i" 2>&1 & done
wait
for i in 1 2 3 4 5 6 7 8; do same "at once: $i" "$text" "$(cat "$work/text.$i")"; done
same "one file is left" "${kept##*/}" "$(ls "$work/cache/smelt")"

# Nothing is left of programs that are killed while they keep weights, where the file system has files without a name.
delays="20 24 28 32 36 40 44 48 52 56"
/usr/bin/python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY)' "$work" 2>/dev/null || delays=
for i in $delays; do
  rm -rf "$work/cache/smelt"
  timeout -s KILL "0.0$i" "$work/packed" -p "In the beginning" -n 400 </dev/null >/dev/null 2>&1
  for left in "$work/cache/smelt/"*; do
    case $left in *.weights | *'*') ;; *) fail "killed after $i ms" "left ${left##*/}" ;; esac
  done
done

# The frame lies behind the first page. Wherever a byte is changed, the program says so.
rm -r "$work/cache/smelt"
for at in 300000 1000000 2000000; do
  rm -rf "$work/cache/smelt"
  cp "$work/packed" "$work/damaged"
  printf '\125\252' | dd of="$work/damaged" bs=1 seek=$at conv=notrunc 2>/dev/null
  exits "damaged at $at" 1 "$work/damaged" -p x
  says "is told" "the weights cannot be unpacked" "$work/stderr"
done
same "and nothing is kept" "" "$(ls "$work/cache/smelt")"

exits "for arm64" 0 "$smelt" build "$model" --precision bf16 --compress --target aarch64-linux -o "$work/arm"
if command -v "$qemu" >/dev/null; then writes "arm64" "$qemu" "$work/arm"; fi
exits "as a library" 0 "$smelt" build "$model" --cpu native --emit shared --compress -o "$work/libverse.so"
finish
