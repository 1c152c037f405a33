#!/bin/sh
# chroot_test.sh FORM PACKAGES SMELT EXAMPLE GRAPH: the package (FORM: archive or debian) makes every form for every target of
# GRAPH, a small one, and programs of EXAMPLE/model in a root folder that holds nothing but the package, of a .deb also the packages that it depends on: no compiler, no
# sysroot. All files are byte for byte those that SMELT makes here.
. "${0%/*}/../program/check.sh"
form=$1 packages=$2 smelt=$3 example=$4 graph=$5
[ -f "$graph" ] || skip "$graph is absent"
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

# made WHAT MODEL FILE OPTION...: FILE in a folder of its own, inside and outside, and all that comes with it
made() {
  what=$1 from=$2 file=$3
  shift 3
  folder=${file%/*}
  mkdir -p "$work/$folder" "$root/work/$folder"
  "$smelt" build "$work/$from" "$@" -o "$work/$file" 2>"$work/refused" || fail "outside: $what" "$(cat "$work/refused")"
  exits "$form: $what" 0 enter $inside build "/work/$from" "$@" -o "/work/$file"
  diff -r "$work/$folder" "$root/work/$folder" >"$work/difference" || fail "$form: $what: other bytes than outside" "$(cat "$work/difference")"
}

# ---- every form for every target -------------------------------------------------

cp "$graph" "$work/graph.onnx"
cp "$graph" "$root/work/graph.onnx"
exits "smelt targets" 0 enter $inside targets --json
/usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin):
    for form in row["forms"]:
        print(row["target"], form)' <"$work/stdout" >"$work/forms"
same "a pack for each target" "$(cut -d ' ' -f 1 "$work/forms" | sort -u)" \
  "$(find "$root/lib/smelt" "$root/usr/lib/smelt" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort -u)"
while read -r target emit; do
  package=--package
  case $emit:$target in exe:* | obj:* | shared:wasm32-*) package= ;; esac
  # shellcheck disable=SC2086 # a word or none
  made "$emit for $target" graph.onnx "$target.$emit/graph" --target "$target" --emit "$emit" $package
done <"$work/forms"
[ "$(wc -l <"$work/forms")" -ge 35 ] || fail "only $(wc -l <"$work/forms") forms"

# ---- programs of a model ------------------------------------------------------------

programs=$(sed -n 's/ exe$//p' "$work/forms")
[ "$(echo "$programs" | wc -l)" -ge 6 ] || fail "$form: programs for" $programs "only"
for target in $programs; do
  made "names for $target" names "names.$target/names" --target "$target"
done

# ---- what came out runs out here ------------------------------------------------

# runs TARGET COMMAND...: what it finds in the example's first line.
runs() {
  target=$1
  shift
  [ -x "$root/work/names.$target/names" ] || return 0
  command -v "${1:-sh}" >/dev/null || return 0
  head -n 1 "$example/texts" | "$@" "$root/work/names.$target/names" >"$work/found" 2>&1
  says "$form: $target finds names" 'Norford' "$work/found"
}
runs "$(uname -m)-linux"
for machine in aarch64 riscv64 arm; do
  [ $machine = arm ] && target=armv7-linux || target=$machine-linux
  runs $target qemu-$machine-static
done
if "${0%/*}/../wasm/wasi.mjs" /dev/null >/dev/null 2>&1; [ $? -ne 77 ]; then runs wasm32-wasi "${0%/*}/../wasm/wasi.mjs"; fi
wine=$(command -v wine64 || command -v /usr/lib/wine/wine64)
export WINEPREFIX="$work/wine" WINEDEBUG=-all
[ -z "$wine" ] || runs x86_64-windows "$wine"
finish
