#!/bin/sh
# suite_test.sh SMELT FOLDER COUNTS: no backend test fails, and as many pass as COUNTS says.
#
# The tests come from ../shared, unpacked into FOLDER once, or from Debian's libonnx-testdata. COUNTS has one line per
# source: "shared N" or "debian N", the standing count, which is raised when more pass.
smelt=$1 folder=$2 counts=$3
archive=$SMELT_SOURCE/../shared/data/onnx-backend-tests.tar.gz
debian=/usr/share/libonnx-testdata/data

if [ -e "$archive" ]; then
  source=shared data=$folder/onnx/backend/test/data
  if [ ! -d "$folder" ]; then
    new=$folder.$$
    mkdir -p "$new" && tar xzf "$archive" -C "$new" && mv "$new" "$folder" || exit 1
  fi
elif [ -d "$debian" ]; then
  source=debian data=$debian
else
  echo "skipped: neither $archive nor Debian's libonnx-testdata is here"
  exit 77
fi

least=$(sed -n "s/^$source //p" "$counts")
report=$folder.json
"$smelt" check --suite "$data" -j 2 -q --json "$report"
code=$?
passed=$(sed -n 's/^ "passed": \([0-9]*\),$/\1/p' "$report")
echo "$passed passed; at least $least must. All verdicts: $report"
[ "$code" -eq 0 ] && [ "$passed" -ge "$least" ]
