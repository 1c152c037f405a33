#!/bin/sh
# suite_test.sh SMELT FOLDER COUNTS: no backend test fails, and as many pass as COUNTS says.
#
# data.sh finds the tests. COUNTS has one line per source: "shared N" or "debian N", the standing count, which is
# raised when more pass.
smelt=$1 folder=$2 counts=$3
found=$("$(dirname "$0")/data.sh" "$SMELT_SOURCE" "$folder") || exit
source=${found%% *} data=${found#* }

least=$(sed -n "s/^$source //p" "$counts")
report=$folder.json
"$smelt" check --suite "$data" -j 2 -q --json "$report"
code=$?
passed=$(sed -n 's/^ "passed": \([0-9]*\),$/\1/p' "$report")
echo "$passed passed; at least $least must. All verdicts: $report"
[ "$code" -eq 0 ] && [ "$passed" -ge "$least" ]
