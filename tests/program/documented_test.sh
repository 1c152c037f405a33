#!/bin/sh
# documented_test.sh SMELT PROGRAM GUIDE: help texts, and the model at a glance, that GUIDE shows are what is printed.
#
# In a block of GUIDE, what follows a line "$ smelt ... --help", "$ ./verse --help" or "$ smelt inspect MODEL" is what that
# command prints in the root of the tree.
# With UPDATE set in the environment, GUIDE is rewritten so that it is.
. "${0%/*}/check.sh"
smelt=$1 program=$2 guide=$(realpath "$3")
need "$program"
mkdir "$work/bin"
ln -s "$smelt" "$work/bin/smelt"
ln -s "$program" "$work/verse"
ln -s "${guide%/docs/*}/examples" "$work/examples"
PATH=$work/bin:$PATH

commands='^[$] ((smelt|[.]/verse).*--help(-all)?|smelt inspect [^ ]*)$'
cd "$work" || exit 1
awk -v commands="$commands" '
  $0 ~ commands { print; fflush(); system(substr($0, 3)); printed = 1; next }
  /^```/ { printed = 0 }
  !printed' "$guide" >fresh
[ -z "${UPDATE-}" ] || cp fresh "$guide"
diff "$guide" fresh >difference || fail "$guide shows other texts than are printed" "$(cat difference)"
shown_count=$(grep -Ec "$commands" "$guide")
[ "$shown_count" -ge 5 ] || fail "$guide shows only $shown_count texts"
for command in $(smelt --help | sed -n 's/^  smelt \([a-z]*\) .*/\1/p' | sort -u); do
  grep -qx "\$ smelt $command --help" "$guide" || fail "$guide does not show smelt $command --help"
done
finish
