#!/bin/sh
# reproducible_test.sh SMELT MODEL: the same model and options give the same bytes, whatever the folder, the time, the number
# of threads, the user's settings and the processor.
. "${0%/*}/check.sh"
smelt=$1 model=$2
here="$work/here" there="$work/another place"
mkdir -p "$here" "$there/deeper" "$there/tmp"
cp -r "$model" "$here/names"
for file in $(cd "$model" && ls | sort -r); do # another order in the folder
  mkdir -p "$there/deeper/names"
  cp "$model/$file" "$there/deeper/names/"
  touch -d '2001-02-03 04:05' "$there/deeper/names/$file"
done

# elsewhere COMMAND...: on one processor, in the other folder, in another time zone, as a user of other habits.
elsewhere() {
  (
    cd "$there/deeper" && umask 077 &&
      env -i PATH="$PATH" ${SMELT_LIB:+SMELT_LIB="$SMELT_LIB"} HOME=/nowhere TZ=Asia/Tokyo LANG=de_DE.UTF-8 LC_ALL=tr_TR.UTF-8 \
        TMPDIR="$there/tmp" USER=other SOURCE_DATE_EPOCH=12345 taskset -c 0 "$@"
  )
}

for target in x86_64-linux aarch64-linux; do
  for precision in f32 bf16 int8 int4; do
    name=$target.$precision
    (cd "$here" && "$smelt" build names --target $target --precision $precision -o "$name") || fail "$name here"
    elsewhere "$smelt" build ./names/ --precision=$precision --target=$target -o "../$name" || fail "$name there"
    cmp "$here/$name" "$there/$name" && echo "ok      $name: the same bytes" || fail "$name: other bytes"
  done
done
for form in obj lib shared; do
  (cd "$here" && "$smelt" build names --emit $form -o made.so) || fail "$form here"
  elsewhere "$smelt" build ./names --emit $form -o "$there/made.so" || fail "$form there"
  cmp "$here/made.so" "$there/made.so" && echo "ok      $form: the same bytes" || fail "$form: other bytes"
done

# Another processor, which LLVM and smelt itself find: without AVX.
if command -v qemu-x86_64-static >/dev/null && [ "$(uname -m)" = x86_64 ]; then
  elsewhere qemu-x86_64-static -cpu Nehalem "$smelt" build names --target x86_64-linux --precision int8 -o "../old" ||
    fail "on an old processor"
  cmp "$here/x86_64-linux.int8" "$there/old" && echo "ok      an old processor: the same bytes" ||
    fail "an old processor: other bytes"
fi
finish
