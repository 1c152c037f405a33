#!/bin/sh
# pictures_test.sh PROGRAM EXAMPLE [RUNNER]: each of EXAMPLE/pictures is what its name says. RUNNER starts programs of another
# machine (qemu-aarch64-static).
. "${0%/*}/check.sh"
program=$1 example=$2 runner=${3-}
need "$program"
[ -z "$runner" ] || command -v "$runner" >/dev/null || skip "$runner is not installed"
for picture in "$example"/pictures/*; do
  name=$(basename "$picture")
  same "$name" "${name%.*}" "$($runner "$program" classify "$picture" | cut -f 1)"
done
finish
