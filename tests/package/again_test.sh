#!/bin/sh
# again_test.sh BUILD PACKAGES: packages made again, by a user of other habits, are those in PACKAGES: the .deb byte for byte,
# of the .tar.gz what it would be made of, since compressing it takes long.
. "${0%/*}/../program/check.sh"
build=$1 packages=$2
mkdir "$work/made"
(
  cd "$work" && umask 022 && # as `make package` does
    TZ=Asia/Tokyo LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1700000000 cpack --config "$build/CPackConfig.cmake" -G DEB -D CPACK_DEBIAN_COMPRESSION_TYPE=zstd \
    -B "$work/made" >log 2>&1
) || fail "cpack" "$(tail -n 10 "$work/log")"
for package in "$packages"/*.deb; do
  cmp "$package" "$work/made/$(basename "$package")" && echo "ok      the .deb: the same bytes" || fail "the .deb: other bytes"
done

# hashes: of each file, with its permissions; of a link what it points to.
hashes() {
  (cd "$1" && find . -mindepth 1 \( -type f -printf '%m %p ' -exec sha256sum {} \; -o -printf '%M %p %l\n' \) | sort -k 2)
}
mkdir "$work/unpacked"
tar -C "$work/unpacked" -xpzf "$packages"/smelt-*.tar.gz --strip-components=1
(
  umask 077
  cd "$build"
  cmake --install . --prefix "$work/installed" --component Unspecified --strip &&
    cmake --install . --prefix "$work/installed" --component standalone --strip
) >"$work/log" 2>&1 || fail "cmake --install" "$(tail -n 5 "$work/log")"
hashes "$work/unpacked" | grep -v '^d' >"$work/expected"
hashes "$work/installed" | grep -v '^d' >"$work/found"
[ "$(wc -l <"$work/expected")" -ge 60 ] || fail "the archive has few files" "$(cat "$work/expected")"
diff "$work/expected" "$work/found" >"$work/difference" && echo "ok      the archive's files" ||
  fail "the archive's files" "$(cat "$work/difference")"
same "the archive's folders are everybody's" "" "$(find "$work/unpacked" -mindepth 1 -type d ! -perm 755)"
finish
