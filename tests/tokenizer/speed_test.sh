#!/bin/sh
# speed_test.sh TOKENIZE NPM TOKENIZERS STORIES WORK LIMITS DOCUMENT...: fetches the reference and runs speed_test.mjs.
# Exits 77 with a line "SKIP: ..." where npm, the network or the tokenizers are absent.
set -eu
here=$(dirname "$0")
"$here/../../setup/npm" "$2" @huggingface/transformers
exec node "$here/speed_test.mjs" "$@"
