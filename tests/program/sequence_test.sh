#!/bin/sh
# sequence_test.sh SMELT: a graph of sequences and optionals, known at build time by --length, --absent and --fix.
. "${0%/*}/check.sh"
smelt=$1
/usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null || skip "python3-onnx is not installed"
/usr/bin/python3 "${0%/*}/sequence_model.py" "$work" || exit 1
cd "$work" || exit 1

# equals WHAT WANTED FOUND: two .npy files hold the same.
equals() {
  exits "$1" 0 /usr/bin/python3 -c '
import sys, numpy
wanted, found = map(numpy.load, sys.argv[1:])
sys.exit(wanted.dtype != found.dtype or not numpy.array_equal(wanted, found))' "$2" "$3"
}

exits "with both" 0 "$smelt" build sequence.onnx -o both --max-tokens 8 --length pieces=2 --fix place=1
exits "--describe" 0 ./both --describe
same "--describe" "run
  input  pieces.0 f32[pieces.0_rows, 2]
  input  pieces.1 f32[pieces.1_rows, 2]
  input  shift f32[2]
  output moved.0 f32[pieces.0_rows, 2]
  output moved.1 f32[pieces.0_rows + pieces.1_rows, 2]
  output moved.2 f32[pieces.1_rows, 2]" "$(cat stdout)"
exits "run" 0 ./both --input pieces.0=pieces.0.npy --input pieces.1=pieces.1.npy --input shift=shift.npy \
  --output moved.0=out0.npy --output moved.1=out1.npy --output moved.2=out2.npy
for i in 0 1 2; do equals "moved.$i" "moved.$i.npy" "out$i.npy"; done

exits "without shift" 0 "$smelt" build sequence.onnx -o one --length pieces=1 --fix place=-1 --absent shift
exits "run without shift" 0 ./one --input pieces.0=pieces.1.npy --output moved.0=out0.npy --output moved.1=out1.npy
for i in 0 1; do equals "moved.$i is the piece" pieces.1.npy "out$i.npy"; done

exits "no length" 1 "$smelt" build sequence.onnx -o no --fix place=0
says "no length: the option" "--length pieces=N" stderr
exits "no place" 1 "$smelt" build sequence.onnx -o no --length pieces=2
says "no place: the option" "--fix place=NUMBERS" stderr
exits "a place outside" 1 "$smelt" build sequence.onnx -o no --length pieces=2 --fix place=3
exits "no input of the name" 1 "$smelt" build sequence.onnx -o no --length pieces=2 --fix plaice=0
says "no input of the name" "no input 'plaice'" stderr
exits "a required input is absent" 1 "$smelt" build sequence.onnx -o no --length pieces=2 --absent place
for wrong in --length=pieces --length=pieces=-1 --length=pieces=x --length==2 --fix=place --fix=place= --fix=place=1,; do
  exits "$wrong" 2 "$smelt" build sequence.onnx -o no "$wrong"
done
[ -e no ] && fail "something was built"
finish
