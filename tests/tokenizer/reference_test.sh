#!/bin/sh
# reference_test.sh TOKENIZE NPM SHARED STORIES WORK: fetches @huggingface/transformers' tokenizers into NPM and runs
# reference_test.mjs. Exits 77 with a line "SKIP: ..." where npm, the network or the tokenizers are absent.
set -eu
tokenize=$1 npm=$2 shared=$3 stories=$4 work=$5
here=$(dirname "$0")
package=@huggingface/transformers@4.3.1

if [ ! -f "$npm/node_modules/@huggingface/tokenizers/package.json" ]; then
  command -v npm >/dev/null || { echo "SKIP: npm is not installed, so the reference tokenizers cannot be fetched"; exit 77; }
  mkdir -p "$npm"
  npm install --prefix "$npm" --ignore-scripts --no-audit --no-fund --silent "$package" >&2 ||
    { echo "SKIP: npm could not fetch $package"; exit 77; }
fi
mkdir -p "$work"
exec node "$here/reference_test.mjs" "$tokenize" "$npm" "$shared/tokenizers/gpt2" "$stories" "$work"
