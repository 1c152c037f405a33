#!/bin/sh
# make_gpt2.sh PYTHON SCRIPT TOKENIZER MODEL: GPT-2 with 124M parameters (650 MB, 20 s), unless MODEL is complete.
set -eu
python=$1 script=$2 tokenizer=$3 model=$4
stamp=$model/complete
[ -f "$stamp" ] && [ "$stamp" -nt "$script" ] && exit 0
rm -rf "$model"
"$python" "$script" --tokenizer "$tokenizer" "$model"
touch "$stamp"
