#!/bin/sh
# alone_test.sh PROGRAM MODEL: a program needs nothing but itself and adds less than 1 MB to its weights.
. "${0%/*}/check.sh"
program=$1 model=$2
need "$program"
said=$("$program" -p "a" -n 8 --temp 0 --ids </dev/null)
[ -n "$said" ] || fail "it says nothing"

says "it is static" "not a dynamic executable|statically linked" - <<END
$(ldd "$program" 2>&1)
END

mkdir "$work/elsewhere"
cp "$program" "$work/program"
mv "$work/program" "$work/elsewhere/renamed"
same "copied, moved and renamed" "$said" "$("$work/elsewhere/renamed" -p "a" -n 8 --temp 0 --ids </dev/null)"
same "with an empty environment" "$said" "$(env -i "$work/elsewhere/renamed" -p "a" -n 8 --temp 0 --ids </dev/null)"

if [ "$(id -u)" = 0 ]; then
  same "in a root with nothing else" "$said" \
    "$(chroot "$work/elsewhere" /renamed -p "a" -n 8 --temp 0 --ids </dev/null)"
else
  echo "left out: chroot needs root"
fi

weights_bytes=$(/usr/bin/python3 "${0%/*}/weights_bytes.py" "$model") || fail "the model cannot be read"
program_bytes=$(stat -c %s "$program")
rest=$((program_bytes - weights_bytes))
echo "program $program_bytes bytes, weights $weights_bytes, rest $rest"
[ "$rest" -lt 1000000 ] || fail "the rest is 1 MB or more"
finish
