#!/bin/sh
# threads_test.sh SMELT PROGRAM MODEL: threads that each open a model over one image write at once what each writes
# alone, and what the program writes; with the weights in the library and in a file beside it.
. "${0%/*}/check.sh"
smelt=$1 program=$2 model=$3
need "$program"
for option in "" "--weights verse.weights"; do
  # shellcheck disable=SC2086 # words
  exits "lib $option" 0 "$smelt" build "$model" --cpu native --emit lib --name verse $option -o "$work/libverse.a"
  exits "the program" 0 gcc -Wall -Wextra -Werror -I "$work" "${0%/*}/threads.c" "$work/libverse.a" -lm -pthread \
    -o "$work/threads"
  exits "texts are the same together and alone" 0 "$work/threads"
  same "four texts" 4 "$(sort -u "$work/stdout" | grep -c '^0 .')"
  same "that of seed 3 is the program's" \
    "$("$program" -p "In the beginning" --no-echo -n 48 --temp 1 --seed 3 </dev/null | head -c -1 | tr '\n' /)" "$(sed -n '4s/^0 //p' "$work/stdout")"
done
finish
