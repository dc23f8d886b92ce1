"""Makes the data sets, the same on every machine.

    python data.py d1|d2|d3|d4 FOLDER [--fashion-mnist FOLDER]

d1  Fashion-MNIST, 60,000 x 784, L2, pixels 0 to 255
d2  1,000,000 x 128, inner product: its pictures turned, scaled, moved, mirrored and brightened at random,
    PCA, unit length. Queries come from the test pictures: no query shares its picture with a base vector.
d3  1,000,000 x 512, inner product, like CLIP's: clusters of power-law size in 64 dimensions bent through
    two random layers, with noise, at unit length
d4  like d3, 10,000,000 x 96
"""

import argparse
import gzip
import os

import faiss
import numpy as np

from vectors import header, write, write_json

SIDE = 28
BLOCK = 10_000  # pictures per random stream of d2
CHUNK = 100_000  # rows per random stream of d3 and d4
NEIGHBOURS = 100


def make(name, root, fashion_mnist):
    """Write data set `name` under `root/name`; nothing happens if it is there."""
    folder = os.path.join(root, name)
    if os.path.exists(os.path.join(folder, "meta.json")):
        return
    os.makedirs(folder, exist_ok=True)
    print(f"making {name}", flush=True)
    if name in ("d1", "d2"):
        pictures = [fashion(fashion_mnist, stem) for stem in ("train", "t10k")]
        metric, queries, blocks = {"d1": raw, "d2": augmented}[name](*pictures)
    else:
        metric, queries, blocks = clip_like(*{"d3": (1_000_000, 512), "d4": (10_000_000, 96)}[name])
    save(folder, name, metric, queries, blocks)


def fashion(folder, stem):
    path = os.path.join(folder, f"{stem}-images-idx3-ubyte.gz")
    with gzip.open(path) as stored:
        return np.frombuffer(stored.read(), np.uint8, offset=16).reshape(-1, SIDE * SIDE)


def save(folder, name, metric, queries, blocks):
    """Stream `blocks` to base.fbin, keeping the nearest to each query on the way."""
    at = lambda file: os.path.join(folder, file)
    nearest, rows = Nearest(queries, metric), 0
    with open(at("base.fbin"), "wb") as out:
        header(out, 0, queries.shape[1])
        for block in blocks:
            np.ascontiguousarray(block, "<f4").tofile(out)
            nearest.see(block)
            rows += len(block)
        out.seek(0)
        header(out, rows, queries.shape[1])
    write(at("query.fbin"), queries, "<f4")
    write(at("gt100.ibin"), nearest.ids, "<i4")
    write(at("gt100_dist.fbin"), nearest.distances, "<f4")
    about = dict(name=name, n=rows, d=queries.shape[1], metric=metric, nq=len(queries))
    write_json(at("meta.json"), about)


class Nearest:
    """Exact neighbours of `queries` among all blocks seen so far."""

    def __init__(self, queries, metric):
        self.queries, self.seen = queries, 0
        self.sign = -1 if metric == "ip" else 1
        self.metric = faiss.METRIC_INNER_PRODUCT if metric == "ip" else faiss.METRIC_L2
        self.distances = np.empty((len(queries), 0), np.float32)
        self.ids = np.empty((len(queries), 0), np.int64)

    def see(self, block):
        block = np.ascontiguousarray(block, np.float32)
        distances, ids = faiss.knn(self.queries, block, NEIGHBOURS, metric=self.metric)
        distances = np.hstack([self.distances, distances])
        ids = np.hstack([self.ids, ids + self.seen])
        order = np.argsort(self.sign * distances, axis=1, kind="stable")[:, :NEIGHBOURS]
        self.distances = np.take_along_axis(distances, order, 1)
        self.ids = np.take_along_axis(ids, order, 1)
        self.seen += len(block)


def raw(train, test):
    return "l2", test.astype(np.float32), [train.astype(np.float32)]


