#!/bin/sh
# report_test.sh SMELT DECODER SEQ2SEQ: `smelt build --report` says what a precision costs.
. "${0%/*}/check.sh"
smelt=$1 decoder=$2 seq2seq=$3
mkdir "$work/temporary"
export TMPDIR=$work/temporary
cd "$work" || exit 1

exits "f32" 0 "$smelt" build "$decoder" -o f32 --report
says "f32: heading" '^f32 against f32 on 128 tokens of the built-in text, by this program$' stdout
says "f32: no error" '^  logit error +max 0, mean 0; root mean square 0 %' stdout
says "f32: all tokens are equal" '^  equal tokens +128 of 128, 100 %$' stdout
says "f32: no divergence" '^  divergence +0 nats' stdout

exits "int8" 0 "$smelt" build "$decoder" --cpu native -o int8 --precision int8 --report
says "int8: some error" '^  logit error +max [0-9.]*[1-9][0-9.]*, mean [0-9.e-]*[1-9]' stdout
says "int8: most tokens are equal" '^  equal tokens +1[12][0-9] of 128, ' stdout
says "int8: perplexity" '^  perplexity +[0-9.]+, in f32 [0-9.]+$' stdout
exits "int8: the program runs" 0 ./int8 -p "In" -n 2 --temp 0

# The output layer's weight is the token table: both are one, in whatever precision. Scales add 3 % at most.
parameters() {
  "$smelt" inspect "$decoder" --json --precision "$1" | sed -n 's/.*"parameters": \([0-9]*\).*/\1/p'
}
wide=$(parameters f32)
for precision in int8 int4; do
  found=$(parameters $precision)
  [ "$found" -gt 0 ] && [ "$found" -lt $((wide * 104 / 100)) ] ||
    fail "$precision keeps $found numbers, f32 $wide: the table is stored twice"
done
exits "int4" 0 "$smelt" build "$decoder" --cpu native -o int4 --precision int4 --report
says "int4: many tokens are equal" '^  equal tokens +(9|1[0-2])[0-9] of 128, ' stdout
./int4 -p "In" -n 6 --temp 0 --ids >ids 2>/dev/null
same "int4: ids" 6 "$(wc -w <ids)"
[ "$(stat -c %s int4)" -lt "$(stat -c %s int8)" ] || fail "int4 is not smaller than int8"

state_bytes() {
  "$smelt" inspect "$decoder" --print-plan --kv "$1" | sed -n 's/.*, state \([0-9]*\) bytes.*/\1/p'
}
# kept_in HOW DTYPE FACTOR: what lies in the caches, of so many times less memory
kept_in() {
  exits "--kv $1" 0 "$smelt" build "$decoder" --cpu native -o kept --kv "$1" --report
  says "--kv $1: heading" "^f32, keys and values in $1, against f32 on 128 tokens" stdout
  says "--kv $1: some error" '^  logit error +max 0.0[0-9]*[1-9][0-9]*, mean 0.0[0-9]*[1-9]' stdout
  says "--kv $1: nearly all tokens are equal" '^  equal tokens +12[5-8] of 128, ' stdout
  same "--kv $1: memory" "$(state_bytes f32)" "$(($(state_bytes "$1") * $3))"
  "$smelt" inspect "$decoder" --print-plan --kv "$1" >plan
  [ "$(grep -c "attention.* $2.* state.* $2.* state" plan)" -ge 2 ] || fail "--kv $1: attention reads copies"
  ./kept -p "In the" -n 40 --temp 0 --threads 1 >one
  ./kept -p "In the" -n 40 --temp 0 --threads 3 >three
  exits "--kv $1: threads do not matter" 0 cmp one three
}
kept_in bf16 bf16 2
kept_in int8 i8 '32 / 9' # heads of 32 bytes with a scale
exits "--kv: unknown" 2 "$smelt" build "$decoder" -o no --kv int3

printf 'And it came to pass' >text
exits "--report-text" 0 "$smelt" build "$decoder" --cpu native -o own --precision bf16 --report --report-text text
says "--report-text: heading" '^bf16 against f32 on [1-9] tokens of text, ' stdout
exits "for another machine" 0 "$smelt" build "$decoder" -o arm64 --target aarch64-linux --precision bf16 \
  --report --report-text text
says "for another machine: heading" 'by code for this machine$' stdout
exits "an object" 0 "$smelt" build "$decoder" --cpu native -o model.o --emit obj --name mine --report --report-text text
says "an object: heading" 'by code for this machine$' stdout
exits "an encoder-decoder" 0 "$smelt" build "$seq2seq" --cpu native -o dates --report
says "an encoder-decoder: all tokens are equal" '^  equal tokens +([0-9]+) of \1, 100 %$' stdout

exits "auto" 0 "$smelt" build "$decoder" --cpu native -o auto --precision auto --report
says "auto: how many stay; int8 alone reaches the goal here, an outlier below does not" '^auto: [0-9]+ of [0-9]+ weights stay in bf16, ' stdout
says "auto: the goal is reached" '^  equal tokens +(128|127) of 128, ' stdout
exits "auto: the program runs" 0 ./auto -p "In" -n 2 --temp 0
exits "auto of an encoder-decoder" 0 "$smelt" build "$seq2seq" --cpu native -o answers --precision auto --report
says "auto of an encoder-decoder: of both parts" '^auto: [0-9]+ of [0-9]+ weights stay in bf16, .* on the built-in text' stdout
says "auto of an encoder-decoder: the goal is reached" '^  equal tokens .*, (99[.][0-9]|100) %' stdout

: >empty
exits "an empty text" 1 "$smelt" build "$decoder" -o no --report --report-text empty
printf ' \t \n\r\n' >blank
exits "lines of nothing" 1 "$smelt" build "$seq2seq" -o no --precision bf16 --report --report-text blank
says "lines of nothing: why" "blank: there is no text to compare on" stderr
exits "no text" 1 "$smelt" build "$decoder" -o no --report --report-text missing
exits "no program" 2 "$smelt" build "$decoder" -o no --report --emit asm
exits "no report" 2 "$smelt" build "$decoder" -o no --report-text text
same "what is left" "" "$(ls -A "$work/temporary")"

/usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null || finish
/usr/bin/python3 "${0%/*}/graph_model.py" "$work" || exit 1
exits "a graph" 0 "$smelt" build graph.onnx --cpu native -o graph --max-tokens 16 --precision bf16 --report
says "a graph: heading" '^bf16 against f32 on 17 rows of random inputs, by this program$' stdout
says "a graph: some error" '^  output error +max [0-9.]*[1-9]' stdout
/usr/bin/python3 "${0%/*}/outlier_model.py" outlier.onnx || exit 1
exits "an outlier" 0 "$smelt" build outlier.onnx --cpu native -o outlier --max-tokens 16 --precision int8 --report
says "an outlier: int8 loses much" 'root mean square [1-9][0-9.]+ %' stdout
exits "an outlier, auto" 0 "$smelt" build outlier.onnx --cpu native -o outlier --max-tokens 16 --precision auto --report
says "an outlier: it alone stays" '^auto: 1 of 4 weights stay in bf16' stdout
says "an outlier: which" '^  bf16  loses .*  heavy$' stdout
says "an outlier: auto loses little" 'root mean square [01][.][0-9]+ %' stdout
exits "a graph reads no text" 2 "$smelt" build graph.onnx -o graph --report --report-text text
finish
