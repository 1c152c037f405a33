#!/bin/sh
# prompt_test.sh PROGRAM: the ways a prompt comes in and text goes out. PROGRAM is examples/verse.
. "${0%/*}/check.sh"
program=$1
need "$program"
prompt="In the beginning"
greedy() {
  "$program" -n 24 --temp 0 "$@"
}

text=$(greedy -p "$prompt" </dev/null)
case $text in
"$prompt"?*) echo "ok      the text begins with the prompt" ;;
*) fail "the text does not begin with the prompt" "$text" ;;
esac
same "--prompt=TEXT" "$text" "$(greedy --prompt="$prompt" </dev/null)"
same "the prompt on standard input" "$text" "$(echo "$prompt" | greedy)"
same "the prompt without a newline" "$text" "$(printf %s "$prompt" | greedy)"
same "the prompt from a file" "$text" "$(echo "$prompt" >"$work/prompt"; greedy <"$work/prompt")"
same "-p goes before standard input" "$text" "$(echo "Something else" | greedy -p "$prompt")"
same "--no-echo" "$text" "$prompt$(greedy -p "$prompt" --no-echo </dev/null)"
same "-p with standard input closed" "$text" "$(greedy -p "$prompt" <&-)"
same "one newline at the end" 1 "$(greedy -p "$prompt" --no-echo </dev/null | tail -c 1 | wc -l)"

# --ids and --prompt-ids are each other's inverse; --echo puts the prompt's ids in front.
ids=$(greedy -p "$prompt" --ids </dev/null)
same "--ids prints one id per token" 24 "$(echo "$ids" | wc -w)"
both=$(greedy -p "$prompt" --ids --echo </dev/null)
prompt_ids=${both%"$ids"}
same "--prompt-ids" "$ids" "$(greedy --prompt-ids "$prompt_ids" --ids </dev/null)"
same "--prompt-ids apart by commas" "$ids" "$(greedy --prompt-ids "$(echo $prompt_ids | tr ' ' ,)" --ids </dev/null)"

greedy -p "$prompt" --stats </dev/null >"$work/stdout" 2>"$work/stderr"
same "--stats leaves standard output alone" "$text" "$(cat "$work/stdout")"
says "--stats" "^first token after .* tokens/s$" "$work/stderr"

# More tokens than the model holds: as many as fit, and a word about it.
exits "-n beyond the limit" 0 "$program" -p "$prompt" -n 100000 --temp 0 --ignore-eos
exits "a prompt beyond the limit" 1 "$program" -p "$(seq -s ' ' 2000)" -n 1
same "a prompt beyond the limit: one line" 1 "$(wc -l <"$work/stderr")"
exits "standard input closed and no prompt" 1 sh -c 'exec "$0" -n 4 <&-' "$program"

# A reader that goes away ends the program quietly, and soon.
{ timeout 60 "$program" -p "$prompt" -n 0 --temp 0 --ignore-eos 2>"$work/stderr"; echo $? >"$work/code"; } </dev/null |
  head -c 20 >"$work/stdout"
same "head got its bytes" "$prompt" "$(head -c 16 "$work/stdout")"
same "a closed pipe ends it by SIGPIPE" 141 "$(cat "$work/code")"
same "a closed pipe is no error to talk about" "" "$(cat "$work/stderr")"

# Text streams: a reader that takes what is there gets it in many pieces.
pieces=$("$program" -p "$prompt" -n 100 --temp 0 --ignore-eos </dev/null | dd bs=64k 2>&1 >/dev/null |
  sed -n 's/^0+\([0-9]*\) records in$/\1/p')
[ "${pieces:-0}" -ge 5 ] || fail "100 tokens came in ${pieces:-no} pieces"

if [ -e /dev/full ]; then
  exits "a full disk" 1 sh -c 'exec "$0" -p a -n 4 >/dev/full' "$program"
  says "a full disk is told" "cannot be written" "$work/stderr"
fi
finish
