#!/bin/sh
# documented_test.sh SMELT PROGRAM GUIDE: help texts that GUIDE shows are those that the programs print.
#
# In a block of GUIDE, what follows a line "$ smelt ... --help" or "$ ./verse --help" is what that command prints.
# With UPDATE set in the environment, GUIDE is rewritten so that it is.
. "${0%/*}/check.sh"
smelt=$1 program=$2 guide=$(realpath "$3")
need "$program"
mkdir "$work/bin"
ln -s "$smelt" "$work/bin/smelt"
ln -s "$program" "$work/verse"
PATH=$work/bin:$PATH

commands='^[$] (smelt|[.]/verse).*--help(-all)?$'
cd "$work" || exit 1
awk -v commands="$commands" '
  $0 ~ commands { print; fflush(); system(substr($0, 3)); printed = 1; next }
  /^```/ { printed = 0 }
  !printed' "$guide" >fresh
[ -z "${UPDATE-}" ] || cp fresh "$guide"
diff "$guide" fresh >difference || fail "$guide shows other help texts than are printed" "$(cat difference)"
shown_count=$(grep -Ec "$commands" "$guide")
[ "$shown_count" -ge 5 ] || fail "$guide shows only $shown_count help texts"
for command in $(smelt --help | sed -n 's/^  smelt \([a-z]*\) .*/\1/p' | sort -u); do
  grep -qx "\$ smelt $command --help" "$guide" || fail "$guide does not show smelt $command --help"
done
finish
