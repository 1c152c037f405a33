#!/bin/sh
# bench_test.sh BUILD: the bench of the smallest row runs to its end, and the three engines agree there. Figures are not
# looked at. Skips where npm, its packages or PyTorch are absent.
set -eu
build=$1 setup=$(dirname "$0")/../../setup
[ "$(uname -m)" = x86_64 ] || { echo "SKIP: llama.cpp's package is for x86-64"; exit 77; }
"$setup/npm" "$build/npm" onnxruntime-node
"$setup/npm" "$build/npm" @node-llama-cpp/linux-x64
exec /usr/bin/python3 -B "$(dirname "$0")/bench.py" --build "$build" --out "$build/bench/test" --rows stories260k --quick \
  --brief --repeats 1 --threads 1
