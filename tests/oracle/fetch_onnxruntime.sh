#!/bin/sh
# fetch_onnxruntime.sh FOLDER: puts ONNX Runtime's shared library below FOLDER with npm and prints its path.
# Exits 77 with a line "SKIP: ..." where npm or the network is absent.
set -eu
folder=${1:?usage: fetch_onnxruntime.sh FOLDER}
version=1.30.0

case $(uname -m) in
x86_64) cpu=x64 ;;
aarch64) cpu=arm64 ;;
*) echo "SKIP: onnxruntime-node has no build for $(uname -m)"; exit 77 ;;
esac
library=$folder/node_modules/onnxruntime-node/bin/napi-v6/linux/$cpu/libonnxruntime.so.1

if [ ! -f "$library" ]; then
  command -v npm >/dev/null || { echo "SKIP: npm is not installed, so ONNX Runtime cannot be fetched"; exit 77; }
  mkdir -p "$folder"
  # The install script would download the CUDA build; the CPU library is in the package itself.
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent "onnxruntime-node@$version" >&2 ||
    { echo "SKIP: npm could not fetch onnxruntime-node@$version"; exit 77; }
fi
[ -f "$library" ] || { echo "onnxruntime-node@$version has no $library" >&2; exit 1; }
echo "$library"
