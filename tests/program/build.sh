#!/bin/sh
# build.sh SMELT MODEL PROGRAM [OPTION...]: compiles a model once for all tests of its program.
set -eu
smelt=$1 model=$2 program=$3
shift 3
[ -d "$model" ] || { echo "SKIP: $model is absent"; rm -f "$program"; exit 77; }
mkdir -p "${program%/*}"
exec "$smelt" build "$model" -o "$program" "$@"
