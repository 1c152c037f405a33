#!/usr/bin/python3
"""wav_seeds.py FOLDER: small WAV files of every form, and each of them cut and with single bytes changed."""

import os
import random
import struct
import sys


def chunk(name, data, stated=None):
    return name + struct.pack("<I", len(data) if stated is None else stated) + data + b"\0" * (len(data) % 2)


def form(kind, channels, rate, bits, extra=b""):
    size = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * size & 0xFFFFFFFF, size, bits) + extra)


def riff(*chunks, name=b"RIFF", size=None):
    body = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(body) if size is None else size) + body


def files():
    guid = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    noise = random.Random(1).randbytes(1600)
    for kind, bits in ((1, 8), (1, 16), (1, 24), (1, 32)):
        for channels, rate in ((1, 16000), (2, 44100), (3, 8000)):
            data = noise[: len(noise) // (channels * bits // 8) * (channels * bits // 8)]
            yield f"{kind}_{bits}_{channels}", riff(form(kind, channels, rate, bits), chunk(b"data", data))
    for bits, code in ((32, "f"), (64, "d")):
        data = struct.pack(f"<200{code}", *(i / 100 - 1 for i in range(200)))
        yield f"float_{bits}", riff(form(3, 1, 22050, bits), chunk(b"data", data))
    extra = struct.pack("<HHIH", 22, 16, 3, 1) + guid
    yield "extensible", riff(form(0xFFFE, 2, 48000, 16, extra), chunk(b"data", noise))
    yield "streamed", riff(form(1, 1, 16000, 16), chunk(b"data", noise, 0xFFFFFFFF), size=0xFFFFFFFF)
    yield "unfilled", riff(form(1, 1, 16000, 16), chunk(b"data", noise, 0), size=0)
    sizes = chunk(b"ds64", struct.pack("<QQQI", 2000, 1600, 800, 0))
    yield "rf64", riff(sizes, form(1, 1, 16000, 16), chunk(b"data", noise, 0xFFFFFFFF), chunk(b"LIST", b"abc"),
                       name=b"RF64", size=0xFFFFFFFF)
    yield "turned", riff(chunk(b"LIST", b"abc"), chunk(b"data", noise), form(1, 1, 11025, 16))
    yield "unpadded", riff(form(1, 1, 16000, 16), b"LIST\7\0\0\0strange", chunk(b"data", noise))
    yield "odd_rate", riff(form(1, 1, 16001, 16), chunk(b"data", noise))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    draw = random.Random(2)
    for name, blob in files():
        broken = {"whole": blob, "cut": blob[: draw.randrange(len(blob))], "short": blob[: draw.randrange(60)]}
        for index in range(12):
            at = draw.randrange(min(len(blob), 80))
            broken[f"byte{index}"] = blob[:at] + bytes([draw.choice((0, 1, 2, 127, 128, 255))]) + blob[at + 1 :]
        for kind, data in broken.items():
            with open(os.path.join(folder, f"{name}_{kind}.wav"), "wb") as f:
                f.write(data)


if __name__ == "__main__":
    main()
