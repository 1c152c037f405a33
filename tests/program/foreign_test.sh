#!/bin/sh
# foreign_test.sh SMELT PROGRAM EXAMPLE MODEL NPM_FOLDER: the shared library, loaded by Python and by Node, writes what the
# model's program writes; it gives out smelt/model.h's names and no others.
. "${0%/*}/check.sh"
smelt=$1 program=$2 example=$3 model=$4 npm=$5
need "$program"
library=$work/libverse.so
exits "--emit shared" 0 "$smelt" build "$model" --emit shared -o "$library"
expected=$("$program" -p "In the beginning" -n 24 --seed 0 </dev/null)

nm -D --defined-only "$library" | sed 's/.* //' | sort >"$work/given"
sed -n 's/^[a-z].*[ *]\(smelt_[a-z_]*\)(.*/\1@@SMELT_1/p' "${0%/*}/../../include/smelt/model.h" |
  grep -v -x 'smelt_token_callback@@SMELT_1' >"$work/declared"
echo 'smelt_model_main@@SMELT_1' >>"$work/declared"
sort "$work/declared" | grep -v '^SMELT' >"$work/wanted"
grep -v '^SMELT_1' "$work/given" >"$work/found"
same "what model.h declares, and nothing else" "$(cat "$work/wanted")" "$(cat "$work/found")"
says "no library is needed by name" "^0$" - <<END
$(readelf -d "$library" | grep -c NEEDED)
END

exits "python3" 0 python3 "$example/write.py" "$library" "In the beginning" 24
same "Python: what the program writes" "$expected" "In the beginning$(cat "$work/stdout")"
exits "a prompt that is too long" 1 python3 "$example/write.py" "$library" "$(yes word | head -n 2000 | xargs)" 24
says "Python: and why" "at most 384 tokens|384" "$work/stderr"

"${0%/*}/../../setup/npm" "$npm" koffi >"$work/npm" 2>&1 || { cat "$work/npm"; finish; }
cp "$example/write.mjs" "$npm/write.mjs"
exits "node" 0 node "$npm/write.mjs" "$library" "In the beginning" 24
same "Node: what the program writes" "$expected" "In the beginning$(cat "$work/stdout")"
finish
