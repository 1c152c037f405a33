#!/bin/sh
# operator_test.sh SMELT ORACLE FOLDER OPERATOR: every row of the operator's table (tables.py), compiled by smelt, computes
# what ONNX Runtime computes: floats within 2e-6 + 1e-3 |x|, whole numbers exactly (driver/check_compare.c).
set -eu
smelt=$1 oracle=$2 folder=$3 operator=$4
here=$(dirname "$0")

"$oracle" version >/dev/null || { "$oracle" version; exit 77; }
/usr/bin/python3 "$here/write_cases.py" "$oracle" "$folder" "$operator"
"$smelt" check --suite "$folder/$operator" --json "$folder/$operator.json" || true
/usr/bin/python3 "$here/verdict.py" "$operator" "$folder/$operator.json"
