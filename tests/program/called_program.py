"""called_program.py: a program as its user calls it, and numbers that are near what is wanted."""

import subprocess

import numpy as np

TOLERANCE = 2e-5


class CalledProgram:
    def __init__(self, path):
        self.path = path

    def call(self, *arguments, text=b""):
        """text: what stands on standard input, characters or bytes."""
        data = text.encode() if isinstance(text, str) else text
        return subprocess.run([self.path, *arguments], input=data, capture_output=True, check=False)

    def run(self, *arguments, text=b""):
        result = self.call(*arguments, text=text)
        assert result.returncode == 0 and not result.stderr, (arguments, result)
        return result.stdout.decode()

    def refused(self, code, *arguments, text=b""):
        result = self.call(*arguments, text=text)
        assert result.returncode == code and result.stdout == b"" and result.stderr.count(b"\n") == 1, (arguments, result)
        return result.stderr.decode()


def close(found, wanted):
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    assert (np.abs(found - wanted) < TOLERANCE).all(), np.abs(found - wanted).max()