def augmented(train, test, rows=1_000_000, columns=128, asked=1000):
    """d2. One random stream per block, so that any block can be made alone."""

    def block(number):
        chosen = (np.arange(BLOCK) + number * BLOCK) % len(train)
        return disturb(train[chosen], np.random.default_rng([20, number]))

    fit = np.concatenate([block(number) for number in range(0, rows // BLOCK, 10)])
    centre, axes = fit.mean(0), principal_axes(fit, columns)
    project = lambda pictures: unit((pictures - centre) @ axes)
    base = np.empty((rows, columns), np.float32)
    for number in range(rows // BLOCK):
        base[number * BLOCK : (number + 1) * BLOCK] = project(block(number))
    # Copies of one picture must not lie side by side.
    base = base[np.random.default_rng(21).permutation(rows)]
    chosen = np.random.default_rng(22).permutation(len(test))[:asked]
    queries = project(disturb(test[chosen], np.random.default_rng(23)))
    return "ip", queries.astype(np.float32), [base]


def principal_axes(rows, columns):
    _, axes = np.linalg.eigh(np.cov((rows - rows.mean(0)).T.astype(np.float32)))
    return np.ascontiguousarray(axes[:, ::-1][:, :columns], np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def disturb(pictures, rng):
    """Turn by up to 15 degrees, scale by 0.85 to 1.15, mirror half, move by up to 2.5 pixels, brighten by
    0.7 to 1.3; bilinear, black outside."""
    n = len(pictures)
    angle = np.deg2rad(rng.uniform(-15, 15, n))
    scale = rng.uniform(0.85, 1.15, n)
    mirror = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    right, down = rng.uniform(-2.5, 2.5, n), rng.uniform(-2.5, 2.5, n)
    light = rng.uniform(0.7, 1.3, n)
    column = lambda values: values.astype(np.float32)[:, None]
    cos, sin = column(np.cos(angle) / scale), column(np.sin(angle) / scale)
    middle = (SIDE - 1) / 2
    y, x = (axis.ravel() - middle for axis in np.mgrid[0:SIDE, 0:SIDE].astype(np.float32))
    from_x = (cos * x + sin * y) * column(mirror) + middle + column(right)
    from_y = -sin * x + cos * y + middle + column(down)
    return np.clip(bilinear(pictures, from_x, from_y) * column(light), 0, 255).astype(np.float32)


def bilinear(pictures, x, y, margin=3):
    """Pixel values at fractional places, a black margin around each picture."""
    wide = SIDE + 2 * margin
    padded = np.zeros((len(pictures), wide, wide), np.uint8)
    padded[:, margin:-margin, margin:-margin] = pictures.reshape(-1, SIDE, SIDE)
    padded = padded.ravel()
    left, top = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    part_x, part_y = x - left, y - top
    left, top = (np.clip(edge + margin, 0, wide - 2) for edge in (left, top))
    first = np.arange(len(pictures), dtype=np.int32)[:, None] * (wide * wide) + top * wide + left
    upper = padded[first] * ((1 - part_x) * (1 - part_y)) + padded[first + 1] * (part_x * (1 - part_y))
    lower = padded[first + wide] * ((1 - part_x) * part_y) + padded[first + wide + 1] * (part_x * part_y)
    return upper + lower


def clip_like(rows, columns, asked=1000, seed=31):
    source = Clip(columns)
    blocks = (source.draw(CHUNK, [seed, number]) for number in range(rows // CHUNK))
    return "ip", source.draw(asked, [seed, 999_999]), blocks


class Clip:
    """Clusters in a latent space, bent by two tanh layers; the offset makes CLIP's narrow cone."""

    def __init__(self, columns, clusters=4096, latent=64, hidden=256, seed=30):
        rng = np.random.default_rng(seed)
        normal = lambda *shape: rng.standard_normal(shape)
        weights = (np.arange(clusters) + 1.0) ** -0.75
        self.shares = weights / weights.sum()
        spread = (np.arange(latent) + 1.0) ** -0.35
        self.centres = (normal(clusters, latent) * spread).astype(np.float32)
        widths = np.exp(0.3 * normal(clusters, 1)) * np.exp(0.2 * normal(clusters, latent))
        self.widths = (0.55 * spread * widths).astype(np.float32)
        self.layers = [
            ((normal(latent, hidden) * 1.2 / np.sqrt((spread**2).sum())).astype(np.float32),
             (0.3 * normal(hidden)).astype(np.float32)),
            ((normal(hidden, hidden) * 1.5 / np.sqrt(hidden)).astype(np.float32),
             (0.3 * normal(hidden)).astype(np.float32)),
        ]  # fmt: skip
        self.last = (normal(hidden, columns) / np.sqrt(hidden)).astype(np.float32)
        self.offset = (0.35 * normal(columns)).astype(np.float32)

    def draw(self, rows, seed):
        rng = np.random.default_rng(seed)
        cluster = rng.choice(len(self.shares), rows, p=self.shares)
        latent = rng.standard_normal((rows, self.centres.shape[1]), dtype=np.float32)
        values = self.centres[cluster] + self.widths[cluster] * latent
        for weights, bias in self.layers:
            values = np.tanh(values @ weights + bias)
        values = values @ self.last + self.offset
        values += 0.06 * rng.standard_normal((rows, len(self.offset)), dtype=np.float32)
        return unit(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", choices=["d1", "d2", "d3", "d4"])
    parser.add_argument("folder", help="the set is written to FOLDER/NAME")
    parser.add_argument("--fashion-mnist", default="../shared/data/fashion-mnist", metavar="FOLDER")
    given = parser.parse_args()
    make(given.name, given.folder, given.fashion_mnist)


if __name__ == "__main__":
    main()
