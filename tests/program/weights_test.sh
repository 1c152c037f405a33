#!/bin/sh
# weights_test.sh SMELT PROGRAM MODEL QEMU: weights in a file beside the program, found, checked, and refused.
. "${0%/*}/check.sh"
smelt=$1 program=$2 model=$3 qemu=$4
need "$program"
exits "--weights" 0 "$smelt" build "$model" --cpu native --weights verse.weights -o "$work/verse"
text=$("$program" -p "In the beginning" -n 24 --temp 0 </dev/null)
# writes WHAT COMMAND...: what the program with its weights inside writes
writes() {
  writes_what=$1
  shift
  same "$writes_what" "$text" "$("$@" -p "In the beginning" -n 24 --temp 0 </dev/null 2>&1)"
}

writes "beside it" "$work/verse"
writes "from another folder" env -C / "$work/verse"
ln -s "$work/verse" "$work/link"
writes "through a link" "$work/link"
[ "$(stat -c %s "$work/verse")" -lt 700000 ] || fail "the program holds code and tables only" "$(stat -c %s "$work/verse") bytes"
same "the header's hash is that of the bytes" "$(tail -c +65537 "$work/verse.weights" | sha256sum | cut -d' ' -f1)" \
  "$(od -An -v -tx1 -j16 -N32 "$work/verse.weights" | tr -d ' \n')"
says "--help says so" "^ *--weights FILE" - <<END
$("$work/verse" --help)
END

mkdir "$work/elsewhere"
mv "$work/verse.weights" "$work/elsewhere/w"
exits "no file" 1 "$work/verse" -p x
says "is told with its place" "/verse.weights: cannot be opened: No such file" "$work/stderr"
says "and a way out" "SMELT_WEIGHTS" "$work/stderr"
writes "SMELT_WEIGHTS" env SMELT_WEIGHTS="$work/elsewhere/w" "$work/verse"
writes "--weights" "$work/verse" --weights "$work/elsewhere/w" --check-weights
exits "other commands find it too" 0 "$work/verse" tokenize -p x --weights "$work/elsewhere/w"

# damaged OFFSET EXPRESSION WHAT [OPTION]: the file with a byte changed
damaged() {
  cp "$work/elsewhere/w" "$work/verse.weights"
  printf '\001' | dd of="$work/verse.weights" bs=1 seek="$1" conv=notrunc 2>/dev/null
  exits "$3" 1 "$work/verse" -p x ${4-}
  says "$3: is told" "verse.weights: $2" "$work/stderr"
}
damaged 0 "is no file of weights" "another kind of file"
damaged 8 "has the weights of another model" "other weights"
damaged 20 "has the weights of another model" "another hash"
damaged 1000003 "is damaged" "a changed weight" --check-weights
head -c 1000000 "$work/elsewhere/w" >"$work/verse.weights"
exits "a short file" 1 "$work/verse" -p x
says "a short file: is told" "is too short \(expected $(stat -c %s "$work/elsewhere/w") bytes, found 1000000\)" "$work/stderr"
: >"$work/verse.weights"
exits "an empty file" 1 "$work/verse" -p x
says "an empty file: is told" "verse.weights: is no file of weights" "$work/stderr"
exits "a folder" 1 "$work/verse" -p x --weights "$work"
says "a folder: is told" "$work: cannot be read: Is a directory" "$work/stderr"
exits "a pipe" 1 sh -c 'cat "$1" | "$2" -p x --weights /dev/stdin' - "$work/elsewhere/w" "$work/verse"
says "a pipe: is told" "/dev/stdin: cannot be read: (Illegal|Invalid) seek" "$work/stderr"
if [ "$(id -u)" != 0 ]; then
  chmod a-r "$work/verse.weights"
  exits "a file that may not be read" 1 "$work/verse" -p x
  says "is told" "verse.weights: cannot be opened: Permission denied" "$work/stderr"
  chmod u+r "$work/verse.weights"
fi
cp "$work/elsewhere/w" "$work/verse.weights"
head -c 100 /dev/zero >>"$work/verse.weights"
writes "bytes behind it are passed over" "$work/verse" --check-weights

exits "another model's program" 0 "$smelt" build "$model" --cpu native --precision bf16 --weights verse.weights -o "$work/other"
cp "$work/elsewhere/w" "$work/verse.weights"
exits "with this one's weights" 1 "$work/other" -p x
says "is told" "has the weights of another model, or of another build of it" "$work/stderr"

exits "a shared library" 0 "$smelt" build "$model" --cpu native --emit shared --weights verse.weights -o "$work/libverse.so"
cat >"$work/open.py" <<'END'
import ctypes, sys
library, model = ctypes.CDLL(sys.argv[1]), ctypes.c_void_p()
sys.exit(library.smelt_open(ctypes.byref(ctypes.c_char.in_dll(library, "smelt_model_main")), None, ctypes.byref(model)))
END
exits "finds them beside itself" 0 python3 "$work/open.py" "$work/libverse.so"
exits "for arm64" 0 "$smelt" build "$model" --target aarch64-linux --weights arm.weights -o "$work/arm"
if command -v "$qemu" >/dev/null; then writes "arm64" "$qemu" "$work/arm"; fi
exits "both programs read one file" 0 cmp "$work/arm.weights" "$work/elsewhere/w"

for name in a/b "" . ..; do exits "--weights '$name'" 2 "$smelt" build "$model" --weights "$name" -o "$work/p"; done
exits "of what has none" 2 "$smelt" build "$model" --weights w --emit asm -o "$work/p"
exits "with --compress" 2 "$smelt" build "$model" --weights w --compress -o "$work/p"
finish
