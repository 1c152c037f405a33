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
/usr/bin/python3 - <<'END' || fail "arrays in other orders"
import io, struct, subprocess, zipfile, numpy
x, wanted = numpy.load("x.npy"), numpy.load("out_z.npy")
def made(array, version=None, change=lambda header: header):
    """The file of an array; `change` rewrites its header, which has room."""
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, version=version)
    data = out.getvalue()
    at = 10 if data[6] == 1 else 12
    end = data.index(b"\n") + 1
    return data[:at] + change(data[at:end]).ljust(end - at)[:end - at - 1] + b"\n" + data[end:]
def run(name, data):
    open(name, "wb").write(data)
    return subprocess.run(["./graph", name, "-o", "ordered.npz"], capture_output=True, text=True)
def right(what, name, data):
    result = run(name, data)
    assert result.returncode == 0, (what, result)
    assert abs(numpy.load("ordered.npz")["z"] - wanted).max() <= 1e-6, what
right("Fortran", "o.npy", made(numpy.asfortranarray(x)))
right("big-endian", "o.npy", made(x.astype(">f4")))
right("both", "o.npy", made(numpy.asfortranarray(x.astype(">f4"))))
right("2.0", "o.npy", made(x, (2, 0)))
right("3.0", "o.npy", made(x, (3, 0)))
right("Python 2's integers", "o.npy", made(x, None, lambda header: header.replace(b"(4, 5)", b"(4L, 5L)")))
assert "no .npy" in run("o.npy", b"").stderr
def long_archive(data, cut=None):
    """An archive whose numbers all have 64 bits, as zip64 writers make them where they do not know better."""
    ones, name = 0xFFFFFFFF, b"x.npy"
    crc = zipfile.zlib.crc32(data)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 0, 0, 33, crc, ones, ones, len(name), 20) + name + struct.pack("<HHQQ", 1, 16, len(data), len(data)) + data
    other = struct.pack("<HHI", 0x5455, 4, 7) # of another kind, first
    extra = (other + struct.pack("<HHQQQ", 1, 24, len(data), len(data), 0))[:cut]
    row = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 45, 45, 0, 0, 0, 33, crc, ones, ones, len(name), len(extra), 0, 0, 0, 0, ones) + name + extra
    end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(row), len(local))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(local) + len(row), 1)
    return local + row + end + locator + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, ones, ones, 0)
whole = long_archive(made(x))
right("zip64", "o.npz", whole)
for cut in range(36):
    assert run("o.npz", long_archive(made(x), cut)).returncode == 1, cut
for at in range(len(whole) - 98 - 51 - 36, len(whole)): # each byte of its records changed
    result = run("o.npz", whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
    assert result.returncode in (0, 1) and result.stderr.count("\n") == result.returncode, (at, result)
END
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
for path, step in (("small.npz", 1), ("in.npz", 5)):
    small = bytearray(open(path, "rb").read())
    for at in range(0, len(small), step): # each byte changed: read as it was, or refused in a line
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
