"""The King James text as Debian's bible-kjv prints it, one string per chapter, one line per verse."""

import random
import re
import subprocess

HELD_OUT_SHARE = 0.05
HELD_OUT_SEED = 1611


def read_chapters():
    """Every chapter in order, without verse numbers and titles; each verse ends with a newline."""
    printed = subprocess.run(
        ["bible", "-l100000", "gen1:1-rev22:21"], check=True, capture_output=True, text=True
    ).stdout
    chapters = []
    for line in printed.splitlines():
        verse = re.match(r"\s+\d+ (.*)", line)
        if verse:
            chapters[-1].append(verse.group(1).strip() + "\n")
        elif line.strip():
            chapters.append([])  # a title such as "Genesis 1" opens a chapter
    return ["".join(verses) for verses in chapters]


def split_chapters(chapters):
    """(training, held out): whole chapters, drawn with a fixed seed."""
    held_out = set(
        random.Random(HELD_OUT_SEED).sample(range(len(chapters)), int(len(chapters) * HELD_OUT_SHARE))
    )
    training = [chapter for index, chapter in enumerate(chapters) if index not in held_out]
    return training, [chapters[index] for index in sorted(held_out)]
