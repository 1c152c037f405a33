#!/bin/sh
# options_test.sh SMELT PROGRAM MODEL: options of a text generator, and the same from its generation_config.json.
. "${0%/*}/../program/check.sh"
smelt=$1 program=$2 model=$3
need "$program"
prompt="And God said"

# writes OPTION...: the new text of 40 tokens, greedily unless the options say otherwise.
writes() {
  "$program" -p "$prompt" -n 40 --temp 0 --no-echo "$@" </dev/null
}
ids() {
  writes --ids "$@"
}
plain=$(writes)

# ---- the end ----
middle=$(echo "$plain" | cut -c 20-26)
same "a stop text ends the text before it" "${plain%%"$middle"*}" "$(writes --stop "$middle")"
for length in 1 2 3 9 17; do # whatever tokens it begins and ends in
  stop=$(echo "$plain" | cut -c "31-$((30 + length))")
  same "stop text '$stop'" "${plain%%"$stop"*}" "$(writes --stop "$stop" --stop "not there")"
done
same "what may become a stop text comes all the same" "$plain" "$(writes --stop "${plain}x")"
tenth=$(ids | cut -d ' ' -f 10)
before=$(ids | sed "s/ $tenth .*//")
same "a stop id ends the text" "$before" "$(ids --stop-id "$tenth")"
count=$(ids --stop-id "$tenth" --min-tokens 25 | wc -w)
[ "$count" -ge 25 ] || fail "--min-tokens 25 gave $count tokens"

# ---- tokens ----
first=$(ids | cut -d ' ' -f 1)
ids --suppress "$first" | grep -qw "$first" && fail "--suppress $first did not"
[ "$(ids --suppress-first "$first" | cut -d ' ' -f 1)" != "$first" ] || fail "--suppress-first $first did not"
same "--bias ID=X forces a token" "7 7 7" "$(ids -n 3 --bias 7=1000)"
says_not() {
  case $2 in *"$3"*) fail "$1" "found: $2" ;; *) echo "ok      $1" ;; esac
}
says_not "--bad-word" "$(writes --bad-word " the LORD")" " the LORD"
says_not "--bias TEXT=-X" "$(writes --bias " the LORD=-1000")" " the LORD"
pair=$(ids | cut -d ' ' -f 3-5)
says_not "--bad-ids" "$(ids --bad-ids "$pair")" "$pair"
trigrams=$(ids -n 100 --no-repeat-ngram 3 | tr ' ' '\n' | awk 'NR > 2 { print a, b, $1 } { a = b; b = $1 }')
same "--no-repeat-ngram 3" "" "$(echo "$trigrams" | sort | uniq -d)"
[ "$(ids --presence-penalty 2 --frequency-penalty 1.5 | tr ' ' '\n' | sort -u | wc -l)" -gt \
  "$(ids | tr ' ' '\n' | sort -u | wc -l)" ] || fail "penalties made the text no richer"

# ---- half a character at the end, as detokenize has it ----
same "half a character becomes U+FFFD" "$("$program" detokenize -p "187 187" </dev/null)" \
  "$(writes -n 2 --bias 187=1000)"
same "and so it does when beams write it" "$(writes -n 2 --bias 187=1000)" "$(writes -n 2 --bias 187=1000 --beams 2)"

# ---- several texts ----
several=$("$program" -p "$prompt" -n 12 --temp 1 --seed 5 --ids -N 3 </dev/null)
same "three texts" 3 "$(echo "$several" | sort -u | wc -l)"
same "the first has the seed itself" "$(echo "$several" | head -n 1)" \
  "$("$program" -p "$prompt" -n 12 --temp 1 --seed 5 --ids </dev/null)"
same "on one thread too" "$several" "$("$program" -p "$prompt" -n 12 --temp 1 --seed 5 --ids -N 3 --threads 1 </dev/null)"

# ---- beams ----
same "one beam is greedy" "$(ids)" "$(ids --beams 1)"
same "beams on one thread" "$(ids --beams 4 -N 4)" "$(ids --beams 4 -N 4 --threads 1)"
same "beams do not look at the temperature" "$(ids --beams 3)" "$(ids --beams 3 --temp 1)"
log_probability() {
  "$program" score --prompt-ids "1154 258 792 $*" --json </dev/null | sed 's/.*"log_probability":\(-[0-9.]*\),"pred.*/\1/'
}
better=$("$program" --prompt-ids "1154 258 792" -n 12 --ids --ignore-eos --beams 6 </dev/null)
greedy=$("$program" --prompt-ids "1154 258 792" -n 12 --ids --ignore-eos --temp 0 </dev/null)
echo "$(log_probability "$better") $(log_probability "$greedy")" | awk '{ exit !($1 >= $2) }' ||
  fail "six beams found a text that is less likely than the greedy one"

# ---- refusals ----
for wrong in "--bias 5" "--bias =5" "--bias 5=x" "--bias 999999=1" "--bad-ids x" "--suppress 1,x" "--suppress 99999" \
  "--stop-id -1" "--beams -1" "--beams 4 --beam-groups 3" "--early-stopping soon" "--length-penalty x" "--min-tokens -1" "--typical-p 2" "--presence-penalty 1e3" "-N x"; do
  # shellcheck disable=SC2086 # an option and its value
  exits "'$wrong'" 2 "$program" -p x $wrong
  same "'$wrong' says one line" 1 "$(wc -l <"$work/stderr")"
done
exits "--logits of beams" 2 "$program" -p x --beams 2 --logits "$work/l"
exits "an empty stop text" 2 "$program" -p x --stop ""

