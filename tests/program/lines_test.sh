#!/bin/sh
# lines_test.sh PROGRAM ANSWERER: many prompts from a file, an answer a line, from a decoder and from an encoder-decoder.
. "${0%/*}/check.sh"
program=$1 answerer=$2
need "$program"

# one PROGRAM PROMPT OPTION...: the answer that the prompt has alone, on one line.
one() {
  one_program=$1 one_prompt=$2
  shift 2
  "$one_program" -p "$one_prompt" --no-echo "$@" </dev/null | python3 -c 'import sys
print(sys.stdin.read()[:-1].replace("\\", "\\\\").replace("\n", "\\n"))'
}
printf 'And God said\nIn the beginning\n\nThe LORD is\n' >"$work/prompts"
options="-n 30 --temp 0"
for more in "" "--beams 3" "--regex [a-z,]{8,40}" "--repeat-penalty 1.3"; do
  # shellcheck disable=SC2086
  while IFS= read -r prompt; do one "$program" "$prompt" $options $more; done <"$work/prompts" >"$work/expected"
  # shellcheck disable=SC2086
  exits "--lines $more" 0 "$program" --lines "$work/prompts" $options $more
  same "--lines $more: each answer is the prompt's alone" "$(cat "$work/expected")" "$(cat "$work/stdout")"
  same "--lines $more: nothing else is said" "" "$(cat "$work/stderr")"
done
says "an answer's line ends are escaped" '\\n' "$work/expected"
same "from standard input" "$("$program" --lines "$work/prompts" -n 5 --temp 0)" \
  "$("$program" --lines - -n 5 --temp 0 <"$work/prompts")"
same "--ids" "$("$program" -p "And God said" -n 5 --temp 0 --ids)" "$("$program" --lines "$work/prompts" -n 5 --temp 0 --ids | head -n 1)"

# ---- JSON ----
"$program" --lines "$work/prompts" -n 9 --temp 0 --json >"$work/json"
same "--json: an object a line, with the text and its ids" "4 $("$program" -p "And God said" -n 9 --temp 0 --ids)" "$(python3 -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert all(len(row["ids"]) == 9 and row["text"] for row in rows), rows
print(len(rows), *rows[0]["ids"])' "$work/json")"
same "--json of one prompt" "$(head -n 1 "$work/json")" "$("$program" -p "And God said" -n 9 --temp 0 --json)"
same "and of its ids" "$(head -n 1 "$work/json")" "$("$program" --prompt-ids "$("$program" tokenize -p "And God said")" -n 9 --temp 0 --json)"

# ---- seeds ----
"$program" --lines "$work/prompts" -n 9 --temp 1 --seed 3 >"$work/sampled"
same "a seed repeats" "$(cat "$work/sampled")" "$("$program" --lines "$work/prompts" -n 9 --temp 1 --seed 3 --threads 1)"
same "the first line has the seed itself" "$(one "$program" "And God said" -n 9 --temp 1 --seed 3)" "$(head -n 1 "$work/sampled")"
printf 'x\nx\n' >"$work/twice"
same "equal prompts have different answers" 2 "$("$program" --lines "$work/twice" -n 9 --temp 1 --seed 3 | sort -u | wc -l)"

# ---- lines that cannot be answered ----
{
  head -n 1 "$work/prompts"
  yes word | head -n 500 | tr '\n' ' '
  echo
  sed -n 4p "$work/prompts"
} >"$work/bad"
exits "a prompt that is too long" 1 "$program" --lines "$work/bad" -n 5 --temp 0
same "the others are answered" "$(one "$program" "And God said" -n 5 --temp 0)||$(one "$program" "The LORD is" -n 5 --temp 0)" \
  "$(paste -s -d '|' "$work/stdout")"
says "its line is named" "line 2: the prompt has [0-9]* tokens" "$work/stderr"
same "in one line" 1 "$(wc -l <"$work/stderr")"
exits "the same as JSON" 1 "$program" --lines "$work/bad" -n 5 --temp 0 --json
same "has null for it" null "$(sed -n 2p "$work/stdout")"
exits "a text that its constraint does not let end" 1 "$program" --lines "$work/twice" -n 3 --temp 0 --regex '[a-z ]{200}'
same "is told of each line" 2 "$(grep -c 'line [12]: the text was cut short' "$work/stderr")"
exits "a file that is not there" 1 "$program" --lines "$work/none"
for wrong in "--echo" "--stats" "--samples 2" "--logits $work/l" "-p x"; do
  # shellcheck disable=SC2086
  exits "--lines and $wrong" 2 "$program" --lines "$work/prompts" $wrong
done

# ---- an encoder-decoder ----
if [ -x "$answerer" ]; then
  printf '12 March 1987\n3 may 2001\nx\n' >"$work/dates"
  while IFS= read -r prompt; do one "$answerer" "$prompt"; done <"$work/dates" >"$work/expected"
  exits "an encoder-decoder" 0 "$answerer" --lines "$work/dates"
  same "answers each line" "$(cat "$work/expected")" "$(cat "$work/stdout")"
  same "lines of standard input without being asked to" "$(cat "$work/expected")" "$("$answerer" <"$work/dates")"
  same "with other line ends" "$(cat "$work/expected")" "$(sed 's/$/\r/' "$work/dates" | "$answerer")"
  same "as JSON" 3 "$("$answerer" --json <"$work/dates" | grep -c '^{"text":"[0-9-]*","ids":')"
  same "but all of it where an echo is wanted" "$(cat "$work/dates")" "$("$answerer" --echo <"$work/dates" | head -n 3)"
  same "nothing" "" "$("$answerer" </dev/null)"
  long=$(yes '12 March' | head -n 90 | tr '\n' ' ')
  printf '12 March 1987\n%s\n' "$long" >"$work/long"
  "$answerer" <"$work/long" >"$work/cut" 2>"$work/stderr" || fail "a text that is too long" "$(cat "$work/stderr")"
  same "a text that is too long is cut" 2 "$(grep -c '^[0-9]*-' "$work/cut")"
  says "and told" 'line 2: warning: the text has [0-9]* tokens, the model reads at most 96: the rest is left out' "$work/stderr"
  ids=$("$answerer" tokenize -p "$long" | cut -d ' ' -f 1-96)
  same "its first tokens are read" "$("$answerer" --prompt-ids "$ids")" "$(sed -n 2p "$work/cut")"
  exits "the same alone, asked to" 0 "$answerer" -p "$long" --truncate
  same "says nothing" "" "$(cat "$work/stderr")"
  same "and answers alike" "$(sed -n 2p "$work/cut")" "$(cat "$work/stdout")"
  same "--first-token is an answer's first" 30 "$("$answerer" -p x --ids --first-token 30 </dev/null | cut -d ' ' -f 1)"
  exits "--first-token of several tokens" 2 "$answerer" -p x --first-token "1987 and more"
fi
finish
