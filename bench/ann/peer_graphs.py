"""hnswlib and usearch: graphs."""

import hnswlib
import numpy as np
from usearch.index import Index, ScalarKind

from contender import Contender, around
from vectors import K

EFFORTS = (10, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512)


class Graph(Contender):
    def grid(self):
        return [[dict(ef=ef) for ef in EFFORTS]]

    def near(self, setting):
        return self.beside(setting, ef=around(setting["ef"], 0.85, 0.9, 0.95, 1.05))


class HnswLib(Graph):
    suffix = ".bin"

    def __init__(self, data, links=16, construction=200):
        super().__init__(f"hnswlib-M{links}-efc{construction}", data)
        self.links, self.construction = links, construction

    def empty(self):
        return hnswlib.Index("ip" if self.data.metric == "ip" else "l2", self.data.d)

    def build(self):
        index = self.empty()
        index.init_index(self.data.n, M=self.links, ef_construction=self.construction, random_seed=1)
        index.add_items(self.data.base, num_threads=1)
        return index

    def save(self, index):
        index.save_index(self.file())

    def load(self):
        self.index = self.empty()
        self.index.load_index(self.file())
        self.index.set_num_threads(1)

    def apply(self, setting):
        self.index.set_ef(setting["ef"])

    def one(self, query):
        return self.index.knn_query(query, K, 1)[0]

    def batch(self):
        return self.one(self.queries)


class Usearch(Graph):
    """number: how a vector's components are stored. i8 knows no inner product; the vectors are of unit
    length, so cosine has the same order."""

    suffix = ".usearch"

    def __init__(self, data, number, links=16, construction=128):
        super().__init__(f"usearch-{number}-c{links}-e{construction}", data)
        self.number, self.links, self.construction = number, links, construction

    def empty(self):
        inner = "cos" if self.number == "i8" else "ip"
        metric = inner if self.data.metric == "ip" else "l2sq"
        shape = dict(connectivity=self.links, expansion_add=self.construction)
        return Index(ndim=self.data.d, metric=metric, dtype=self.number, **shape)

    def build(self):
        index = self.empty()
        for first, rows in self.data.rows():
            index.add(np.arange(first, first + len(rows)), rows, threads=1)
        return index

    def save(self, index):
        index.save(self.file())

    def load(self):
        self.index = self.empty()
        self.index.load(self.file())
        self.search = self.index._compiled.search_many

    def apply(self, setting):
        self.index.expansion_search = setting["ef"]

    def one(self, query):
        return self.search(query, K, False, 1, None, ScalarKind.F32)[0]

    def batch(self):
        return self.one(self.queries)
