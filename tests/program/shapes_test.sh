#!/bin/sh
# shapes_test.sh PROGRAM ORACLE EXAMPLE: the example that reads images: as many pictures that it never saw are read right by the
# program as by ONNX Runtime, and the same ones (shapes_check.py).
. "${0%/*}/check.sh"
program=$1 oracle=$2 example=$3
need "$program"
"$oracle" version >"$work/version" || skip "$(cat "$work/version")"
/usr/bin/python3 -B "${0%/*}/shapes_check.py" "$program" "$oracle" "$example" "$work" || fail "shapes"
finish
