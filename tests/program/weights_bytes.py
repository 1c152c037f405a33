#!/usr/bin/python3
"""weights_bytes.py MODEL: bytes of the weights in a folder's ONNX files; equal ones count once, transposed too."""

import hashlib
import sys
from pathlib import Path

import numpy
import onnx
from onnx import numpy_helper


def fingerprint(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).digest()


def main():
    seen, total = set(), 0
    for path in sorted(Path(sys.argv[1]).rglob("*.onnx")):
        for initializer in onnx.load(path).graph.initializer:
            array = numpy_helper.to_array(initializer)
            if {fingerprint(array), fingerprint(array.T)} & seen:
                continue
            seen.add(fingerprint(array))
            total += array.nbytes
    print(total)


if __name__ == "__main__":
    main()
