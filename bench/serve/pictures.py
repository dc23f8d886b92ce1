"""Small pictures from a seed, as files of PNG and BMP, and files that are no pictures. Nothing but zlib."""

import base64
import functools
import random
import struct
import zlib

COLOURS = {"grey": (0, 1), "rgb": (2, 3), "grey and alpha": (4, 2), "rgba": (6, 4)}
"""A PNG's kinds of colour that need no palette: their number, and bytes a pixel."""


def files(seed):
    """The files of an item's pictures: mostly one, of each tenth item three."""
    count = 3 if seed % 10 == 0 else 1
    return [picture(seed * 4 + place) for place in range(count)]


def names(seed):
    return ["main", "1", "2"][: len(files(seed))]


@functools.lru_cache(maxsize=512)
def picture(seed):
    """A file: a plain ground, a box of another colour, and noise on one side, so that no two look alike."""
    rng = random.Random(seed)
    width, height = rng.randint(16, 96), rng.randint(16, 96)
    kind = rng.choice(["bmp", "rgb", "rgb", "rgba", "grey", "grey and alpha"])
    depth = 3 if kind == "bmp" else COLOURS[kind][1]
    rows = drawn(rng, width, height, depth)
    return bmp(width, rows) if kind == "bmp" else png(width, rows, *COLOURS[kind])


def drawn(rng, width, height, depth):
    ground, box = rng.randbytes(depth), rng.randbytes(depth)
    left, right = sorted(rng.sample(range(width), 2))
    top, bottom = sorted(rng.sample(range(height), 2))
    noisy = rng.randint(0, width // 2)
    rows = []
    for y in range(height):
        row = bytearray(ground * width)
        if top <= y <= bottom:
            row[left * depth : right * depth] = box * (right - left)
        row[: noisy * depth] = rng.randbytes(noisy * depth)
        rows.append(bytes(row))
    return rows


def png(width, rows, colour=2, depth=3):
    head = struct.pack(">IIBBBBB", width, len(rows), 8, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bmp(width, rows):
    """24 bits a pixel, the last row first, rows filled up to four bytes."""
    gap = bytes(-3 * width % 4)
    pixels = b"".join(row + gap for row in reversed(rows))
    head = struct.pack("<IiiHHIIiiII", 40, width, len(rows), 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + head + pixels


def broken():
    """Files that are no pictures, by what is wrong with them."""
    whole = picture(1_000_003)
    good = png(8, [bytes(24)] * 8)
    vast = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return {
        "no file": b"",
        "text": b"this is not a picture",
        "a head alone": good[:33],
        "half a head": good[:20],
        "a head that lies": whole[:2] + bytes(40),
        "3.6 billion pixels": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", vast) + chunk(b"IDAT", zlib.compress(bytes(100))),
        "30 million pixels": png(6_000, [bytes(6_000)] * 5_000, 0, 1),
        "pixels that are no zlib": good[:33] + chunk(b"IDAT", b"not compressed at all") + chunk(b"IEND", b""),
    }


def text(content):
    return base64.b64encode(content).decode()
