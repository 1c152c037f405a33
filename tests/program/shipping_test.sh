#!/bin/sh
# shipping_test.sh SMELT MODEL GUIDE: every command of GUIDE works as it stands, in order, on a copy of MODEL with a chat
# template; and what it says of hashes, licences and bills of materials is so.
. "${0%/*}/check.sh"
smelt=$1 model=$2 guide=$(realpath "$3")
mkdir "$work/bin" "$work/place"
one_level "$smelt" "$work/bin/smelt"
cp -r "$model" "$work/place/storyteller"
PATH=$work/bin:$PATH
cd "$work/place" || exit 1
rm -f storyteller/generation_config.json storyteller/special_tokens_map.json
printf '%s' "{% for message in messages %}{{ message['content'] }}
{% endfor %}" >storyteller/chat_template.jinja
printf -- '---\nlanguage: en\nlicense: cc-by-4.0\n---\n# Storyteller\n' >storyteller/README.md
printf 'A licence that says: be kind.\n' >storyteller/LICENSE

# What each command prints lies in NUMBER.out, from 1.
count=0
sed -n 's/^    [$] //p' "$guide" >"$work/commands"
while IFS= read -r command; do
  count=$((count + 1))
  echo "$command" >"$work/$count.command"
  sh -c "$command" >"$work/$count.out" 2>"$work/$count.err" </dev/null ||
    fail "$command" "$(head -n 3 "$work/$count.err")"
done <"$work/commands"
[ "$count" -ge 12 ] || fail "$guide has only $count commands"

# printed EXPRESSION: what the first command that matches it printed.
printed() {
  cat "$(grep -lE -e "$1" "$work"/*.command | sort -V | head -n 1 | sed 's/command$/out/')"
}
# What the guide shows below `ls`.
same "the folder" "$(awk '/^    [$] ls/ { on = 1; next } !/^    / { on = 0 } on { print $1 }' "$guide")" "$(printed '^ls')"

printed 'chat --version' >"$work/version"
says "--version: the model's hash, as sha256sum has it" "model sha256:$(printed sha256sum | cut -c1-64) of 5 files, weights int8, keys and values f32" \
  "$work/version"
says "--version: the compiler" "compiled by smelt $(smelt --version | sed -n '1s/smelt //p')$" "$work/version"
says "--version: the limits" "^running .*, at most 384 tokens$" "$work/version"
says "--version: the target" "^for $(uname -m)-linux$" "$work/version"
printed 'chat --licenses' >"$work/licenses"
says "--licenses: the model's" "^model storyteller: cc-by-4.0, as its README.md says; its LICENSE stands below$" "$work/licenses"
says "--licenses: its text" '^A licence that says: be kind.$' "$work/licenses"
says "--licenses: musl" '^musl [0-9.-]+: MIT, Copyright .*Rich Felker' "$work/licenses"
says "--licenses: MIT's text" 'THE SOFTWARE IS PROVIDED "AS IS"' "$work/licenses"
python3 - chat chat.spdx.json <<'CHECK' || fail "chat.spdx.json"
import hashlib, json, sys
made, document = sys.argv[1], json.load(open(sys.argv[2]))
packages = {p["name"]: p for p in document["packages"]}
ids = {p["SPDXID"] for p in document["packages"]} | {f["SPDXID"] for f in document["files"]} | {"SPDXRef-DOCUMENT"}
assert document["spdxVersion"] == "SPDX-2.3", document["spdxVersion"]
for key in ("SPDXID", "name", "documentNamespace", "creationInfo", "dataLicense"):
    assert document[key], key
digest = hashlib.sha256(open(made, "rb").read()).hexdigest()
assert packages["chat"]["checksums"][0]["checksumValue"] == digest
assert packages["musl"]["licenseDeclared"] == "MIT"
assert packages["storyteller"]["licenseDeclared"] == "CC-BY-4.0"
for f in document["files"]:
    assert f["checksums"][0]["checksumValue"] == hashlib.sha256(
        open("storyteller/" + f["fileName"], "rb").read()).hexdigest(), f
assert len(document["files"]) == 5
for r in document["relationships"]:
    assert r["spdxElementId"] in ids and r["relatedSpdxElement"] in ids, r
CHECK

# ---- where there is less to tell ---------------------------------------------

rm storyteller/LICENSE
printf 'No block at the top.\nlicense: mit\n' >storyteller/README.md
smelt build storyteller --cpu native -o bare || fail "without licences"
./bare --licenses >"$work/licenses"
says "no licence is told as that" '^model storyteller: its folder states no licence$' "$work/licenses"
exits "a bill of materials of text" 2 smelt build storyteller --emit graph --sbom bill.json
exits "a bill of materials in the program's place" 2 smelt build storyteller --cpu native -o bare --sbom bare
smelt build storyteller --cpu native -o both --draft storyteller --sbom both.json || fail "a bill of materials with a draft"
python3 - both.json <<'CHECK' || fail "the draft in both.json"
import json, sys
document = json.load(open(sys.argv[1]))
ids = [x["SPDXID"] for part in ("packages", "files") for x in document[part]]
assert len(ids) == len(set(ids)) and {"SPDXRef-Model", "SPDXRef-Draft"} < set(ids), ids
assert len(document["files"]) == 10, len(document["files"])
CHECK
exits "a bill of materials that cannot be written" 1 smelt build storyteller --cpu native -o bare --sbom none/bill.json

# Names of any bytes; a bill that is there is replaced, or stays whole.
odd=$(printf 'a \303\251 \377b')
mv storyteller "$odd"
echo older >bill.json
exits "a folder's name that is no UTF-8" 0 smelt build "$odd" --cpu native -o "$odd.program" --sbom bill.json
python3 - bill.json <<'CHECK' || fail "odd names in bill.json"
import json, sys
document = json.load(open(sys.argv[1], encoding="utf-8"))
names = {package["SPDXID"]: package["name"] for package in document["packages"]}
assert names["SPDXRef-Model"] == "a \u00e9 %FFb", names
assert document["documentNamespace"].startswith("https://spdx.org/spdxdocs/a%20%C3%A9%20%FFb.program-"), document["documentNamespace"]
CHECK
same "nothing half made is left" "" "$(find . -name '.smelt-*')"
exits "a bill to a full disk" 1 smelt build "$odd" --cpu native -o bare --sbom /dev/full
exits "the report where SMELT_CPU names no level" 1 env SMELT_CPU=none smelt build "$odd" --cpu native -o bare --report
says "it is told as that" "does not run with SMELT_CPU=none; unset it" "$work/stderr"
finish
