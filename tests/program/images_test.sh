#!/bin/sh
# images_test.sh SMELT MODELS KIND: the program of a graph that reads images, against PyTorch (images_check.py).
. "${0%/*}/check.sh"
smelt=$1 models=$2 kind=$3
[ -d "$models/$kind" ] || skip "$models/$kind is absent"
exits "build" 0 "$smelt" build "$models/$kind" --cpu native -o "$work/program"
same "no warning" "" "$(cat "$work/stderr")"
/usr/bin/python3 "${0%/*}/images_check.py" "$models" "$kind" "$work/program" || fail "$kind"
if [ "$kind" = clip ]; then # as many texts as one may ask for, and more than a call has
  exits "a large batch" 0 "$smelt" build "$models/$kind" --cpu native --max-batch 70000 -o "$work/large"
  exits "its program opens" 0 "$work/large" --version
fi
[ "$kind" = fixed ] || finish

# Where the folder's files do not suit, the build says why, and the program takes arrays.
damage() { # damage WHAT JSON CAUSE
  rm -rf "$work/model" && cp -r "$models/$kind" "$work/model" && printf '%s' "$2" >"$work/model/preprocessor_config.json"
  exits "$1" 0 "$smelt" build "$work/model" --cpu native -o "$work/damaged"
  says "$1: a warning names file and cause" "warning: .*preprocessor_config.json.*$3.*\.npy" "$work/stderr"
  exits "$1: no images" 2 "$work/damaged" classify x.png
}
damage "another processor" '{"image_processor_type": "DonutImageProcessor"}' "DonutImageProcessor"
damage "another step" '{"image_processor_type": "ViTImageProcessor", "do_pad": true}' "do_pad"
damage "another size" '{"image_processor_type": "ViTImageProcessor", "size": 20}' "expected 3 x 24 x 24, found 3 x 20 x 20"
# A file that names no processor is read as config.json's kind of model has it.
fields='"do_resize": true, "do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": 24'
printf '{%s}' "$fields" >"$work/model/preprocessor_config.json"
printf '{"model_type": "vit"}' >"$work/model/config.json"
exits "a ViT that names none" 0 "$smelt" build "$work/model" --cpu native -o "$work/unnamed"
same "a ViT that names none: no warning" "" "$(cat "$work/stderr")"
printf '{"image_processor_type": "ViTImageProcessor", %s}' "$fields" >"$work/model/preprocessor_config.json"
exits "the same with its name" 0 "$smelt" build "$work/model" --cpu native -o "$work/named"
picture=${0%/*}/../../examples/shapes/pictures/star.png
exits "answers" 0 "$work/unnamed" classify --json "$picture"
same "answers alike" "$("$work/named" classify --json "$picture")" "$(cat "$work/stdout")"
finish
