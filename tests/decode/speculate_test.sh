#!/bin/sh
# speculate_test.sh SMELT MODEL ENCODER_DECODER OTHER: the text is the same with guesses as without, whoever makes them and
# whatever weights and caches are kept in; guesses do come true; what cannot guess says so. OTHER has another tokenizer.
# Needs $SMELT_BUILD; CC links a program with the model inside (clang-22).
. "${0%/*}/../program/check.sh"
smelt=$1 model=$2 pair=$3 other=$4
repeated="And he said, Behold, and he said, Behold, and he" threads=1

# compare HOWS OPTIONS: the program's ids with each of the ways to guess, on $threads.
compare() {
  hows=$1
  shift
  plain=$("$work/program" --ids --threads $threads "$@" </dev/null)
  for how in $hows; do
    same "$how $*, $threads threads" "$plain" "$("$work/program" --ids --threads $threads "$@" --guess "$how" </dev/null)"
  done
}

# guesses HOW OPTIONS: $guessed tokens, of which $right came true.
guesses() {
  "$work/program" -n 120 --ignore-eos --threads 1 --stats --guess "$@" >"$work/text" 2>"$work/stats" </dev/null
  guessed=$(sed -n 's/.*guessed \([0-9]*\) tokens.*/\1/p' "$work/stats")
  right=$(sed -n 's/.*, right \([0-9]*\)$/\1/p' "$work/stats")
}

# most WHAT LEAST SHARE: that at least LEAST were right, and SHARE percent of those that were guessed.
most() {
  [ "${right:-0}" -ge "$2" ] && [ "$((right * 100))" -ge "$((guessed * $3))" ] && echo "ok      $1: $right of $guessed" ||
    fail "$1" "expected: $2 right guesses, $3 %" "found:    $(cat "$work/stats")"
}

# build WHAT OPTIONS: the program, with the model in int8 as its draft.
build() {
  what=$1
  shift
  exits "build $what" 0 "$smelt" build "$model" -q -o "$work/program" --cpu native --draft "$model" --draft-precision int8 "$@"
}

# ---- the same text ----
build f32
compare "lookup draft both" -p "In the beginning" --temp 0 -n 0 # to the model's limit
compare "lookup draft both" -p "$repeated" -n 90 --temp 0 --ignore-eos
compare "lookup draft both" -p "Then" -n 90 --temp 0 --repeat-penalty 1.1 --no-repeat-ngram 6
compare "lookup draft" -p "$repeated" -n 90 --temp 0.4 --seed 1
compare "lookup draft both" -p "In the beginning" -n 40 --temp 1 --top-p 0.9 --seed 4 -N 3
compare "lookup draft" -p "In the beginning" -n 120 --temp 0 --stop "LORD, and"
compare "lookup draft" -p "In the beginning" -n 120 --temp 0 --stop-id "13 16"
compare "draft both" -p "In the beginning" -n 60 --temp 0.7 --seed 2 --regex "[a-z, ]+\."
guesses lookup -p "$repeated" --temp 0
most "lookups come true" 30 40
guesses draft -p "In the beginning" --temp 0
most "greedy guesses of a draft come true" 90 75
guesses draft -p "In the beginning" --temp 0.8 --seed 1
most "sampled guesses of a draft come true" 60 40

for rounded in "--precision int8" "--precision int4 --kv bf16" "--precision bf16"; do
  # shellcheck disable=SC2086 # options and their values
  build "$rounded" $rounded
  for threads in 1 2; do
    compare "lookup draft" -p "$repeated" -n 60 --temp 0
    compare "draft" -p "$repeated" -n 60 --temp 0.4 --seed 1
  done
done
threads=1

# ---- drafts that hold less, or have other logits ----
cp -r "$model" "$work/short"
sed 's/"n_positions": 384/"n_positions": 70/; s/"n_ctx": 384/"n_ctx": 70/' "$model/config.json" >"$work/short/config.json"
build "with a shorter draft" --draft "$work/short"
compare "draft both" -p "In the beginning" -n 120 --temp 0 --ignore-eos
compare "draft" -p "$repeated" -n 120 --temp 0 --ignore-eos -N 2
guesses draft -p "In the beginning" --temp 0
most "it guesses as far as it reads" 40 75
[ "${right:-0}" -le 70 ] || fail "a draft of 70 tokens had $right right" "$(cat "$work/stats")"
cp -r "$model" "$work/padded"
exits "more logits" 0 /usr/bin/python3 "${0%/*}/pad_logits.py" "$model/model.onnx" "$work/padded/model.onnx"
for models in "$model $work/padded" "$work/padded $model"; do
  exits "build with a draft" 0 "$smelt" build "${models% *}" -q -o "$work/program" --cpu native --draft "${models#* }"
  compare "draft" -p "In the beginning" -n 60 --temp 0 --ignore-eos
  guesses draft -p "In the beginning" --temp 0
  most "as many logits as the model's are taken" 90 75
done

# ---- as a library ----
exits "build a library" 0 "$smelt" build "$model" -q --emit lib --name tested --cpu native --draft "$model" --draft-precision int4 \
  -o "$work/tested.a"
exits "link" 0 "${CC:-clang-22}" "$SMELT_BUILD/lib/libguesses.a" "$work/tested.a" -lm -lpthread -o "$work/guesses"
exits "generations with and without guesses agree" 0 "$work/guesses"

# ---- what cannot ----
exits "a program with guesses of its text alone" 0 "$smelt" build "$model" -q -o "$work/program" --cpu native --speculate
compare_plain=$("$work/program" --ids -p "$repeated" -n 60 --temp 0 </dev/null)
same "it guesses" "$compare_plain" "$("$work/program" --ids -p "$repeated" -n 60 --temp 0 --speculate </dev/null)"
exits "it has no draft" 2 "$work/program" -p x --guess draft
says "it says so" "compiled without --draft" "$work/stderr"
"$work/program" --help >"$work/help"
says "help has --speculate" "--speculate" "$work/help"
grep -q -e "--guess" "$work/help" && fail "help of a program without a draft has --guess"
exits "a program without" 0 "$smelt" build "$model" -q -o "$work/program" --cpu native
exits "it does not guess" 2 "$work/program" -p x --speculate
says "it says so" "compiled without --speculate" "$work/stderr"
exits "an encoder-decoder cannot" 2 "$smelt" build "$pair" -q -o "$work/pair" --speculate
says "the message says so" "--speculate is for decoders" "$work/stderr"
exits "another tokenizer" 1 "$smelt" build "$model" -q -o "$work/pair" --draft "$other"
says "the message names the difference" "tokenizer.json: the number of tokens is another \(expected 1536, found 512\)" "$work/stderr"
cp -r "$model" "$work/renamed"
sed 's/"!":/"changed":/' "$model/tokenizer.json" >"$work/renamed/tokenizer.json"
exits "another token" 1 "$smelt" build "$model" -q -o "$work/pair" --draft "$work/renamed"
says "the message names the token" "token [0-9]+ is another \(expected '!', found 'changed'\)" "$work/stderr"
exits "a draft with an encoder" 1 "$smelt" build "$model" -q -o "$work/pair" --draft "$pair"
says "the message says so" "has an encoder, which a draft cannot have" "$work/stderr"
exits "text forms" 2 "$smelt" build "$model" -q -o "$work/pair" --draft "$model" --emit asm
exits "a precision without a draft" 2 "$smelt" build "$model" -q -o "$work/pair" --draft-precision int8
[ ! -e "$work/pair" ] || fail "a failed build left its result"
finish
