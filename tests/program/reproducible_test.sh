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

# All levels at once, by threads of LLVM's; one of each other precision.
for row in x86_64-linux.f32 x86_64-linux.bf16=x86-64-v3 x86_64-linux.int8 x86_64-linux.int4=x86-64-v3 aarch64-linux.int8; do
  name=${row%%=*} cpu=
  target=${name%.*} precision=${name#*.}
  [ "$name" = "$row" ] || cpu="--cpu ${row#*=}"
  # shellcheck disable=SC2086 # an option and its value
  (cd "$here" && "$smelt" build names --target "$target" --precision "$precision" $cpu -o "$name") || fail "$name here"
  elsewhere "$smelt" build ./names/ --precision="$precision" --target="$target" $cpu -o "../$name" || fail "$name there"
  cmp "$here/$name" "$there/$name" && echo "ok      $name: the same bytes" || fail "$name: other bytes"
done
for form in lib shared; do
  (cd "$here" && "$smelt" build names --cpu native --emit $form -o made.so) || fail "$form here"
  elsewhere "$smelt" build ./names --cpu native --emit $form -o "$there/made.so" || fail "$form there"
  cmp "$here/made.so" "$there/made.so" && echo "ok      $form: the same bytes" || fail "$form: other bytes"
done

# Another processor, which LLVM and smelt itself see: without AVX. One level, as emulation is slow.
if command -v qemu-x86_64-static >/dev/null && [ "$(uname -m)" = x86_64 ]; then
  (cd "$here" && "$smelt" build names --cpu x86-64-v2 --precision int8 -o new) || fail "on this processor"
  elsewhere qemu-x86_64-static -cpu Nehalem "$smelt" build names --cpu x86-64-v2 --precision int8 -o ../old ||
    fail "on an old processor"
  cmp "$here/new" "$there/old" && echo "ok      an old processor: the same bytes" ||
    fail "an old processor: other bytes"
fi
finish
