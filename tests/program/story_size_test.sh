#!/bin/sh
# story_size_test.sh SMELT MODEL: stories260K for one level is small, tells what llama2.c tells from its own file, and can do all
# that the program for every level can. The issue asks for 1.2 MB; docs/link.md says what there is and why.
. "${0%/*}/check.sh"
smelt=$1 model=$2
[ -d "$model" ] || skip "$model is absent"

# small LEVEL MOST_BYTES
small() {
  exits "for $1" 0 "$smelt" build "$model" -q --cpu "$1" -o "$work/$1"
  bytes=$(stat -c %s "$work/$1")
  echo "$1: $bytes bytes"
  [ "$bytes" -le "$2" ] || fail "the program for $1 is larger than it was" "$bytes bytes of $2"
}
small x86-64-v2 1316000
small x86-64-v3 1322000
small x86-64-v4 1337000
"$smelt" build "$model" -q -o "$work/every" || fail "for every level"
same "all of its options" "$("$work/every" --help-all | sed "s|$work/every||")" "$("$work/x86-64-v3" --help-all | sed "s|$work/x86-64-v3||")"
# A place that is left to the old form of relocations would be wrong: the program knows the packed one only.
same "no relocations but packed ones" "RELR" "$(readelf -d "$work/x86-64-v3" | sed -n 's/.*(\(RELR\|RELA\|REL\|JMPREL\)) .*/\1/p')"
exits "the story" 0 "${0%/*}/story_test.sh" "$work/x86-64-v3"
finish
