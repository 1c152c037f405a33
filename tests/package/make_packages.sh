#!/bin/sh
# make_packages.sh BUILD PACKAGES: the .deb and the .tar.gz anew into PACKAGES, as `make package` makes them.
set -eu
umask 022
rm -rf "$2"
cd "$1"
SOURCE_DATE_EPOCH=1700000000 cpack --config CPackConfig.cmake -B "$2" >"$1/packages.log" 2>&1 || {
  tail -n 20 "$1/packages.log"
  exit 1
}
ls -l "$2"/*.deb "$2"/*.tar.gz
