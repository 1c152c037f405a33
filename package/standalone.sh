#!/bin/sh
# standalone.sh SMELT LAUNCHER LINKER STRIP PREFIX: puts smelt and lld into PREFIX with every library that they load, the C
# library and its loader too (package/launcher.c says where), and the libraries' licences.
set -eu
umask 022
smelt=$1 launcher=$2 linker=$(readlink -f "$3") strip=$4 prefix=$5
home=$prefix/libexec/smelt
mkdir -p "$prefix/bin" "$home/programs" "$home/libraries" "$prefix/share/doc/smelt/licenses"

install -m 755 "$launcher" "$home/launcher"
install -m 755 "$smelt" "$home/programs/smelt"
"$strip" "$home/programs/smelt"
install -m 755 "$linker" "$home/programs/lld"
ln -sf ../libexec/smelt/launcher "$prefix/bin/smelt"
for name in ld.lld wasm-ld lld-link ld64.lld; do ln -sf launcher "$home/$name"; done

# licence FILE: that of the Debian package which FILE is of; packages know files of /lib by that name or under /usr.
licence() {
  package=$(dpkg-query -S "$1" "${1#/usr}" "/usr$1" 2>/dev/null | sed 's/:.*//;q')
  [ -n "$package" ] || return 0
  install -m 644 "/usr/share/doc/$package/copyright" "$prefix/share/doc/smelt/licenses/$package"
}

licence "$linker"
ldd "$smelt" "$linker" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
  while read -r library; do
    install -m 644 "$library" "$home/libraries/"
    licence "$(readlink -f "$library")"
  done
loader=$(ldd "$smelt" | awk '$1 ~ /^\/.*\/ld-linux/ { print $1 }')
install -m 755 "$loader" "$home/loader"
