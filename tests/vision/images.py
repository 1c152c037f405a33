"""Images that tests read, and the tool that reads them (vision.c)."""

import atexit
import io
import os
import shutil
import subprocess
import sys
import tempfile

EXIT_SKIPPED = 77  # what ctest's SKIP_RETURN_CODE says

try:
    import numpy as np
    from PIL import Image, ImageFile, ImageOps
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(EXIT_SKIPPED)

FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}  # as PIL numbers them


# ---- files and the tool ----------------------------------------------------------------------------------------------

ImageFile.MAXBLOCK = 1 << 22  # else PIL fails to write what does not get smaller
work = tempfile.mkdtemp()
atexit.register(shutil.rmtree, work)
tool = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def encoded(image, form, **options):
    """The bytes of PIL's image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def file_of(data, name="image"):
    path = os.path.join(work, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def ask(*words):
    """The tool's answer: the size and the bytes it wrote, or what is wrong."""
    out = os.path.join(work, "out")
    tool.stdin.write("\t".join([*map(str, words), out]) + "\n")
    tool.stdin.flush()
    line = tool.stdout.readline()
    assert line, f"the tool ended at {words}"
    if not line.startswith("ok "):
        return line.strip()
    with open(out, "rb") as f:
        return (*map(int, line.split()[1:]), f.read())


def picture(*words):
    """The same as an array [height, width, 3]."""
    answer = ask(*words)
    assert not isinstance(answer, str), (words, answer)
    width, height, data = answer
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def by_pil(data):
    """What PIL reads of a file, as transformers' load_image asks for it."""
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
