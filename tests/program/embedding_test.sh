#!/bin/sh
# embedding_test.sh SMELT MODEL GUIDE: what GUIDE shows is what happens. Its blocks are files, whose first line is their
# name in a comment, or commands, "$ COMMAND", with what they print. With UPDATE set, GUIDE is rewritten so that it is.
. "${0%/*}/check.sh"
smelt=$1 model=$(realpath "$2") guide=$(realpath "$3")
mkdir "$work/bin" "$work/play"
one_level "$smelt" "$work/bin/smelt"
ln -s "$model" "$work/play/verse"
PATH=$work/bin:$PATH
cd "$work/play" || exit 1

# Files first, then one shell runs all commands, so that what it exports stays. A line of marks goes before each output.
awk '/^```/ { inside = !inside; first = 1; file = ""; next }
  inside && first && match($0, /^(\/\* [a-zA-Z.]+ \*\/|# [a-zA-Z.]+)$/) { file = $2 }
  inside { first = 0 }
  inside && file { print >file }
  inside && /^[$] / { command = substr($0, 3); print "echo \"@@@" NR "\"\n" command >"../commands" }' "$guide"
sh ../commands >../printed 2>&1 </dev/null
awk 'NR == FNR && /^@@@[0-9]+$/ { at = substr($0, 4); next }
  NR == FNR { output[at] = output[at] $0 "\n"; next }
  /^```/ { skips = 0 }
  /^[$] / && FNR in output { print; printf "%s", output[FNR]; skips = 1; next }
  /^[$] / { print; skips = 1; next }
  !skips' ../printed "$guide" >../fresh
[ -z "${UPDATE-}" ] || cp ../fresh "$guide"
diff "$guide" ../fresh >../difference || fail "$guide shows other output than is printed" "$(cat ../difference)"
shown_count=$(grep -c '^[$] ' "$guide")
[ "$shown_count" -ge 15 ] || fail "$guide shows only $shown_count commands"
finish
