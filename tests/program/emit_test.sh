#!/bin/sh
# emit_test.sh SMELT MODEL CC GRAPH_TEXT: each form of --emit is what it says.
. "${0%/*}/check.sh"
smelt=$1 model=$2 cc=$3 graph_text=$4
[ -d "$model" ] || skip "$model is absent"
emit() { # emit FORM FILE [OPTION...]
  form=$1 file=$2
  shift 2
  exits "--emit $form $*" 0 "$smelt" build "$model" --emit "$form" -o "$work/$file" "$@"
}
header() {
  readelf -h "$work/$1" 2>/dev/null | sed -n "s/^ *$2: *//p"
}

emit exe program
says "exe: position independent" "^DYN" - <<END
$(header program Type)
END
exits "exe: runs" 0 "$work/program" --version

for target in x86_64-linux aarch64-linux; do
  emit obj $target.o --name tested --target $target
  says "obj: relocatable" "^REL" - <<END
$(header $target.o Type)
END
  says "obj: defines the image" " [DR] smelt_model_tested$" - <<END
$(nm "$work/$target.o")
END
done
says "obj: for the target" "AArch64" - <<END
$(header aarch64-linux.o Machine)
END

emit lib tested.a --name tested
says "lib: an archive of objects" "\.o$" - <<END
$(ar t "$work/tested.a")
END
nm "$work/tested.a" >"$work/symbols" 2>/dev/null
says "lib: defines the image" " [DR] smelt_model_tested$" "$work/symbols"
says "lib: holds the runtime" " T smelt_generate$" "$work/symbols"
# What another program could have too would clash with it. A model's own have its name.
same "lib: every symbol has a prefix of ours" "" \
  "$(sed -n 's/^[0-9a-f]* [A-TV-Z] //p' "$work/symbols" | grep -v -E '^(rt|con|smelt|tested)_' | xargs)"

emit llvm model.ll
says "llvm: IR" "^define " "$work/model.ll"
if command -v llvm-as-22 >/dev/null; then
  exits "llvm: is read again" 0 llvm-as-22 "$work/model.ll" -o "$work/model.bc"
else
  exits "llvm: is compiled" 0 "$cc" -Wno-override-module -c -x ir "$work/model.ll" -o "$work/model.o"
fi
emit llvm v3.ll --cpu x86-64-v3
says "llvm: the level asked for" "x86-64-v3" "$work/v3.ll"

# The best level's code; assemblers for Arm want to be told that they may know its instructions.
while read -r target machine; do
  emit asm $target.s --target $target
  says "asm: a function" "^[A-Za-z_.$][A-Za-z0-9_.$]*:" "$work/$target.s"
  exits "asm: is assembled for $target" 0 "$cc" --target=$target-gnu $machine -c "$work/$target.s" -o "$work/$target.assembled.o"
done <<END
x86_64-linux
aarch64-linux -march=armv8.6-a+sve
END

emit graph model.graph
same "graph: one per entry" "prefill decode" \
  "$(sed -n 's/^graph @\{0,1\}\([a-z]*\).*/\1/p' "$work/model.graph" | xargs)"
exits "graph: is read again" 0 "$graph_text" "$work/model.graph"
emit graph again.graph
exits "graph: the same again" 0 cmp "$work/model.graph" "$work/again.graph"
"$smelt" build "$model" --emit graph >"$work/printed" 2>/dev/null </dev/null
exits "graph: on standard output without -o" 0 cmp "$work/model.graph" "$work/printed"

# Builds do not depend on when and where they are made.
emit exe again
exits "exe: the same again" 0 cmp "$work/program" "$work/again"
finish
