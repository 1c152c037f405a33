#!/bin/sh
# chroot_test.sh FORM PACKAGES SMELT EXAMPLE: the package (FORM: archive or debian) compiles EXAMPLE/model for every target
# in a root folder that holds nothing but the package, of a .deb also the packages that it depends on: no compiler, no
# sysroot. The programs are byte for byte those that SMELT makes here.
. "${0%/*}/../program/check.sh"
form=$1 packages=$2 smelt=$3 example=$4
root=$work/root

# needed PACKAGE...: these and all that they depend on, as installed here.
needed() {
  echo "$@" | tr ' ' '\n' >"$work/known"
  while :; do
    # shellcheck disable=SC2046 # a name a word
    dpkg-query -W -f '${Depends}, ${Pre-Depends}\n' $(cat "$work/known") 2>/dev/null |
      tr ',' '\n' | sed 's/|.*//; s/(.*//; s/:any//; s/ //g; /^$/d' | sort -u "$work/known" - >"$work/more"
    cmp -s "$work/known" "$work/more" && break
    mv "$work/more" "$work/known"
  done
  cat "$work/known"
}

# Libraries and programs only: documents and the like are of no use to smelt.
copy_package() {
  dpkg-query -L "$1" | grep -E '^(/usr)?/(lib|lib64|bin)/' |
    while read -r file; do [ -d "$file" ] && [ ! -L "$file" ] || echo "$file"; done |
    tar -C / -chf - --hard-dereference -T - 2>/dev/null | tar -C "$root" -xf -
}

mkdir -p "$root/proc" "$root/work" "$root/dev"
: >"$root/dev/null"
case $form in
archive)
  tar -C "$root" -xzf "$packages"/smelt-*.tar.gz --strip-components=1
  inside=/bin/smelt
  ;;
debian)
  dpkg-deb -x "$packages"/smelt_*.deb "$root"
  inside=/usr/bin/smelt
  depends=$(dpkg-deb -f "$packages"/smelt_*.deb Depends | tr ',' '\n' | sed 's/(.*//; s/ //g')
  # shellcheck disable=SC2086
  for package in $(needed $depends); do copy_package "$package"; done
  [ -e "$root/lib64" ] || ln -s usr/lib64 "$root/lib64"
  ;;
esac
find "$root" -path '*/share' -prune -o \( -name cc -o -name 'gcc*' -o -name 'clang*' -o -name '*.h' \) -print |
  grep -v -e include/smelt -e lib/smelt/model.h >"$work/compilers" # model.h: what headers beside libraries hold
same "$form: no compiler and no other header inside" "" "$(cat "$work/compilers")"
cp -r "$example/model" "$work/names"
cp -r "$work/names" "$root/work/names"

# enter COMMAND...: in the root folder, with /proc, /dev/null and nothing else of this machine.
enter() {
  unshare --mount --pid --fork sh -c '
    chroot=$1 root=$2
    shift 2
    mount -t proc proc "$root/proc" && mount --bind /dev/null "$root/dev/null" && exec env -i "$chroot" "$root" "$@"' enter "$(command -v chroot)" "$root" "$@"
}
[ "$(id -u)" = 0 ] && unshare --mount --pid --fork true 2>"$work/stderr" || skip "needs root: chroot, mount"

unset SMELT_LIB SMELT_LD
exits "$form: --version" 0 enter $inside --version
says "$form: its version of LLVM" '^LLVM [0-9]+\.[0-9]+\.[0-9]+$' "$work/stdout"
says "$form: its linker" '^linker /.*LLD [0-9]+\.[0-9]+' "$work/stdout"
target_count=0 program_count=0
for pack in "$root"/lib/smelt/*/ "$root"/usr/lib/smelt/*/; do
  [ -d "$pack" ] || continue
  target=$(basename "$pack")
  target_count=$((target_count + 1))
  # Where programs need a vendor's SDK, or there is no system, --emit exe is refused: then a library.
  emit=exe
  "$smelt" build "$work/names" --target "$target" -o "$work/$target" 2>"$work/refused"
  [ $? = 2 ] && emit=lib && "$smelt" build "$work/names" --target "$target" --emit lib -o "$work/$target"
  [ -s "$work/$target" ] || fail "outside: $target" "$(cat "$work/refused")"
  exits "$form: for $target, $emit" 0 enter $inside build /work/names --target "$target" --emit $emit -o "/work/$target"
  cp "$root/work/$target" "$work/inside" 2>/dev/null
  cmp "$work/inside" "$work/$target" || fail "$form: $target: other bytes than outside"
  [ $emit = lib ] || program_count=$((program_count + 1))
done
[ "$program_count" -ge 2 ] || fail "$form: programs for $program_count of $target_count targets only"

# ---- what came out runs out here ------------------------------------------------

# runs TARGET COMMAND...: what it finds in the example's first line.
runs() {
  target=$1
  shift
  [ -x "$root/work/$target" ] || return 0
  command -v "${1:-sh}" >/dev/null || return 0
  head -n 1 "$example/texts" | "$@" "$root/work/$target" >"$work/found" 2>&1
  says "$form: $target finds names" 'Norford' "$work/found"
}
runs "$(uname -m)-linux"
for machine in aarch64 riscv64 arm; do
  [ $machine = arm ] && target=armv7-linux || target=$machine-linux
  runs $target qemu-$machine-static
done
finish
