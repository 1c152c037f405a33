#!/bin/sh
# bench_test.sh SMELT DECODER PAIR PYTHON: smelt bench of a decoder and of an encoder-decoder.
. "${0%/*}/check.sh"
smelt=$1 decoder=$2 pair=$3 python=$4
need "$decoder"
need "$pair"

exits "a decoder" 0 "$smelt" bench "$decoder" --repeats 2 --threads 1 --html "$work/page.html"
same "nothing on standard error in a pipe" "" "$(cat "$work/stderr")"
says "what it is" "decoder, .* code on 1 thread$" "$work/stdout"
says "prompts" "^  prompt of 128 +[0-9.]+ tokens/s +[0-9.]+ +[0-9.]+ %" "$work/stdout"
says "generation" "^  generate at 16 +[0-9.]+ tokens/s +[0-9.]+ +[0-9.]+ %" "$work/stdout"
says "the start" "^  exec to first +[0-9.]+ ms$" "$work/stdout"
says "the page draws steps" "<rect .*<title>linear [0-9]+ x" "$work/page.html"
exits "an encoder-decoder, as JSON" 0 "$smelt" bench "$pair" --repeats 2 --threads 1 --json
cp "$work/stdout" "$work/figures.json"
exits "the JSON has figures" 0 "$python" -c '
import json, sys
bench = json.load(open(sys.argv[1]))
assert [f["name"] for f in bench["figures"]] == ["generate at 16", "encode 16"], bench["figures"]
for figure in bench["figures"]:
    assert len(figure["samples_ns"]) == 2 and min(figure["samples_ns"]) > 0 and figure["least_ns"] > 0
assert bench["resident_bytes"] > 0 and bench["exec_to_first_ns"] > 0 and bench["program_bytes"] > 0' "$work/figures.json"

exits "no program of smelt's" 1 "$smelt" bench /bin/ls
says "no program of smelt's is said" "no program that smelt compiled" "$work/stderr"
exits "the compiler is no program" 1 "$smelt" bench "$smelt"
exits "no such file" 1 "$smelt" bench "$work/nothing"
exits "too many samples" 2 "$smelt" bench "$decoder" --repeats 101
exits "a page that cannot be written" 1 "$smelt" bench "$decoder" --repeats 1 --html "$work/no/page.html"
exits "--bench: an unknown command" 2 sh -c 'echo frobnicate | "$1" --bench' - "$decoder"
exits "--bench: too long a text" 1 sh -c 'echo "prompt 100000 0" | "$1" --bench' - "$decoder"
finish