# ---- generation_config.json ----
cp -r "$model" "$work/model"
chmod -R u+w "$work/model"
cat >"$work/model/generation_config.json" <<END
{"eos_token_id": 1535, "bos_token_id": 1535, "do_sample": false, "repetition_penalty": 1.2, "no_repeat_ngram_size": 2,
 "suppress_tokens": [$first, -1], "begin_suppress_tokens": [262], "bad_words_ids": [[$(echo "$pair" | tr ' ' ,)], [11]],
 "min_new_tokens": 30, "max_new_tokens": 35, "top_k": 9, "top_p": 0.8, "num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 1.5, "length_penalty": 0.5,
 "early_stopping": "never", "num_return_sequences": 2, "typical_p": 0.9, "min_p": 0.01, "sequence_bias": [[[3, 4], 2.5], [[7], -1]]}
END
exits "build with a generation_config.json" 0 "$smelt" build "$work/model" -q --cpu native -o "$work/program"
set -- --repeat-penalty 1.2 --no-repeat-ngram 2 --suppress "$first" --suppress-first 262 --bad-ids "$pair" \
  --bad-ids 11 --min-tokens 30 -n 35 --top-k 9 --top-p 0.8 --typical-p 0.9 --min-p 0.01 -N 2 \
  --bias 7=-1 --length-penalty 0.5 --beam-groups 2 --diversity-penalty 1.5 --early-stopping never
for how in "--temp 0" "--temp 0.9 --seed 2"; do
  beams=1
  [ "$how" = "--temp 0" ] && beams=4 # which sampling does not look at
  # shellcheck disable=SC2086
  same "generation_config.json is the options ($how)" \
    "$("$program" -p "$prompt" --ids "$@" $how --beams $beams </dev/null)" \
    "$("$work/program" -p "$prompt" --ids $how </dev/null)"
done
# Where the text ends, and what with: a forced end token is not shown, so there is one token less than allowed.
echo '{"eos_token_id": 1535, "max_length": 12, "forced_eos_token_id": 1535}' >"$work/model/generation_config.json"
exits "build with max_length and forced_eos_token_id" 0 "$smelt" build "$work/model" -q --cpu native -o "$work/program"
count() {
  "$work/program" --ids "$@" </dev/null | wc -w
}
same "max_length counts the prompt, and the last token is the end" 8 "$(count --prompt-ids "1154 258 792")"
same "-n says otherwise" 19 "$(count --prompt-ids "1154 258 792" -n 20)"
same "beams too" 8 "$(count --prompt-ids "1154 258 792" --beams 3)"
same "a prompt that is longer is answered by a token" 1 "$(count --prompt-ids "1 2 3 4 5 6 7 8 9 10 11 12 13" --ignore-eos)"
echo '{"eos_token_id": 1535, "forced_bos_token_id": 300, "exponential_decay_length_penalty": [4, 1000.0]}' \
  >"$work/model/generation_config.json"
exits "build with forced_bos_token_id and a decay" 0 "$smelt" build "$work/model" -q --cpu native -o "$work/program"
same "the second token is forced, and only that" 300 "$("$work/program" --prompt-ids 258 --ids -n 3 </dev/null | cut -d ' ' -f 1)"
same "not behind a longer prompt" "$(ids -n 3 | cut -d ' ' -f 1)" "$("$work/program" -p "$prompt" --ids -n 3 </dev/null | cut -d ' ' -f 1)"
[ "$(count -p "$prompt" -n 100)" -lt 12 ] || fail "exponential_decay_length_penalty did not end the text"
echo '{"eos_token_id": 1535, "guidance_scale": 1.5}' >"$work/model/generation_config.json"
exits "build with what is not supported" 0 "$smelt" build "$work/model" -q --cpu native -o "$work/program"
says "a warning names it" '"guidance_scale" is not supported' "$work/stderr"
for wrong in '"top_p": 1.5' '"forced_eos_token_id": "x"' '"forced_bos_token_id": 99999' '"sequence_bias": [[1, 2]]' \
  '"exponential_decay_length_penalty": [-1, 2]' '"max_length": 0' '"renormalize_logits": 1' '"num_beams": 0' '"num_beams": 1025' '"num_beam_groups": 3, "num_beams": 4' \
  '"length_penalty": 101' '"bad_words_ids": [[]]' '"bad_words_ids": 3' '"suppress_tokens": ["a"]' \
  '"early_stopping": "soon"' '"penalty_alpha": "a"' '"suppress_tokens": [99999]' '"do_sample": 1'; do
  echo "{\"eos_token_id\": 1535, $wrong}" >"$work/model/generation_config.json"
  exits "generation_config.json: $wrong" 1 "$smelt" build "$work/model" -q -o "$work/program"
  says "the message names the field" "$(echo "$wrong" | cut -d '"' -f 2)" "$work/stderr"
done
for asked in '"penalty_alpha": 0.6, "top_k": 4' '"penalty_alpha": 0' '"penalty_alpha": 0.6, "do_sample": true'; do
  echo "{\"eos_token_id\": 1535, $asked}" >"$work/model/generation_config.json"
  exits "generation_config.json: $asked" 0 "$smelt" build "$work/model" -q --cpu native -o "$work/program"
  case $asked in
  *top_k*) says "it says what is not done" "generation_config.json: \"penalty_alpha\": programs do not search contrastively" "$work/stderr" ;;
  *) same "nothing is said where nothing is lost" "" "$(cat "$work/stderr")" ;;
  esac
done
finish
