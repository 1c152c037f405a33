#!/bin/sh
# windows_test.sh SMELT PROGRAM MODEL READERS: programs and libraries for x86_64-windows are what they say and, under wine where it is
# installed (`make windows`), say what this machine's PROGRAM says.
. "${0%/*}/check.sh"
smelt=$1 program=$2 model=$3 readers=$4
need "$program"
exits "--emit exe" 0 "$smelt" build "$model" --target x86_64-windows -o "$work/program.exe"
exits "--emit lib" 0 "$smelt" build "$model" --target x86_64-windows --emit lib --name tested -o "$work/tested.a"
exits "exe: is read" 0 llvm-readobj-22 --file-headers --coff-imports --sections "$work/program.exe"
says "exe: for Windows" "Format: COFF-x86-64" "$work/stdout"
says "exe: a console program" "IMAGE_SUBSYSTEM_WINDOWS_CUI" "$work/stdout"
same "exe: needs what every Windows has" "ADVAPI32.dll KERNEL32.dll msvcrt.dll api-ms-win-core-synch-l1-2-0.dll" \
  "$(sed -n 's/^  Name: \(.*[.]dll\)$/\1/p' "$work/stdout" | xargs)"
exits "lib: is read" 0 llvm-nm-22 --print-armap "$work/tested.a"
says "lib: the index names the image" "^smelt_model_tested in " "$work/stdout"
says "lib: the index names the runtime" "^smelt_generate in " "$work/stdout"
for level in v2 v3 v4; do says "lib: code for $level" "^code-x86-64-$level" "$work/stdout"; done
need "$readers/states"
exits "a reader of batches" 0 "$smelt" build "$readers/states" --max-batch 4 --target x86_64-windows -o "$work/reader.exe"
exits "weights in a file" 0 "$smelt" build "$model" --cpu x86-64-v3 --target x86_64-windows --weights verse.weights -o "$work/beside.exe"
exits "compressed weights" 0 "$smelt" build "$model" --cpu x86-64-v3 --target x86_64-windows --compress -o "$work/packed.exe"

wine=$(command -v wine64 || command -v /usr/lib/wine/wine64) || { echo "left out: no wine64 to run it"; finish; }
export WINEPREFIX="$work/wine" WINEDEBUG=-all LC_ALL=C.UTF-8 # by which wine reads arguments
run() {
  "$wine" "$work/program.exe" "$@"
}
ids="1154 258 792"
for threads in 1 2; do
  same "ids with $threads threads" "$("$program" --prompt-ids "$ids" -n 48 --temp 0 --ids </dev/null)" \
    "$(run --prompt-ids "$ids" -n 48 --temp 0 --ids --threads $threads </dev/null)"
done
for level in x86-64-v2 x86-64-v3; do
  same "ids of $level" "$("$program" --prompt-ids "$ids" -n 48 --temp 0 --ids </dev/null)" \
    "$(SMELT_CPU=$level run --prompt-ids "$ids" -n 48 --temp 0 --ids </dev/null)"
done
for text in 'In the *' 'Käse 你好 🙂'; do
  same "an argument: $text" "$("$program" tokenize -p "$text" </dev/null)" "$(run tokenize -p "$text" </dev/null)"
done
printf 'first\nsecond \303\251\n' >"$work/ä.txt"
same "standard input" "$("$program" tokenize <"$work/ä.txt")" "$(run tokenize <"$work/ä.txt")"
same "logits" "0" "$(
  "$program" --prompt-ids "$ids" -n 8 --temp 0 --logits "$work/host" >/dev/null </dev/null
  run --prompt-ids "$ids" -n 8 --temp 0 --logits "Z:$work/wine.bin" >/dev/null </dev/null
  cmp -s "$work/host" "$work/wine.bin"
  echo $?
)"
"$smelt" build "$readers/states" --max-batch 4 --cpu native -q -o "$work/reader"
printf 'the fox\nthe quick brown dog jumps\n\na dog\nthe lazy fox sleeps\nAnna of Berlin\n' >"$work/lines"
same "lines in batches, of a file" "$("$work/reader" embed --lines "$work/lines" | cut -c1-5)" \
  "$("$wine" "$work/reader.exe" embed --lines "Z:$work/lines" | cut -c1-5)"
same "lines in batches, of a pipe" "$("$work/reader" embed --lines "$work/lines" | cut -c1-5)" \
  "$(cat "$work/lines" | "$wine" "$work/reader.exe" embed --lines - | cut -c1-5)"
text=$(run -p "In the beginning" -n 16 --temp 0 </dev/null)
# writes WHAT COMMAND...: the text of the program with its weights inside
writes() {
  what=$1
  shift
  same "$what" "$text" "$("$@" -p "In the beginning" -n 16 --temp 0 </dev/null 2>&1)"
}
writes "weights beside the program" env -C / "$wine" "$work/beside.exe"
mkdir "$work/ö" && mv "$work/verse.weights" "$work/ö/w"
"$wine" "$work/beside.exe" -p x >/dev/null 2>"$work/stderr" </dev/null
same "no file of weights" 1 $?
says "is told with its place" "/verse.weights: cannot be opened: No such file" "$work/stderr"
writes "weights elsewhere" "$wine" "$work/beside.exe" --check-weights --weights "Z:$work/ö/w"
for start in first second; do writes "compressed weights, $start start" "$wine" "$work/packed.exe"; done
kept=$(find "$WINEPREFIX" -path '*/AppData/Local/smelt/*')
exits "kept as a file of weights" 0 cmp "$kept" "$work/ö/w"
head -c 1000000 "$work/ö/w" >"$kept"
writes "a file that was cut short is made anew" "$wine" "$work/packed.exe"
exits "whole" 0 cmp "$kept" "$work/ö/w"
run --no-such-option >/dev/null 2>"$work/stderr" </dev/null
same "a usage error's code" 2 $?
finish
