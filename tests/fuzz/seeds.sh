#!/bin/sh
# seeds.sh SEED FRAMES SOURCE FOLDER: FOLDER/models and FOLDER/graphs, seeds from the backend suite and the graphs of tests/;
# FOLDER/constraints from tests/constrain, FOLDER/images from tests/vision,
# FOLDER/sounds from tests/speech, FOLDER/frames from frames.c.
# SEED is the program of seed.c, FRAMES that of frames.c, SOURCE the root of the source tree.
set -eu
seed=$1 frames=$2 source=$3 folder=$4
found=$("$source/tests/suite/data.sh" "$source" "$folder/suite") || exit
rm -rf "$folder/models" "$folder/graphs" "$folder/constraints" "$folder/images" "$folder/sounds" "$folder/frames"
mkdir -p "$folder/models" "$folder/graphs" "$folder/constraints" "$folder/images" "$folder/sounds" "$folder/frames"
for set in node simple light pytorch-converted pytorch-operator; do
  [ ! -d "${found#* }/$set" ] || "$seed" "${found#* }/$set" "$folder/models" "$folder/graphs"
done

# A file of tests/ with several graphs gives one seed each.
find "$source/tests/passes" "$source/tests/graphs" -name '*.graph' | while read -r path; do
  name=$(echo "${path#"$source/tests/"}" | tr / _)
  awk -v to="$folder/graphs/${name%.graph}" '/^graph /{ n++ } n { print > (to "_" n ".graph") }' "$path"
done
/usr/bin/python3 -B "$source/tests/constrain/seeds.py" "$folder/constraints"
/usr/bin/python3 -B "$source/tests/vision/seeds.py" "$folder/images"
/usr/bin/python3 -B "$source/tests/speech/wav_seeds.py" "$folder/sounds"
"$frames" "$folder/frames"
echo "$(ls "$folder/images" | wc -l) images, $(ls "$folder/models" | wc -l) models, $(ls "$folder/graphs" | wc -l) graphs, $(ls "$folder/constraints" | wc -l) constraints,\
 $(ls "$folder/sounds" | wc -l) sounds, $(ls "$folder/frames" | wc -l) zstd frames in $folder"
