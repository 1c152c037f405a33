"""Baseline JPEG files of kinds that PIL does not write: restarts, any sampling factors, components of any names."""

import struct

# The codes: symbols of equal length. DC: the sizes 0 to 11. AC: the end, one coefficient, two zeros and one, 16 zeros.
DC_LENGTH, DC_SYMBOLS = 4, list(range(12))
AC_LENGTH, AC_SYMBOLS = 3, [0x00, 0x01, 0x23, 0xF0]


class Bits:
    def __init__(self):
        self.value, self.count, self.data = 0, 0, bytearray()

    def put(self, value, count):
        self.value, self.count = self.value << count | value, self.count + count
        while self.count >= 8:
            self.count -= 8
            byte = self.value >> self.count & 255
            self.data += bytes([255, 0]) if byte == 255 else bytes([byte])

    def end(self):
        if self.count:
            self.put((1 << 8 - self.count) - 1, 8 - self.count)


def _segment(marker, data):
    return bytes([255, marker]) + struct.pack(">H", len(data) + 2) + data


def _code(head, length, symbols):
    counts = [0] * 16
    counts[length - 1] = len(symbols)
    return bytes([head, *counts, *symbols])


def _put_number(bits, value):
    size = abs(value).bit_length()
    bits.put(value if value >= 0 else value + (1 << size) - 1, size)


def _put_block(bits, random, step):
    bits.put(DC_SYMBOLS.index(abs(step).bit_length()), DC_LENGTH)
    _put_number(bits, step)
    at = 1
    while at < 40 and random.random() < 0.7:
        symbol = AC_SYMBOLS[random.integers(1, 4 if at < 20 else 3)]
        bits.put(AC_SYMBOLS.index(symbol), AC_LENGTH)
        if symbol == 0xF0:  # is followed by a coefficient
            bits.put(AC_SYMBOLS.index(0x01), AC_LENGTH)
            at += 16
        bits.put(int(random.integers(0, 2)) if symbol != 0x23 else int(random.choice([0, 1, 2, 3, 4, 5, 6, 7])), 3 if symbol == 0x23 else 1)
        at += 3 if symbol == 0x23 else 1
    bits.put(AC_SYMBOLS.index(0), AC_LENGTH)


def jpeg(random, width, height, components, restart=0, before=b""):
    """A JPEG of random coefficients; components: (name, across, down) of each; before: segments such as adobe()."""
    across, down = max(c[1] for c in components), max(c[2] for c in components)
    if len(components) == 1:
        across = down = 1
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    frame = struct.pack(">BHHB", 8, height, width, len(components))
    frame += b"".join(bytes([name, x << 4 | y, 0]) for name, x, y in components)
    data = b"\xff\xd8" + before + _segment(0xDB, bytes([0] + [7] * 64)) + _segment(0xC0, frame)
    data += _segment(0xC4, _code(0x00, DC_LENGTH, DC_SYMBOLS) + _code(0x10, AC_LENGTH, AC_SYMBOLS))
    if restart:
        data += _segment(0xDD, struct.pack(">H", restart))
    data += _segment(0xDA, bytes([len(components)]) + b"".join(bytes([name, 0]) for name, _, _ in components) + bytes([0, 63, 0]))
    bits, last = Bits(), {}
    for unit in range(units):
        if restart and unit and unit % restart == 0:
            bits.end()
            bits.data += bytes([255, 0xD0 + (unit // restart - 1) % 8])
            last = {}
        for name, x, y in components:
            for _ in range(x * y if len(components) > 1 else 1):
                wanted = int(random.integers(-120, 121))
                _put_block(bits, random, wanted - last.get(name, 0))
                last[name] = wanted
    bits.end()
    return data + bytes(bits.data) + b"\xff\xd9"


def adobe(transform):
    return _segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def jfif():
    return _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
