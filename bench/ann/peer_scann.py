"""ScaNN: a tree of lists, anisotropic 4-bit codes, rescoring; with `soar`, border vectors in two lists."""

import os

import numpy as np
from scann import scann_ops_pybind

from contender import Contender, around
from vectors import K

LEAVES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 400)
DEPTHS = (20, 30, 45, 80, 130, 200, 400)


class Scann(Contender):
    def __init__(self, data, leaves, block=2, soar=None):
        spill = "-soar" if soar else ""
        super().__init__(f"scann-l{leaves}-ah{block}{spill}+reorder", data)
        self.leaves, self.block, self.soar = leaves, block, soar

    def build(self):
        inner = self.data.metric == "ip"
        base = np.ascontiguousarray(self.data.base)
        builder = scann_ops_pybind.builder(base, K, "dot_product" if inner else "squared_l2")
        spill = dict(soar_lambda=self.soar, overretrieve_factor=2.0) if self.soar else {}
        sample = dict(training_sample_size=250_000)
        builder.set_n_training_threads(1)
        builder.tree(num_leaves=self.leaves, num_leaves_to_search=100, **sample, **spill)
        builder.score_ah(self.block, **(dict(anisotropic_quantization_threshold=0.2) if inner else {}))
        return builder.reorder(100).build()

    def save(self, index):
        os.makedirs(self.file(), exist_ok=True)
        index.serialize(self.file(), relative_path=True)

    def load(self):
        # The wrapper's own searcher, for its Python layer would be timed otherwise.
        self.index = scann_ops_pybind.load_searcher(self.file()).searcher

    def apply(self, setting):
        self.probes, self.depth = setting["leaves"], setting["reorder"]

    def prepare(self, queries):
        super().prepare(queries)
        self.single = list(self.queries)

    def one(self, query):
        return self.index.search(query, K, self.depth, self.probes)[0]

    def batch(self):
        return self.index.search_batched(self.queries, K, self.depth, self.probes, False, 0)[0]

    def grid(self):
        leaves = [count for count in LEAVES if count <= self.leaves // 2]
        return [[dict(leaves=count, reorder=depth) for count in leaves] for depth in DEPTHS]

    def near(self, setting):
        leaves = around(setting["leaves"], 0.85)
        depths = [max(K, round(setting["reorder"] * part)) for part in (0.8, 1.2)]
        return self.beside(setting, leaves=leaves, reorder=depths)
