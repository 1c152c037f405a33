#!/bin/sh
# windows_forms_test.sh SMELT VERSE STORY VERSE_MODEL STORY_MODEL CLANG SYSROOT: libraries, DLLs and objects for x86_64-windows link
# into C programs, two models in one, with and without --prefix; under wine, where it is installed, each writes what this machine's
# VERSE and STORY write. CLANG and SYSROOT (mingw-w64's) make the C programs; smelt needs neither.
. "${0%/*}/check.sh"
smelt=$1 verse=$2 story=$3 verse_model=$4 story_model=$5 clang=$6 sysroot=$7 here=${0%/*}
include=$here/../../include/smelt source=$here/two_models.c
need "$verse"
need "$story"
expected="verse: $("$verse" -p "In the beginning" -n 24 --temp 0 </dev/null)
story: $("$story" -p "Once upon a time" -n 24 --temp 0 </dev/null)
verse: $("$verse" -p "In the beginning" -n 24 --temp 0 </dev/null)"
mkdir "$work/lib" "$work/dll" "$work/obj" "$work/prefixed" "$work/msvc"
emit() { # emit FORM FILE MODEL [OPTION...]
  form=$1 file=$2 from=$3
  shift 3
  exits "--emit $form $file $*" 0 "$smelt" build "$from" --target x86_64-windows --emit "$form" "$@" -o "$work/$file"
}
least="--cpu x86-64-v2" # but of the object: several in one
# shellcheck disable=SC2086 # words
emit lib lib/libverse.a "$verse_model" --name verse --package $least
emit lib lib/libstory.a "$story_model" --name story $least
emit shared dll/verse.dll "$verse_model" --name verse --package $least
emit shared dll/story.dll "$story_model" --name story $least
emit obj obj/verse.o "$verse_model" --name verse
cp "$work/lib/story.h" "$work/obj"
emit lib prefixed/libverse.a "$verse_model" --prefix verse $least
emit shared prefixed/story.dll "$story_model" --prefix story $least

exits "a DLL where its library of imports goes" 2 "$smelt" build "$verse_model" --target x86_64-windows --emit shared -o "$work/verse.lib"

# ---- what they are ----
exits "obj: is read" 0 llvm-readobj-22 --file-headers --symbols "$work/obj/verse.o"
says "obj: one object" "Format: COFF-x86-64" "$work/stdout"
same "obj: asks for nothing but the runtime and what compilers ask for" "" \
  "$(llvm-nm-22 --undefined-only "$work/obj/verse.o" | sed 's/ *U //' | grep -v -E '^(rt_call_kernels|mem(cpy|set|move)|___chkstk_ms)$' | xargs)"
exits "dll: is read" 0 llvm-readobj-22 --coff-exports --coff-imports "$work/dll/verse.dll"
same "dll: gives out what model.h declares" "$({
  sed -n 's/^[a-z].*[ *]\(smelt_[a-z_]*\)(.*/\1/p' "$include/model.h" | grep -v -E '_callback$|^smelt_(give_memory|memory_bytes)$'
  echo smelt_model_verse
} | sort | xargs)" "$(awk '/^Export/ { on = 1 } /^Import/ { on = 0 } on && /Name: / { print $2 }' "$work/stdout" | xargs)"
same "dll: needs what every Windows has" "KERNEL32.dll msvcrt.dll api-ms-win-core-synch-l1-2-0.dll" \
  "$(awk '/^Import/ { on = 1 } /^Export/ { on = 0 } on && /^  Name: / { print $2 }' "$work/stdout" | xargs)"
exits "prefixed dll: is read" 0 llvm-readobj-22 --coff-exports "$work/prefixed/story.dll"
same "prefixed dll: nothing without it" "" "$(sed -n 's/^  Name: //p' "$work/stdout" | grep -v -E '^story_[a-z_]+$' | xargs)"
same "prefixed lib: nor here" "" "$(llvm-nm-22 --extern-only --defined-only "$work/prefixed/libverse.a" 2>/dev/null |
  sed -n 's/^[0-9a-f]* [A-TV-Z] //p' | grep -v -E '^([.]refptr[.])?(verse_|[.]weak[.]|___chkstk_ms$)' | xargs)"
same "pkg-config: lib" "\${pcfiledir}/libverse.a -lsynchronization" "$(sed -n 's/^Libs: //p' "$work/lib/verse.pc")"
same "pkg-config: dll" "\${pcfiledir}/verse.lib -lsynchronization" "$(sed -n 's/^Libs: //p' "$work/dll/verse.pc")"
says "CMake: the library of imports" "IMPORTED_IMPLIB .*/verse[.]lib$" "$work/dll/verse-config.cmake"

mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.20)
project(found LANGUAGES NONE)
find_package(verse CONFIG REQUIRED)
foreach(property IN ITEMS IMPORTED_LOCATION IMPORTED_IMPLIB INTERFACE_LINK_LIBRARIES)
  get_target_property(value verse::verse ${property})
  message(STATUS "${property} ${value}")
endforeach()
find_package(smelt REQUIRED)
smelt_add_model(own ${MODEL} SHARED OPTIONS --target x86_64-windows --cpu x86-64-v2)
CMAKE
exits "find_package, for Windows" 0 cmake -S "$work/project" -B "$work/project/build" -DCMAKE_SYSTEM_NAME=Windows \
  -DMODEL="$verse_model" -DCMAKE_PREFIX_PATH="$work/dll;${smelt%/bin/smelt}" -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=NEVER
same "it is told of the DLL, its imports and what is beside" "verse.dll verse.lib synchronization" \
  "$(sed -n 's/^-- \(IMPORTED_[A-Z]*\|INTERFACE_LINK_LIBRARIES\) \(.*\/\)\{0,1\}//p' "$work/stdout" | xargs)"
exits "smelt_add_model makes a DLL" 0 cmake --build "$work/project/build" --target own_model
for file in own.dll own.lib own.h; do [ -s "$work/project/build/own/$file" ] || fail "smelt_add_model: no $file"; done

# ---- in C programs ----
mingw() { # as mingw's own driver, from its headers and libraries
  "$clang" --target=x86_64-w64-windows-gnu -nostdlibinc -isystem "$sysroot/share/mingw-w64/include" -Wall -Wextra -Wpedantic \
    -Wconversion -Werror "$@"
}
libraries="-L$sysroot/x86_64-w64-mingw32/lib -lmingw32 -lmingwex -lmsvcrt -lkernel32 -lsynchronization -ladvapi32"
# GNU's linker reads all of it too.
gnu=$(command -v x86_64-w64-mingw32-ld) || echo "left out: no x86_64-w64-mingw32-ld"
# program WHAT HEADERS LIBRARY...: $work/dll/WHAT.exe, and WHAT_gnu.exe where GNU's linker is installed
program() {
  what=$1 headers=$2
  shift 2
  # shellcheck disable=SC2086 # words
  exits "$what: is compiled" 0 mingw -std=c99 ${flags-} -I "$work/$headers" -c "$source" -o "$work/$what.o"
  set -- -m i386pep "$sysroot/x86_64-w64-mingw32/lib/crt2.o" "$work/$what.o" "$@" --start-group $libraries --end-group
  exits "$what: is linked" 0 ld.lld-22 "$@" -o "$work/dll/$what.exe"
  [ -z "$gnu" ] || exits "$what: is linked by GNU's" 0 "$gnu" "$@" -o "$work/dll/${what}_gnu.exe"
}
exits "the header is C++" 0 mingw -x c++ -std=c++17 -nostdinc++ -I "$work/dll" -fsyntax-only "$source"
exits "what libgcc has" 0 mingw -c "$here/../../runtime/host/windows/stack.c" -o "$work/stack.o"
program static lib "$work/lib/libverse.a" "$work/lib/libstory.a"
program object obj "$work/obj/verse.o" "$work/lib/libstory.a"
program dlls dll "$work/dll/verse.lib" "$work/dll/story.lib" "$work/stack.o"
program direct dll "$work/dll/verse.dll" "$work/dll/story.dll" "$work/stack.o"
source=$here/load_library.c
program loads dll "$work/stack.o"
source=$here/two_models.c flags=-DPREFIXED
program prefixed prefixed "$work/prefixed/libverse.a" "$work/prefixed/story.lib"
exits "what Microsoft's linker reads" 0 lld-link-22 -dll -noentry -machine:x64 -include:smelt_open -include:__imp_smelt_model_verse \
  "$work/dll/verse.lib" "-out:$work/msvc/user.dll"

wine=$(command -v wine64 || command -v /usr/lib/wine/wine64) || { echo "left out: no wine64 to run it"; finish; }
export WINEPREFIX="$work/wine" WINEDEBUG=-all
for what in static object dlls direct; do
  for program in "$work/dll/$what"*.exe; do
    same "$(basename "$program"): each writes its own text" "$expected" "$("$wine" "$program" 2>"$work/stderr" | tr -d '\r')"
  done
done
same "LoadLibrary: the model is opened" "0 open" "$("$wine" "$work/dll/loads.exe" verse.dll 2>"$work/stderr" | tr -d '\r')"
mv "$work/prefixed/story.dll" "$work/dll/story.dll" # by which the program knows it
same "prefixed: each writes its own text" "$expected" "$("$wine" "$work/dll/prefixed.exe" 2>"$work/stderr" | tr -d '\r')"
finish
