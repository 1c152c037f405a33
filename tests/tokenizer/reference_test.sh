#!/bin/sh
# reference_test.sh TOKENIZE NPM SHARED STORIES WORK: fetches @huggingface/transformers' tokenizers into NPM and runs
# reference_test.mjs. Exits 77 with a line "SKIP: ..." where npm, the network or the tokenizers are absent.
set -eu
tokenize=$1 npm=$2 shared=$3 stories=$4 work=$5
here=$(dirname "$0")
"$here/../../setup/npm" "$npm" @huggingface/transformers
mkdir -p "$work"
exec node "$here/reference_test.mjs" "$tokenize" "$npm" "$shared/tokenizers" "$stories" "$work"
