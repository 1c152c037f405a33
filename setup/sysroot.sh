#!/bin/sh
# sysroot.sh FOLDER ARCH...: musl, kernel headers and libgcc for each Debian architecture; for "windows" what mingw-w64 has.
#
# Downloads the packages below with apt, signatures checked, from the
# machine's own mirrors, and unpacks them into FOLDER/ARCH. The system's package
# state is not touched: apt runs on private lists and an empty status file, so a
# foreign architecture need not be enabled. FOLDER/ARCH/complete lists what a
# finished one holds, which is never downloaded again. An architecture that
# Debian 12 has not comes from the same mirror's Debian 13, signed by keys that
# Debian 12 has too.
set -eu

# describe ARCH: sets packages, debian, the architecture that they are of (Windows' are of all), and suite where the
# machine's own is not meant.
describe() {
  debian=$1 suite='' packages="musl-dev linux-libc-dev libgcc-12-dev"
  case $1 in
  windows) debian=amd64 packages="mingw-w64-x86-64-dev mingw-w64-common" ;;
  riscv64) suite=trixie packages="musl-dev linux-libc-dev libgcc-14-dev" ;;
  esac
}

fail() {
  echo "sysroot.sh: $*" >&2
  exit 1
}

# apt_for ARCH COMMAND...: apt-get on the private state in $work.
apt_for() {
  arch=$1
  shift
  [ -z "$suite" ] || set -- -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- "$@"
  apt-get -qq -o Dir::State="$work/state" -o Dir::State::status="$work/state/status" \
    -o Dir::Cache="$work/cache" -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
    -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)" "$@"
}

# The first mirror of Debian that the machine has.
mirror() {
  known=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' | awk '$1 == "bookworm" { print $2; exit }')
  echo "${known:-http://deb.debian.org/debian}"
}

# download: $packages into $work. Returns 2 where lists that are whole have not all of them.
# shellcheck disable=SC2086 # one word per package
download() {
  lists=whole
  apt_for "$debian" -o APT::Update::Error-Mode=any update || {
    lists=torn
    echo "sysroot.sh: some package lists were not refreshed; going on" >&2
  }
  (cd "$work" && apt_for "$debian" download $packages) && return
  apt_for "$debian" --print-uris download $packages >/dev/null 2>&1 || [ $lists = torn ] || return 2
  return 1
}

fetch() { # fetch ARCH
  work=$folder/$1.partial
  rm -rf "$work" "${folder:?}/$1"
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root"
  : >"$work/state/status"
  [ -z "$suite" ] || echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" \
    >"$work/sources.list"
  tries sysroot.sh download ||
    fail "cannot download $packages for $1: is the network up and a Debian mirror in /etc/apt? A mirror that is being renewed has them again later"
  for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work/root"
  done
  echo "$packages" >"$work/root/complete"
  mv "$work/root" "$folder/$1"
  rm -rf "$work"
}

[ $# -ge 2 ] || fail "usage: sysroot.sh FOLDER ARCH..."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift

command -v apt-get >/dev/null || fail "needs apt-get, as Debian 12 has"
. "$(dirname "$0")/tries.sh"
exec 9>"$folder/lock"
flock 9 # two builds may share one folder
for architecture; do
  describe "$architecture"
  [ "$(cat "$folder/$architecture/complete" 2>/dev/null)" = "$packages" ] && continue
  echo "Downloading $packages for $architecture"
  fetch "$architecture"
done
