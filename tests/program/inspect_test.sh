#!/bin/sh
# inspect_test.sh SMELT EXAMPLES: what `smelt inspect` says of a decoder, an encoder-decoder and a graph.
. "${0%/*}/check.sh"
smelt=$1 examples=$2 here=${0%/*}

# documented KIND MODEL [OPTION...]: --json has its shape and its sums agree; the text is at most 100 columns wide.
documented() {
  kind=$1 model=$2
  shift 2
  exits "inspect --json $kind" 0 "$smelt" inspect "$model" --json "$@"
  same "$kind has the documented shape" "as documented" \
    "$(/usr/bin/python3 "$here/inspect_shape.py" "$kind" <"$work/stdout" 2>&1)"
  exits "inspect $kind" 0 "$smelt" inspect "$model" "$@"
  same "lines of $kind that are too wide" "" "$(awk 'length > 100' "$work/stdout")"
}

documented decoder "$examples/verse/model"
says "what the model is" "^  kind +decoder; opset 14" "$work/stdout"
says "how large it is" "^  parameters +1\.85 M, packed into 7\.42 MB in 64 constants$" "$work/stdout"
says "the tokenizer" "^  tokenizer +byte-level BPE, 1,536 tokens" "$work/stdout"
says "what was fused" "^  fused +5 attention, 11 layer_norm, 21 linear \(20 bias, 5 gelu_tanh, 10 residual\)$" "$work/stdout"
says "the share of the work" "^  linear +21 .*FLOP +[0-9.]+ % +[0-9.]+ MB +[0-9.]+ %$" "$work/stdout"
says "what limits decoding" "^  bound by +memory, .* weights\); 10 GB/s give [0-9,]+ tokens/s$" "$work/stdout"
exits "inspect --html" 0 "$smelt" inspect "$examples/verse/model" --html "$work/verse.html"
same "the page of verse" "drawn" "$(/usr/bin/python3 "$here/inspect_page.py" "$work/verse.html" prefill decode 2>&1)"
says "its layers are drawn once" "5 repeats of 7 steps each" "$work/verse.html"
exits "a page that cannot be written" 1 "$smelt" inspect "$examples/verse/model" --html "$work/no/verse.html"
says "where it cannot be written" "error: .*/no/verse.html: cannot be written: No such file" "$work/stderr"
documented encoder-decoder "$examples/dates/model"
says "the encoder's entry" "^encode: " "$work/stdout"

if /usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null; then
  /usr/bin/python3 "$here/graph_model.py" "$work" || exit 1
  documented graph "$work/graph.onnx" --max-tokens 16
  says "the sizes of a call" "^run: one call at rows = 16$" "$work/stdout"
fi
finish
