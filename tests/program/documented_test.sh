#!/bin/sh
# documented_test.sh SMELT PROGRAM GUIDE: help texts that GUIDE shows are those that the programs print.
#
# A block of GUIDE that begins with a line "$ smelt ... --help" or "$ ./verse --help" shows what that command prints.
. "${0%/*}/check.sh"
smelt=$1 program=$2 guide=$3
need "$program"
mkdir "$work/bin"
ln -s "$smelt" "$work/bin/smelt"
ln -s "$program" "$work/verse"
PATH=$work/bin:$PATH

sed -n 's/^\$ \(\(smelt\|\.\/verse\).*--help\)$/\1/p' "$guide" >"$work/commands"
shown_count=0
while IFS= read -r command; do
  shown_count=$((shown_count + 1))
  awk -v first="\$ $command" '$0 == first { on = 1; next } /^```/ { on = 0 } on' "$guide" >"$work/shown"
  (cd "$work" && eval "$command") >"$work/printed" 2>&1
  if diff "$work/shown" "$work/printed" >"$work/difference"; then
    echo "ok      $command"
  else
    fail "$guide does not show what '$command' prints" "$(cat "$work/difference")"
  fi
done <"$work/commands"
[ "$shown_count" -ge 5 ] || fail "$guide shows only $shown_count help texts"
finish
