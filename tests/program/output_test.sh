#!/bin/sh
# output_test.sh SMELT MODEL: where `smelt build` puts its result, and that nothing half-made or broken stays behind.
. "${0%/*}/check.sh"
smelt=$1 model=$2
[ -d "$model" ] || skip "$model is absent"
out=$work/out
mkdir "$out"

# left WHAT NAMES: what the output folder holds
left() {
  same "$1: what is left" "$2" "$(ls -A "$out" | xargs)"
}

exits "a program" 0 "$smelt" build "$model" --cpu native -o "$out/program"
left "a program" program
same "a quiet build" "" "$(cat "$work/stdout" "$work/stderr")"
same "it is executable" "-rwxr-xr-x" "$(umask 022 && stat -c %A "$out/program")"

echo "something older" >"$out/program"
chmod 600 "$out/program"
exits "onto an existing file" 0 "$smelt" build "$model" --cpu native -o "$out/program"
left "onto an existing file" program
exits "the program replaced it" 0 "$out/program" --version

"$out/program" -p a -n 0 --temp 0 --ignore-eos >/dev/null </dev/null &
exits "onto a program that runs" 0 "$smelt" build "$model" --cpu native -o "$out/program"
wait

# A full disk cuts short what the linker writes, and it does not say so.
printf '#!/bin/sh\nhead -c 4096 "%s"\n' "$(realpath "$out/program")" >"$work/short_linker"
chmod +x "$work/short_linker"
exits "a program cut short" 1 env SMELT_LD="$work/short_linker" "$smelt" build "$model" -o "$out/other"
says "a program cut short: the cause" "^error: .*other.*disk full" "$work/stderr"
left "a program cut short" program

# A linker that is told to write to standard output may take "-" for a file.
echo precious >"$out/-"
exits "beside a file called -" 0 env -C "$out" "$(realpath "$smelt")" build "$(realpath "$model")" -o program
same "a file called - stays" precious "$(cat "$out/-")"
rm "$out/-"

echo "something older" >"$out/program"
exits "a failed build" 1 "$smelt" build "$work/no-such-model" -o "$out/program"
same "a failed build leaves what was there" "something older" "$(cat "$out/program")"
rm "$out/program"
printf 'not ONNX at all' >"$work/broken.onnx"
exits "a broken model" 1 "$smelt" build "$work/broken.onnx" -o "$out/program"
left "a broken model" ""
exits "an unknown level" 2 "$smelt" build "$model" --cpu x86-64-v9 -o "$out/program"
left "an unknown level" ""

exits "into a missing folder" 1 "$smelt" build "$model" -o "$out/missing/program"
says "into a missing folder: the cause" "^error: .*missing" "$work/stderr"
left "into a missing folder" ""
mkdir "$out/folder"
exits "onto a folder" 1 "$smelt" build "$model" -o "$out/folder"
says "onto a folder: the cause" "^error: .*[Ff]older|^error: .*directory" "$work/stderr"
left "onto a folder" folder
same "onto a folder: nothing in it" "" "$(ls -A "$out/folder")"
rmdir "$out/folder"

# Root may write anywhere; a file system that is read-only stops it too.
for place in "$out/locked" /proc; do
  [ "$place" = /proc ] || { [ "$(id -u)" != 0 ] && mkdir -m 555 "$place"; } || continue
  exits "into a read-only folder" 1 "$smelt" build "$model" -o "$place/program"
  says "into a read-only folder: the cause" "^error: $place/program.*" "$work/stderr"
  [ "$place" = /proc ] || rmdir "$place"
done

# Without -o the result takes the model's name, which is its folder's where the file is called as everywhere. A folder
# of that name is in the way.
name=named
ln -s "$(cd "$model" && pwd)" "$work/$name"
for place in "$work/$name" "$work/$name/model.onnx" "$work/$name/"; do
  (cd "$out" && exits "without -o" 0 "$smelt" build "$place" --cpu native && finish) || failure_count=$((failure_count + 1))
  left "without -o, of ${place#"$work"/}" "$name"
  rm -f "${out:?}/$name"
done
mkdir "$out/$name"
(cd "$out" && exits "without -o, name taken" 2 "$smelt" build "$work/$name" && finish) ||
  failure_count=$((failure_count + 1))
says "without -o, name taken: what to do" "-o" "$work/stderr"
finish
