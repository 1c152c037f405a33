#!/bin/sh
# nbits_test.sh SMELT FOLDER: with --precision int4, MatMulNBits' own codes are kept: what is lost is the rounding of x
# and of the scales (about 0.4 %), where rounding weights to 4 bits loses 8 % (FOLDER/dense.onnx).
. "${0%/*}/check.sh"
smelt=$1 folder=$2
[ -f "$folder/packed.onnx" ] || skip "$folder is absent"
cd "$work" || exit 1

exits "packed" 0 "$smelt" build "$folder/packed.onnx" --cpu native -o packed --precision int4 --report
says "packed: the codes are kept" 'root mean square 0\.[3-5][0-9]* % ' stdout
exits "dense" 0 "$smelt" build "$folder/dense.onnx" --cpu native -o dense --precision int4 --report
says "dense: 4 bits cost much more" 'root mean square [6-9]\.[0-9]* % ' stdout
