#!/bin/sh
# graph_test.sh SMELT: a graph that writes no text: .npy files in, .npy files out.
. "${0%/*}/check.sh"
smelt=$1
/usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null || skip "python3-onnx is not installed"
/usr/bin/python3 "${0%/*}/graph_model.py" "$work" || exit 1
cd "$work" || exit 1
exits "build" 0 "$smelt" build graph.onnx -o graph --max-tokens 16

exits "--describe" 0 ./graph --describe
same "--describe" "run
  input  x f32[rows, 5]
  output z f32[rows, 3]
  output sums f32[rows]" "$(cat stdout)"

# close_to WANTED FOUND: two .npy files agree in shape and to 1e-5
close_to() {
  exits "$2 is $1" 0 /usr/bin/python3 -c '
import sys, numpy
wanted, found = map(numpy.load, sys.argv[1:])
is_same_kind = wanted.shape == found.shape and wanted.dtype == found.dtype
sys.exit(0 if is_same_kind and abs(wanted - found).max() <= 1e-5 else 1)' "$1" "$2"
}
exits "run" 0 ./graph --input x=x.npy --output z=out_z.npy --output sums=out_sums.npy
close_to z.npy out_z.npy
close_to sums.npy out_sums.npy
exits "--entry" 0 ./graph --entry run --input x=x.npy --output z=again.npy --threads 1
exits "threads do not matter" 0 cmp out_z.npy again.npy

exits "an input is missing" 1 ./graph --output z=no.npy
says "an input is missing: which" "x" stderr
says "an input is missing: how it is given" "--input NAME=FILE" stderr
exits "an unknown input" 1 ./graph --input y=x.npy
exits "a file that is not .npy" 1 ./graph --input x=graph.onnx
exits "a missing file" 1 ./graph --input x=missing.npy
exits "an unknown output" 2 ./graph --input x=x.npy --output y=y.npy
/usr/bin/python3 -c '
import numpy
numpy.save("wide.npy", numpy.zeros((4, 6), "f4"))
numpy.save("f64.npy", numpy.zeros((4, 5)))
numpy.save("long.npy", numpy.zeros((17, 5), "f4"))
numpy.save("ids.npy", numpy.zeros((4, 5), "i8"))
numpy.save("flat.npy", numpy.zeros(5, "f4"))
numpy.save("deep.npy", numpy.zeros((1, 4, 5), "f4"))
numpy.save("complex.npy", numpy.zeros((4, 5), "c8"))
numpy.save("objects.npy", numpy.array([{}], dtype=object))'
while IFS=: read -r wrong why; do
  exits "an input that does not fit ($wrong)" 1 ./graph --input x=$wrong.npy
  same "an input that does not fit ($wrong): one line" 1 "$(wc -l <stderr)"
  says "an input that does not fit ($wrong): why" "$why" stderr
  exits "the same by its file alone ($wrong)" 1 ./graph $wrong.npy -o no.npz
  [ ! -e no.npz ] || fail "an input that does not fit ($wrong) leaves a file"
done <<'END'
wide:'x'.*5.*6
f64:'x': expected dtype f32, found f64
ids:'x': expected dtype f32, found i64
flat:'x': expected 2 axes, found 1
deep:'x': expected 2 axes, found 3
long:16
complex:dtype is none that models use
objects:dtype is none that models use
END
exits "a file that names no input" 0 ./graph x.npy -o out.npz
exits "archives" 0 /usr/bin/python3 -c '
import subprocess, numpy
run = lambda *a: subprocess.run(["./graph", *a], capture_output=True, text=True, errors="replace")
wanted = {"z": numpy.load("out_z.npy"), "sums": numpy.load("out_sums.npy")}
def check(path):
    with numpy.load(path) as found: # which checks the sums of bytes too
        assert sorted(found) == sorted(wanted)
        assert all(numpy.array_equal(found[name], wanted[name]) for name in wanted)
check("out.npz")
numpy.savez("in.npz", x=numpy.load("x.npy"))
assert run("in.npz", "-o", "again.npz").returncode == 0
check("again.npz")
assert open("out.npz", "rb").read() == open("again.npz", "rb").read()
import zipfile, zlib
for level in (0, 1, 6, 9): # stored blocks, and codes of all kinds
    with zipfile.ZipFile("small.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive: archive.write("x.npy")
    assert run("small.npz", "-o", "again.npz").returncode == 0, level
    check("again.npz")
numpy.savez_compressed("small.npz", x=numpy.load("x.npy"))
assert run("small.npz", "-o", "again.npz").returncode == 0
check("again.npz")
small = bytearray(open("small.npz", "rb").read())
for at in range(len(small)): # each byte changed: read as it was, or refused in a line
    open("cut.npz", "wb").write(small[:at] + bytes([small[at] ^ 1 << at % 8]) + small[at + 1:])
    result = run("cut.npz", "-o", "again.npz")
    assert result.returncode in (0, 1) and result.stderr.count("\n") == result.returncode, (at, result)
    if not result.returncode: check("again.npz")
numpy.savez("other.npz", y=numpy.load("x.npy"))
assert run("other.npz").returncode == 1
whole = bytearray(open("in.npz", "rb").read())
for cut in range(0, len(whole), 7):
    open("cut.npz", "wb").write(whole[:cut])
    result = run("cut.npz")
    assert result.returncode == 1 and result.stderr.count("\n") == 1, (cut, result)
for at in range(len(whole) - 120, len(whole)):
    open("cut.npz", "wb").write(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1:])
    assert run("cut.npz").returncode in (0, 1), at
assert "several outputs" in run("x.npy", "-o", "out.npy").stderr
assert "no .npz file" in run("x.npz").stderr or "cannot be opened" in run("x.npz").stderr
'
finish
