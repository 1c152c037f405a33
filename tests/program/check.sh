# check.sh: what every test of programs begins with: `. "${0%/*}/check.sh"`. Gives it an empty folder $work.
set -u
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
failure_count=0

skip() {
  echo "SKIP: $*"
  exit 77
}

# fail WHAT [DETAIL...]: notes a failure and goes on; `finish` reports it.
fail() {
  failure_count=$((failure_count + 1))
  printf 'NOT OK  %s\n' "$1"
  shift
  for detail; do printf '        %s\n' "$detail"; done
}

# same WHAT EXPECTED FOUND
same() {
  if [ "$2" = "$3" ]; then echo "ok      $1"; else fail "$1" "expected: $2" "found:    $3"; fi
}

# exits WHAT CODE COMMAND...: the command's exit code; its output lies in $work/stdout and $work/stderr. No input.
exits() {
  exits_what=$1 exits_code=$2
  shift 2
  "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
  exits_found=$?
  if [ "$exits_found" = "$exits_code" ]; then
    echo "ok      $exits_what: exit $exits_code"
  else
    fail "$exits_what" "expected: exit $exits_code" "found:    exit $exits_found" "$(head -n 5 "$work/stderr")"
  fi
}

# says WHAT EXPRESSION FILE
says() {
  if grep -Eq -e "$2" "$3"; then echo "ok      $1"; else fail "$1" "no line matches /$2/ in:" "$(head -n 5 "$3")"; fi
}

# need PROGRAM: a fixture that was skipped has made none.
need() {
  [ -x "$1" ] || skip "$1 was not built (its model is absent)"
}

# one_level SMELT FILE: makes FILE a smelt that builds for this machine's level alone where its command line says nothing of
# levels or targets: a third of the time.
one_level() {
  cat >"$2" <<END
#!/bin/sh
case "\$*" in
*--target* | *--cpu*) ;;
"build "*) set -- "\$@" --cpu native ;;
esac
exec "$1" "\$@"
END
  chmod +x "$2"
}

finish() {
  [ "$failure_count" -eq 0 ] && exit 0
  echo "$failure_count wrong"
  exit 1
}
