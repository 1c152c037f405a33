#!/bin/sh
# glibc_test.sh SMELT CLANG PROGRAM MODEL SOURCE LIBGCC QEMU: an armv7 library in a program of glibc, whose off_t has 32 bits where
# musl's has 64: weights in a file, also one of more than 2 GiB, and compressed.
. "${0%/*}/check.sh"
smelt=$1 clang=$2 program=$3 model=$4 source=$5 libgcc=$6 qemu=$7
need "$program"
triple=arm-linux-gnueabihf
lib=/usr/$triple/lib
[ -f "$lib/crt1.o" ] || skip "libc6-dev-armhf-cross is not installed"
command -v "$qemu" >/dev/null || skip "$qemu is not installed"
text=$("$program" -p "In the beginning" --no-echo -n 8 --temp 0 </dev/null)
[ -n "$text" ] || fail "the program writes"

# link OPTION...: $work/write, with a library that was built so
link() {
  exits "lib $*" 0 "$smelt" build "$model" --target armv7-linux --cpu armv7-fma --emit lib --name verse "$@" -o "$work/libverse.a"
  exits "compile" 0 "$clang" --target=$triple -O1 -I "$SMELT_SOURCE/include" -isystem /usr/$triple/include -c "$source" -o "$work/write.o"
  exits "link" 0 ld.lld-22 -pie -dynamic-linker /lib/ld-linux-armhf.so.3 "$lib/Scrt1.o" "$lib/crti.o" "$work/write.o" "$work/libverse.a" \
    "$lib/libc.so.6" "$lib/libm.so.6" "$lib/libc_nonshared.a" "$lib/ld-linux-armhf.so.3" "$libgcc" "$lib/crtn.o" -o "$work/write"
}
writes() {
  what=$1
  shift
  same "$what" "$text" "$("$@" "$qemu" -L /usr/$triple "$work/write" "In the beginning" 8 2>&1)"
}
link --weights verse.weights
writes "weights in a file" env
truncate -s 3G "$work/verse.weights"
writes "that is longer than an off_t can say" env
link --compress
mkdir "$work/cache"
for start in first second; do writes "compressed, $start start" env XDG_CACHE_HOME="$work/cache"; done
same "one file is kept" 1 "$(ls "$work/cache/smelt" | wc -l)"
finish
