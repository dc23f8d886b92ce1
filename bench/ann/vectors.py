"""Vector files as big-ann has them, and a data set made of them.

`.fbin` is u32 rows, u32 columns, then f32 row by row; `.ibin` the same with i32.
"""

import json
import os

import numpy as np

K = 10  # neighbours asked for, everywhere
QUERIES = 1000  # queries asked, everywhere


def write(path, rows, kind):
    """Write `rows` as `kind` ("<f4" or "<i4"), whole or not at all."""
    with open(path + ".part", "wb") as out:
        header(out, *rows.shape)
        np.ascontiguousarray(rows, kind).tofile(out)
    os.replace(path + ".part", path)


def header(out, rows, columns):
    np.array([rows, columns], "<u4").tofile(out)


def mapped(path, kind):
    """The matrix in `path`, memory-mapped."""
    rows, columns = (int(n) for n in np.fromfile(path, "<u4", 2))
    expected, found = 8 + 4 * rows * columns, os.path.getsize(path)
    if found != expected:
        raise ValueError(f"{path}: {rows} x {columns} needs {expected} bytes, the file has {found}")
    return np.memmap(path, kind, "r", 8, (rows, columns))


def read_json(path):
    with open(path) as stored:
        return json.load(stored)


def write_json(path, value):
    with open(path + ".part", "w") as out:
        json.dump(value, out)
    os.replace(path + ".part", path)


class Dataset:
    """One folder: base, the queries asked, their true neighbours, and the folder of built indexes."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        about = read_json(self.path("meta.json"))
        self.name, self.metric = about["name"], about["metric"]
        self.base = mapped(self.path("base.fbin"), "<f4")
        self.n, self.d = self.base.shape
        self.queries = np.array(mapped(self.asked(), "<f4"))
        self.truth = np.array(mapped(self.truth_file(), "<i4")[:, :K])
        self.indexes = self.path("idx")
        os.makedirs(self.indexes, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def asked(self):
        """The file of the queries asked; cut from query.fbin the first time."""
        return self.cut("query.fbin", f"query{QUERIES}.fbin", "<f4")

    def truth_file(self):
        return self.cut("gt100.ibin", f"truth{QUERIES}.ibin", "<i4")

    def cut(self, whole, part, kind):
        if not os.path.exists(self.path(part)):
            write(self.path(part), mapped(self.path(whole), kind)[:QUERIES], kind)
        return self.path(part)

    def rows(self, step=100_000):
        """(first row, contiguous block) over the base."""
        for first in range(0, self.n, step):
            yield first, np.ascontiguousarray(self.base[first : first + step])

    def sample(self, rows, seed):
        """A random part of the base, in its order."""
        chosen = np.random.default_rng(seed).permutation(self.n)[:rows]
        return np.ascontiguousarray(self.base[np.sort(chosen)])

    def index_file(self, name):
        return os.path.join(self.indexes, name)
