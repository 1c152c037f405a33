#!/bin/sh
# fetch_onnxruntime.sh FOLDER: puts ONNX Runtime's shared library below FOLDER with npm and prints its path.
# Exits 77 with a line "SKIP: ..." where npm or the network is absent.
set -eu
folder=${1:?usage: fetch_onnxruntime.sh FOLDER}

case $(uname -m) in
x86_64) cpu=x64 ;;
aarch64) cpu=arm64 ;;
*) echo "SKIP: onnxruntime-node has no build for $(uname -m)"; exit 77 ;;
esac
library=$folder/node_modules/onnxruntime-node/bin/napi-v6/linux/$cpu/libonnxruntime.so.1

"$(dirname "$0")/../../setup/npm" "$folder" onnxruntime-node
[ -f "$library" ] || { echo "onnxruntime-node has no $library" >&2; exit 1; }
echo "$library"
