#!/bin/sh
# interrupt_test.sh SMELT MODEL: Ctrl-C at any time of a build leaves nothing behind, and what was there stays
# unless the build has succeeded, and says so.
. "${0%/*}/check.sh"
smelt=$1 model=$2
[ -d "$model" ] || skip "$model is absent"
mkdir "$work/out"

# judge WHAT CODE: the folder after a build that an interrupt ended (130), or that was done before it came (0).
judge() {
  same "$1: what is left" program "$(ls -A "$work/out" | xargs)"
  if [ "$2" = 0 ]; then
    same "$1: the new program is there" ELF "$(head -c 4 "$work/out/program" | tr -dc A-Z)"
  else
    same "$1: ended by the signal" 130 "$2"
    same "$1: what was there stays" older "$(cat "$work/out/program")"
  fi
}

# ---- by the clock: from the start on, then around the end, which is where files are put in their place ----

# interrupt_after SECONDS OPTION...: leaves the build's exit code in $code.
interrupt_after() {
  seconds=$1
  shift
  echo older >"$work/out/program"
  timeout --preserve-status -s INT "$seconds" \
    "$smelt" build "$model" "$@" -o "$work/out/program" >"$work/said" 2>&1 </dev/null
  code=$?
  judge "after $seconds s" "$code"
}

interrupted=0
for seconds in 0.02 0.1 0.3 0.6 1 1.5 2 2.5 3 4; do
  interrupt_after "$seconds"
  [ "$code" = 0 ] && break
  interrupted=$((interrupted + 1))
done
[ "$interrupted" -gt 0 ] || fail "no build took long enough to be interrupted"

one_level="--target x86_64-linux --cpu x86-64-v3" # quicker
began=$(date +%s%N)
"$smelt" build "$model" $one_level -o "$work/out/program" >"$work/said" 2>&1 </dev/null
took_ms=$((($(date +%s%N) - began) / 1000000))
for before_ms in 60 50 40 30 20 10 5 0; do
  at_ms=$((took_ms > before_ms ? took_ms - before_ms : 1))
  interrupt_after "$(printf '%d.%03d' $((at_ms / 1000)) $((at_ms % 1000)))" $one_level
done

# ---- at a given point of the link: a linker that interrupts us itself ----

# with_linker WHAT: what stands on stdin is the linker's script; its standard output is the program.
with_linker() {
  {
    echo '#!/bin/sh'
    cat
  } >"$work/linker"
  chmod +x "$work/linker"
  echo older >"$work/out/program"
  SMELT_LD=$work/linker "$smelt" build "$model" $one_level -o "$work/out/program" >"$work/said" 2>&1 </dev/null
  judge "$1" "$?"
}

with_linker "the linker goes on for long" <<'END'
kill -INT $PPID
exec sleep 60
END
with_linker "the linker is done all the same" <<'END'
trap '' TERM
printf '\177ELF'
kill -INT $PPID
END
finish
