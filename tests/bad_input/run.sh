#!/bin/sh
# run.sh SMELT FOLDER [NAME]: gives smelt every hostile input that make.py wrote into FOLDER (or the one called NAME).
#
# For each, `smelt build` must exit 1, say one line "error: ..." that matches the manifest's expression, leave no file
# behind, and neither crash nor hang. Sound inputs ("-builds-") must build. Sanitizer reports count as crashes.
set -u
export LC_ALL=C
smelt=${1:?usage: run.sh SMELT FOLDER [NAME]}
folder=${2:?usage: run.sh SMELT FOLDER [NAME]}
only=${3-}
seconds=60
[ -f "$folder/manifest.tsv" ] || { echo "SKIP: $folder/manifest.tsv is absent; make.py writes it"; exit 77; }

# A sanitizer's report must not pass for the exit status 1 of a clean error.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}halt_on_error=1:exitcode=99"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tab=$(printf '\t')
run_count=0 failure_count=0

# Prints why the run was wrong, or nothing. $1: expectation, $2: exit status; reads $work/stderr and $work/out.
fault() {
  left=$(ls -A "$work/out")
  case $1:$2 in
  *:124) echo "still running after $seconds s"; return ;;
  *:99 | *:1[3-9][0-9] | *:2[0-9][0-9] | *:12[89]) echo "crashed (exit $2)"; return ;;
  -builds-:0 | -no-crash-:0) [ "$left" = program ] || echo "built, but left '$left' instead of the program"; return ;;
  -builds-:*) echo "sound input was refused (exit $2)"; return ;;
  *:0) echo "was accepted"; return ;;
  *:1) ;;
  *) echo "exit $2 instead of 1"; return ;;
  esac
  [ -z "$left" ] || { echo "left '$left' behind"; return; }
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || { echo "said $(wc -l <"$work/stderr") lines instead of one"; return; }
  grep -q '^error: ' "$work/stderr" || { echo "the line does not start with 'error: '"; return; }
  [ "$1" = -no-crash- ] || grep -Eiq -e "$1" "$work/stderr" || echo "the error does not match /$1/"
}

while IFS=$tab read -r name path expect; do
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  run_count=$((run_count + 1))
  rm -rf "$work/out" && mkdir "$work/out"
  timeout "$seconds" "$smelt" build "$folder/$path" -o "$work/out/program" >"$work/stdout" 2>"$work/stderr" </dev/null
  why=$(fault "$expect" $?)
  if [ -z "$why" ]; then
    echo "ok      $name: $(head -c 300 "$work/stderr" | head -n 1)"
  else
    failure_count=$((failure_count + 1))
    echo "NOT OK  $name: $why"
    head -c 2000 "$work/stderr" | head -n 12 | sed 's/^/          /'
  fi
done <"$folder/manifest.tsv"

echo "$run_count inputs, $failure_count wrong"
[ "$run_count" -gt 0 ] && [ "$failure_count" -eq 0 ]
