#!/bin/sh
# data.sh SOURCE FOLDER: where the ONNX backend suite is: "shared PATH" or "debian PATH".
#
# It comes from SOURCE/../shared, unpacked into FOLDER once, or from Debian's libonnx-testdata. Exits 77 without either.
set -eu
archive=$1/../shared/data/onnx-backend-tests.tar.gz
folder=$2
debian=/usr/share/libonnx-testdata/data

if [ -e "$archive" ]; then
  if [ ! -d "$folder" ]; then
    new=$folder.$$
    mkdir -p "$new"
    tar xzf "$archive" -C "$new"
    mv "$new" "$folder"
  fi
  echo "shared $folder/onnx/backend/test/data"
elif [ -d "$debian" ]; then
  echo "debian $debian"
else
  echo "skipped: neither $archive nor Debian's libonnx-testdata is here" >&2
  exit 77
fi
