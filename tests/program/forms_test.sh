#!/bin/sh
# forms_test.sh SMELT VERSE STORY VERSE_MODEL STORY_MODEL CLANG: the header beside a library, two models in one
# program as static libraries, shared ones and objects, with and without --prefix; pkg-config and CMake packages.
. "${0%/*}/check.sh"
smelt=$1 verse=$2 story=$3 verse_model=$4 story_model=$5 clang=$6 source=${0%/*}/two_models.c include=${0%/*}/../../include
need "$verse"
need "$story"
expected="verse: $("$verse" -p "In the beginning" -n 24 --temp 0 </dev/null)
story: $("$story" -p "Once upon a time" -n 24 --temp 0 </dev/null)
verse: $("$verse" -p "In the beginning" -n 24 --temp 0 </dev/null)"

# build FORM SUFFIX FOLDER [OPTION...]: both models, in a folder of their own
build() {
  form=$1 suffix=$2 folder=$work/$3
  shift 3
  mkdir -p "$folder"
  exits "verse as $form $*" 0 "$smelt" build "$verse_model" --emit "$form" --name verse "$@" -o "$folder/libverse.$suffix"
  exits "story as $form $*" 0 "$smelt" build "$story_model" --emit "$form" --name story "$@" -o "$folder/libstory.$suffix"
}
# writes WHAT PROGRAM: each model its own text
writes() {
  same "$1: each writes its own text" "$expected" "$("$2")"
}

# ---- the header, in C and C++ ----
build lib a static --package --cpu native
for compiler in gcc "$clang"; do
  for standard in c99 c11 c17 c++98 c++11 c++17; do
    case $standard in *++*) language=c++ ;; *) language=c ;; esac
    exits "$compiler -std=$standard takes the headers" 0 "$compiler" -x $language -std=$standard -Wall -Wextra -Wpedantic \
      -Wconversion -Wshadow -Werror -I "$work/static" -I "$include" -include smelt/media.h -fsyntax-only "$source"
  done
done
says "the header says shapes" "^ \*   input  input_ids  i64 \[1, sequence_length\]$" "$work/static/verse.h"
says "and limits" "^ \* sequence_length is at most 384$" "$work/static/verse.h"
sed 's/define SMELT_ABI_VERSION .*/define SMELT_ABI_VERSION 99/' "$work/static/verse.h" >"$work/static/other.h"
exits "a header of another version" 1 gcc -x c -fsyntax-only -include "$work/static/other.h" -I "$work/static" "$source"
says "is refused where it is compiled" "is for another version of smelt/model.h" "$work/stderr"

# ---- two models in one program ----
exits "two static libraries" 0 gcc -I "$work/static" "$source" "$work/static/libverse.a" "$work/static/libstory.a" \
  -lm -pthread -o "$work/two"
writes "static" "$work/two"
exits "in a C++ program" 0 g++ -x c++ -std=c++98 -I "$work/static" "$source" -x none "$work/static/libstory.a" \
  "$work/static/libverse.a" -lm -pthread -o "$work/two"
writes "C++" "$work/two"

build shared so shared --package --cpu native
exits "two shared libraries" 0 gcc -I "$work/shared" "$source" -L "$work/shared" -lverse -lstory \
  -Wl,-rpath,"$work/shared" -lm -pthread -o "$work/two"
writes "shared" "$work/two"

mkdir "$work/prefixed"
prefixed() {
  exits "$2 as $3 --prefix" 0 "$smelt" build "$1" --cpu native --emit "$3" --prefix "$2" -o "$work/prefixed/lib$2.$4"
}
prefixed "$verse_model" verse lib a
prefixed "$story_model" story lib a
prefixed "$verse_model" verse shared so
for suffix in a so; do
  exits "a prefix each" 0 gcc -DPREFIXED -Wall -Wextra -Werror -I "$work/prefixed" "$source" \
    "$work/prefixed/libverse.$suffix" "$work/prefixed/libstory.a" -Wl,-rpath,"$work/prefixed" -lm -pthread -o "$work/two"
  writes "libverse.$suffix --prefix" "$work/two"
done
same "--prefix: no symbol is without it" "" \
  "$(nm "$work/prefixed/libverse.a" 2>/dev/null | sed -n 's/^[0-9a-f]* [A-TV-Z] //p' | grep -v '^verse_' | xargs)"
same "shared: nor is one given out" "" \
  "$(nm -D --defined-only "$work/prefixed/libverse.so" | sed 's/.* //' | grep -v -e '^verse_[a-z_]*@@SMELT_1$' -e '^SMELT_1' | xargs)"

# ---- what bills of materials name ----
# linked FORM PARTS [OPTION...]
linked() {
  form=$1 parts=$2
  shift 2
  exits "a bill of $form $*" 0 "$smelt" build "$verse_model" --emit "$form" --sbom "$work/bill.json" "$@" -o "$work/billed"
  same "$form $*: what is in it" "$parts" "$(/usr/bin/python3 -c '
import json, sys
document = json.load(open(sys.argv[1]))
names = {p["SPDXID"]: p["name"] for p in document["packages"]}
print(", ".join(names[r["relatedSpdxElement"]] for r in document["relationships"]
      if r["relationshipType"] == "STATIC_LINK" and "Part" in r["relatedSpdxElement"]))' "$work/bill.json")"
}
linked shared "smelt's runtime, libgcc, Unicode data" --cpu native
linked lib "smelt's runtime, Unicode data" --cpu native
linked obj "Unicode data" --cpu native
linked shared "smelt's runtime, mingw-w64, Unicode data" --target x86_64-windows --cpu x86-64-v2

# ---- what pkg-config and CMake make of it ----
cat >"$work/one.c" <<'END'
#include <verse.h>
int main(void) {
  smelt_model *model;
  int failed = smelt_open(&smelt_model_verse, NULL, &model);
  smelt_close(model);
  return failed;
}
END
for folder in static shared; do
  export PKG_CONFIG_PATH="$work/$folder"
  # shellcheck disable=SC2046 # words
  exits "pkg-config, $folder" 0 gcc "$work/one.c" $(pkg-config --cflags --libs verse) -o "$work/one"
  exits "pkg-config, $folder: it runs" 0 "$work/one"
  mkdir "$work/$folder.cmake"
  cat >"$work/$folder.cmake/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(one C)
find_package(verse CONFIG REQUIRED)
add_executable(one ../one.c)
target_link_libraries(one PRIVATE verse::verse)
END
  exits "find_package, $folder" 0 cmake -S "$work/$folder.cmake" -B "$work/$folder.cmake/build" \
    -DCMAKE_PREFIX_PATH="$work/$folder"
  exits "find_package, $folder: it builds" 0 cmake --build "$work/$folder.cmake/build"
  exits "find_package, $folder: it runs" 0 "$work/$folder.cmake/build/one"
done

# ---- a project that compiles its model itself ----
mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(one C)
find_package(smelt REQUIRED)
smelt_add_model(verse ${MODEL} OPTIONS --precision int8 --cpu native)
add_executable(one ../one.c)
target_link_libraries(one PRIVATE verse)
END
exits "find_package(smelt)" 0 cmake -S "$work/project" -B "$work/project/build" -DMODEL="$verse_model" \
  -DCMAKE_PREFIX_PATH="${smelt%/bin/smelt}"
exits "smelt_add_model: it builds" 0 cmake --build "$work/project/build"
exits "smelt_add_model: it runs" 0 "$work/project/build/one"
export PKG_CONFIG_PATH="${smelt%/bin/smelt}/lib/pkgconfig"
exits "smelt.pc" 0 pkg-config --cflags smelt

# ---- what is refused ----
echo 'int mine;' >"$work/own.h"
exits "a header that is the user's own" 1 "$smelt" build "$verse_model" --emit lib -o "$work/libown.a"
says "stays" "own.h: would be replaced by the model's header" "$work/stderr"
same "as it was" "int mine;" "$(cat "$work/own.h")"
exits "--package of a program" 2 "$smelt" build "$verse_model" --package -o "$work/p"
exits "--prefix of an object" 2 "$smelt" build "$verse_model" --emit obj --prefix a -o "$work/p.o"
exits "--prefix that is no name" 2 "$smelt" build "$verse_model" --emit lib --prefix a-b -o "$work/p.a"
finish
