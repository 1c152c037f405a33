#!/bin/sh
# story_test.sh PROGRAM [RUNNER]: what stories260K says from <s>, as llama2.c itself prints it.
. "${0%/*}/check.sh"
program=$1 runner=${2-}
need "$program"
[ -z "$runner" ] || command -v "$runner" >/dev/null || skip "$runner is not installed"
ids="403 407 261 378 432 383 286 261 376 298 315 421 395 317 426 338 401 396 267 337"
text="Once upon a time, there was a little girl named Lily. She loved to play outside in the park"

# begins WHAT FOUND: the 20 tokens end at "play"; more of them must go on as llama2.c does.
begins() {
  case $2 in
  "$text"*) echo "ok      $1" ;;
  *) fail "$1" "expected: $text..." "found:    $2" ;;
  esac
}

# shellcheck disable=SC2086 # no runner is no word
{
  same "ids from <s>" "$ids" "$($runner "$program" --prompt-ids 1 -n 20 --temp 0 --ids </dev/null)"
  same "ids from no text" "$ids" "$($runner "$program" -p "" -n 20 --temp 0 --ids </dev/null)"
  begins "text from no text" "$($runner "$program" -p "" -n 40 --temp 0 </dev/null)"
  begins "text after its beginning" "$($runner "$program" -p "Once upon a time" -n 36 --temp 0 </dev/null)"
}
finish
