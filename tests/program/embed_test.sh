#!/bin/sh
# embed_test.sh SMELT PROGRAMS EXAMPLES WHISPER: C programs of this machine's own libc with models inside (examples/embed), each
# under 30 lines, say what the models' programs say. PROGRAMS has those of verse, names and shapes.
. "${0%/*}/check.sh"
smelt=$1 programs=$2 examples=$3 whisper=$4
for name in verse names shapes; do need "$programs/$name"; done
command -v make >/dev/null || skip "make is not installed"
command -v cc >/dev/null || skip "there is no cc"
one_level "$smelt" "$work/smelt"
make_embed() { make -C "$examples/embed" SMELT="$work/smelt" EXAMPLES="$examples" BUILD="$work/made" "$@"; }
exits "make" 0 make_embed
[ -x "$work/made/write" ] || { cat "$work/stderr"; finish; }
for source in "$examples"/embed/*.c; do
  [ "$(wc -l <"$source")" -lt 30 ] || fail "$source has 30 lines or more"
done

exits "write" 0 "$work/made/write" "In the beginning" 24
same "write: what the program writes" "$("$programs/verse" -p "In the beginning" -n 24 --temp 0 </dev/null)" \
  "In the beginning$(cat "$work/stdout")"
exits "write: a wrong command line" 2 "$work/made/write"
exits "write: a prompt that is too long" 1 "$work/made/write" "$(yes word | head -n 2000 | xargs)"
says "write: and why" "at most 384 tokens|384" "$work/stderr"

exits "describe" 0 "$work/made/describe"
says "describe: inputs" "^decode *input  *input_ids \[ 1 1 \]" "$work/stdout"
says "describe: outputs" "^decode *output  *logits \[ 1 1 [0-9]+ \]" "$work/stdout"

text="Eldon Linder was born in Upper Norford."
exits "tag" 0 "$work/made/tag" "$text"
same "tag: the program's labels" "$("$programs/names" tag -p "$text" --aggregation none --all | cut -f 1)" \
  "$(sed '1d;$d' "$work/stdout" | cut -f 2)"

for picture in "$examples"/shapes/pictures/*; do
  name=$(basename "$picture")
  same "see: $name" "${name%.*}" "$("$work/made/see" "$picture")"
done
exits "see: what is no image" 1 "$work/made/see" "$examples/names/texts"
says "see: and why" "^see: this is no PNG, JPEG or BMP image" "$work/stderr"

[ -d "$whisper" ] || skip "$whisper is absent"
exits "make hear" 0 make_embed WHISPER="$whisper" "$work/made/hear"
exits "whisper" 0 "$work/smelt" build "$whisper" -o "$work/whisper"
/usr/bin/python3 -B "${0%/*}/../speech/wav_seeds.py" "$work/sounds"
for sound in "$work"/sounds/1_16_1_whole.wav "$work"/sounds/turned_whole.wav; do
  exits "hear" 0 "$work/made/hear" "$sound"
  "$work/whisper" "$sound" --timestamps | sed -E 's/^\[00:0?([0-9.]*)0 --> 00:0?([0-9.]*)0\] /\1\t\2\t/' >"$work/heard"
  same "hear: what the program hears in $(basename "$sound")" "$(cat "$work/heard")" "$(cat "$work/stdout")"
done
exits "hear: what is no sound" 1 "$work/made/hear" "$examples/names/texts"
says "hear: and why" "^hear: byte [0-9]+: " "$work/stderr"
finish
