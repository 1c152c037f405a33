#!/bin/sh
# targets_test.sh SMELT MODEL GUIDE: `smelt targets` lists the targets, forms and levels that `smelt build` takes, as text and
# as JSON, and no others; GUIDE names each target.
. "${0%/*}/check.sh"
smelt=$1 model=$2 guide=$3
exits "smelt targets" 0 "$smelt" targets
cp "$work/stdout" "$work/shown"
exits "smelt targets --json" 0 "$smelt" targets --json
/usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin):
    assert row["triple"] and isinstance(row["link_with"], str) and row["pointer_bytes"] in (4, 8) and all(level["cpu"] for level in row["levels"])
    print(row["target"], *(",".join(names) for names in (row["forms"], [level["level"] for level in row["levels"]])))
' <"$work/stdout" >"$work/rows" || fail "smelt targets --json is not what its readers expect"
sed -i '/^Processors/,/^$/d' "$work/shown" # whose rows name targets too
same "both list the same targets" "$(cut -d ' ' -f 1 "$work/rows")" \
  "$(sed -n 's/^\([a-z0-9_]*-[a-z]*\) .*/\1/p' "$work/shown")"
same "both list the same levels" "$(cut -d ' ' -f 3 "$work/rows" | tr ',' '\n')" \
  "$(sed '1d;/^$/,$d' "$work/shown" | cut -c 40- | cut -d ' ' -f 1)"
says "this machine" "^This machine: $(uname -m)-linux$" "$work/shown"

# offered: what an error's "expected one of" lists, without spaces.
offered() {
  sed -n 's/.*expected one of \([^;)]*\).*/\1/p' "$work/stderr" | tr -d ' '
}
exits "an unknown target" 2 "$smelt" build "$model" --target pdp11
same "an unknown target is told the same" "$(cut -d ' ' -f 1 "$work/rows")" "$(offered | tr ',' '\n')"
says "an unknown target is told where they are described" "smelt targets" "$work/stderr"
while read -r target forms levels; do
  exits "an unknown level of $target" 2 "$smelt" build "$model" --target "$target" --emit asm --cpu none
  same "levels of $target" "$levels" "$(offered)"
  for form in exe obj lib shared; do
    case ,$forms, in
    *",$form,"*) ;;
    *)
      exits "$form for $target" 2 "$smelt" build "$model" --target "$target" --emit $form
      same "forms of $target" "$forms,llvm,asm,graph" "$(offered)"
      ;;
    esac
  done
  grep -q "^| .*\`$target\`" "$guide" || fail "$guide does not name $target"
done <"$work/rows"
# What a program says that it is linked with is what its target's pack came from.
for row in x86_64-linux=12=x86-64-v2 armv7-linux=12=baseline riscv64-linux=14=baseline; do
  pair=${row%=*} level=${row##*=}
  target=${pair%=*}
  exits "a program for $target" 0 "$smelt" build "$model" --target "$target" --cpu "$level" -q -o "$work/program"
  same "libgcc of $target" "libgcc ${pair#*=}" "$(grep -a '^libgcc ' "$work/program" | cut -d : -f 1)"
  same "musl of $target" 1 "$(grep -a -c '^musl 1[.]2[.]' "$work/program")"
done
[ "$(wc -l <"$work/rows")" -ge 8 ] || fail "only $(wc -l <"$work/rows") targets"
exits "operands are refused" 2 "$smelt" targets x86_64-linux
finish
