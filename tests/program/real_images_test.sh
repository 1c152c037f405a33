#!/bin/sh
# real_images_test.sh SMELT ORACLE FOLDER: a graph over images in its real size (tests/models/real_images.py): what its
# program makes of an image is, within 1e-4, what ONNX Runtime makes of the pixels that the image processor gives it.
. "${0%/*}/check.sh"
smelt=$1 oracle=$2 folder=$3
here=${0%/*}
[ -f "$folder/model.onnx" ] || skip "$folder is absent"
"$oracle" version >"$work/version" || skip "$(cat "$work/version")"
exits "build" 0 "$smelt" build "$folder" --cpu native -o "$work/program"
same "no warning" "" "$(cat "$work/stderr")"
/usr/bin/python3 "$here/real_images_check.py" "$folder" "$work/program" "$oracle" "$work" || fail "what it answers"
finish
