#!/bin/sh
# commands_test.sh SMELT FOLDER: forms of a transcript, files that are no sound, and options that do not suit.
. "${0%/*}/../program/check.sh"
smelt=$1 folder=$2 source=${0%/*}
[ -d "$folder" ] || skip "$folder was not made"
"$smelt" build "$folder" --cpu native -o "$work/hear" || fail "it is not built"
/usr/bin/python3 -B "$source/wav_seeds.py" "$work/seeds"
cd "$work" || exit 1
cp seeds/1_16_1_whole.wav a.wav
cp seeds/turned_whole.wav b.wav
printf 'RIFF' >short.wav

exits "a file" 0 ./hear a.wav
cp stdout a.txt
exits "the same by its command" 0 ./hear transcribe a.wav
same "by its command" "$(od -c a.txt)" "$(od -c stdout)"
./hear <a.wav >stdout
same "from standard input" "$(od -c a.txt)" "$(od -c stdout)"
cat a.wav | ./hear - >stdout
same "from a pipe" "$(od -c a.txt)" "$(od -c stdout)"
./hear seeds/unpadded_whole.wav >stdout
same "behind a chunk of odd size without padding" "$(od -c a.txt)" "$(od -c stdout)"
exits "features, and what suits sound only" 2 ./hear --features a.npy --timestamps
exits "features that are none" 1 ./hear --features a.wav

exits "files that are no sound among others" 1 ./hear a.wav short.wav none.wav b.wav --json
same "a line for each" 4 "$(wc -l <stdout)"
says "too short" "short.wav: byte 0: is too short for a WAV file .found 4." stderr
says "absent" "none.wav: cannot be read: No such file" stderr
/usr/bin/python3 - <<'CHECK' || fail "the lines are no JSON"
import json
lines = [json.loads(line) for line in open("stdout", encoding="utf-8", errors="replace")]
assert [line["file"] for line in lines] == ["a.wav", "short.wav", "none.wav", "b.wav"]
assert ["error" in line for line in lines] == [False, True, True, False]
assert lines[0]["segments"] and lines[0]["seconds"] == 0.05
CHECK
exits "text of several" 1 ./hear a.wav short.wav --ids
same "an empty line for what was not heard" 2 "$(wc -l <stdout)"

exits "lines with times" 0 ./hear a.wav --timestamps
says "a span" '^\[00:0[0-9][.][0-9]{3} --> 00:0[0-9][.][0-9]{3}\] ' stdout
exits "srt" 0 ./hear a.wav --srt
same "srt counts from" 1 "$(head -n 1 stdout)"
says "srt's span" '^00:00:0[0-9],[0-9]{3} --> 00:00:0[0-9],[0-9]{3}$' stdout
exits "vtt" 0 ./hear a.wav --vtt
same "vtt begins with" WEBVTT "$(head -n 1 stdout)"
# The model writes any characters, & among them; its pieces as JSON are what subtitles are made of.
exits "pieces" 0 ./hear b.wav --json --timestamps
cp stdout pieces.json
./hear b.wav --vtt >b.vtt
./hear b.wav --srt >b.srt
/usr/bin/python3 - <<'CHECK' || fail "subtitles are not what their formats need"
import html, json, re
pieces = [p["text"].replace("\n", " ").replace("\r", " ") for p in json.load(open("pieces.json", encoding="utf-8", errors="replace"))["segments"]]
assert any("&" in text for text in pieces)
read = lambda path: [cue.split("\n")[-1] for cue in open(path, encoding="utf-8", errors="replace", newline="\n").read().strip("\n").split("\n\n")]
assert read("b.srt") == [re.sub("-+->", "->", text) for text in pieces if text], (read("b.srt"), pieces)
assert read("b.vtt")[1:] == [html.escape(text, quote=False) for text in pieces if text]
CHECK

exits "two forms" 2 ./hear a.wav --srt --json
exits "subtitles of two" 2 ./hear a.wav b.wav --vtt
exits "another language" 2 ./hear a.wav --language xx
says "those there are" "one of en de fr el, found 'xx'" stderr
exits "a language as a token" 0 ./hear a.wav --language '<|fr|>'
exits "another task" 2 ./hear a.wav --task sing
exits "what suits writing only" 2 ./hear a.wav --grammar a.gbnf
exits "an option that there is not" 2 ./hear a.wav --louder
exits "a file for arrays" 2 ./hear a.wav --output-file a.npz
says "how arrays are written" "this program writes arrays with --output NAME=FILE" stderr
exits "an output without an input" 1 ./hear --output logits=a.npy
exits "a folder" 1 ./hear .
./hear --help >help
says "--help has the languages" "--language CODE" help
says "--help has an example" "hear transcribe speech.wav" help

for seed in seeds/*; do
  ./hear "$seed" -n 2 >stdout 2>stderr </dev/null
  code=$?
  [ $code -le 1 ] || fail "$seed" "exit $code"
  [ $code -eq 0 ] || [ "$(wc -l <stderr)" -eq 1 ] || fail "$seed" "expected one line" "$(head -n 3 stderr)"
done

# Bad files beside the model: a warning, and a program that takes features.
cp -r "$folder" model
warns() { # WHAT EXPRESSION KEY VALUE
  sed "s/\"$3\": [^,]*/\"$3\": $4/" "$folder/preprocessor_config.json" >model/preprocessor_config.json
  "$smelt" build model --cpu native -o other >stdout 2>stderr || fail "$1 is no warning" "$(cat stderr)"
  says "$1" "warning: .*preprocessor_config.json: .*$2" stderr
}
warns "features that the encoder does not read" '"feature_size".*expected 80' feature_size 128
warns "a hop of nothing" '"hop_length" is out of range' hop_length 0
warns "a wrong type" '"n_fft".*expected an integer' n_fft '"400"'
exits "the program takes features" 2 ./other a.wav
finish
