#!/bin/sh
# foreign_test.sh SMELT PROGRAMS EXAMPLES WHISPER NPM_FOLDER: shared libraries, loaded by Python and by Node with the scripts of
# examples/foreign, each under 30 lines, say what the models' programs say; they give out the names of smelt/model.h, those of
# smelt/media.h that the model can use, and no others. PROGRAMS has those of verse, names and shapes.
. "${0%/*}/check.sh"
smelt=$1 programs=$2 examples=$3 whisper=$4 npm=$5 foreign=$3/foreign include=${0%/*}/../../include/smelt
for name in verse names shapes; do need "$programs/$name"; done
shared() { exits "--emit shared of $1" 0 "$smelt" build "$2" --emit shared --cpu native -o "$work/lib$1.so"; }
for name in verse names shapes; do shared "$name" "$examples/$name/model"; done
for script in "$foreign"/*.py "$foreign"/*.mjs; do
  [ "$(wc -l <"$script")" -lt 30 ] || fail "$script has 30 lines or more"
done

# ---- what libraries give out ----
declared() { # all but types, and what programs without an operating system have
  sed -n 's/^[a-z].*[ *]\(smelt_[a-z_]*\)(.*/\1@@SMELT_1/p' "$include/$1" |
    grep -v -E '_callback@@|^smelt_(give_memory|memory_bytes)@@'
}
gives() { # LIBRARY NAME...: beside model.h's
  library=$1
  shift
  { declared model.h; echo smelt_model_main@@SMELT_1; for name; do echo "$name@@SMELT_1"; done; } | sort >"$work/wanted"
  nm -D --defined-only "$work/lib$library.so" | sed 's/.* //' | grep -v '^SMELT_1' | sort >"$work/found"
  same "$library gives out what it can use" "$(cat "$work/wanted")" "$(cat "$work/found")"
}
same "media.h declares" "smelt_pixels@@SMELT_1 smelt_transcribe@@SMELT_1" "$(declared media.h | sort | xargs)"
gives verse
gives names
gives shapes smelt_pixels
says "no library is needed by name" "^0$" - <<END
$(readelf -d "$work/libverse.so" | grep -c NEEDED)
END

# ---- Python ----
text="In the beginning"
expected=$("$programs/verse" -p "$text" -n 24 --seed 0 </dev/null)
exits "write.py" 0 python3 "$foreign/write.py" "$work/libverse.so" "$text" 24
same "write.py: what the program writes" "$expected" "$text$(cat "$work/stdout")"
exits "a prompt that is too long" 1 python3 "$foreign/write.py" "$work/libverse.so" "$(yes word | head -n 2000 | xargs)" 24
says "write.py: and why" "at most 384 tokens|384" "$work/stderr"

named="Eldon Linder was born in Upper Norford."
exits "tag.py" 0 python3 "$foreign/tag.py" "$work/libnames.so" "$named"
same "tag.py: the program's labels" "$("$programs/names" tag -p "$named" --aggregation none --all | cut -f 1)" \
  "$(sed '1d;$d' "$work/stdout" | cut -f 2)"

for picture in "$examples"/shapes/pictures/*; do
  name=$(basename "$picture")
  same "see.py: $name" "${name%.*}" "$(python3 "$foreign/see.py" "$work/libshapes.so" "$picture")"
done
exits "what is no image" 1 python3 "$foreign/see.py" "$work/libshapes.so" "$examples/names/texts"
says "see.py: and why" "this is no PNG, JPEG or BMP image" "$work/stderr"

if [ -d "$whisper" ]; then
  shared whisper "$whisper"
  gives whisper smelt_transcribe
  exits "whisper" 0 "$smelt" build "$whisper" --cpu native -o "$work/whisper"
  /usr/bin/python3 -B "${0%/*}/../speech/wav_seeds.py" "$work/sounds"
  sound=$work/sounds/1_16_1_whole.wav
  exits "hear.py" 0 python3 "$foreign/hear.py" "$work/libwhisper.so" "$sound"
  "$work/whisper" "$sound" | python3 -c 'print(open(0, "rb").read().decode(errors="replace"), end="")' >"$work/heard"
  same "hear.py: what the program hears" "$(cat "$work/heard")" "$(cut -f 3 "$work/stdout")"
  exits "what is no sound" 1 python3 "$foreign/hear.py" "$work/libwhisper.so" "$examples/names/texts"
  says "hear.py: and why" "byte [0-9]+: " "$work/stderr"
fi

# ---- Node ----
"${0%/*}/../../setup/npm" "$npm" koffi >"$work/npm" 2>&1 || { cat "$work/npm"; finish; }
cp "$foreign"/*.mjs "$npm"
exits "write.mjs" 0 node "$npm/write.mjs" "$work/libverse.so" "$text" 24
same "write.mjs: what the program writes" "$expected" "$text$(cat "$work/stdout")"
exits "see.mjs" 0 node "$npm/see.mjs" "$work/libshapes.so" "$examples/shapes/pictures/star.png"
same "see.mjs: what is in it" star "$(cat "$work/stdout")"
exits "see.mjs: what is no image" 1 node "$npm/see.mjs" "$work/libshapes.so" "$examples/names/texts"
says "see.mjs: and why" "this is no PNG, JPEG or BMP image" "$work/stderr"
finish
