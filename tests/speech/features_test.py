#!/usr/bin/python3
"""features_test.py FEATURES: log-mel spectrograms are those of reference.py, within 1e-6."""

import os
import subprocess
import sys
import tempfile

import numpy as np

from reference import log_mel, read_wav, write_wav

WITHIN = 1e-6


def sounds():
    rng = np.random.default_rng(1)
    t = np.arange(24000) / 16000
    yield "noise", 0.3 * rng.standard_normal(24000)
    yield "tone", 0.8 * np.sin(2 * np.pi * 1000 * t)
    yield "sweep", 0.5 * np.sin(2 * np.pi * (100 + 2500 * t) * t)
    yield "faint", np.where(t < 0.7, 0.9, 1e-3) * np.sin(2 * np.pi * 300 * t)
    yield "short", 0.5 * rng.standard_normal(201)
    yield "clicks", np.where(np.arange(5000) % 777 == 0, 1.0, 0.0)


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "a.wav")
        for name, samples in sounds():
            write_wav(path, samples)
            for fft, hop, bands in ((400, 160, 80), (400, 160, 128), (512, 128, 40), (398, 199, 23)):
                if len(samples) <= fft // 2 or len(samples) < hop:
                    continue
                made = subprocess.run([sys.argv[1], path, str(fft), str(hop), str(bands)], stdout=subprocess.PIPE, check=True)
                found = np.frombuffer(made.stdout, np.float32).reshape(bands, -1)
                gap = np.abs(found - log_mel(read_wav(path), bands, fft, hop)).max()
                print(f"{'ok     ' if gap < WITHIN else 'NOT OK '} {name} {fft} {hop} {bands}: {gap:.2g}")
                wrong += not gap < WITHIN
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
