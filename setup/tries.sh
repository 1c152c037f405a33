# tries.sh: for scripts that fetch: what a network or a mirror fails to give for a while is asked for again.

# tries WHAT COMMAND...: the command until it succeeds, with growing pauses, two minutes in all (SMELT_PAUSES: other seconds).
# Exit code 2 of the command: it is of no use to try again. Returns the last exit code.
tries() {
  tried=$1
  shift
  for pause in ${SMELT_PAUSES-3 7 15 35 60} none; do
    "$@" && return
    code=$?
    [ $code != 2 ] && [ "$pause" != none ] || return $code
    echo "$tried: trying again in $pause s" >&2
    sleep "$pause"
  done
}

# faults LOG: what apt says went wrong, each once.
faults() {
  grep -E '^(E|W|Err|Error):' "$1" | grep -v -e 'Some index files failed' -e 'Unable to fetch some archives' | sort -u | tail -n 5
}
