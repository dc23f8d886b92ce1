"""FAISS: inverted lists with 4-bit fast-scan codes or plain vectors, and HNSW.

Searches go through `search_c`, the C++ method itself: the Python wrapper would cost some microseconds a call.
"""

import faiss
import numpy as np

from contender import Contender, around
from vectors import K

PROBES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
DEPTHS = (1, 1.5, 2, 3, 4, 6, 10, 16, 25)
EFFORTS = (10, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 160, 192, 256, 384, 512)


class Faiss(Contender):
    suffix = ".faiss"

    def __init__(self, name, stem, data, exact):
        super().__init__(name, data)
        self.stem, self.exact = stem, exact
        self.metric = faiss.METRIC_INNER_PRODUCT if data.metric == "ip" else faiss.METRIC_L2

    def file(self):
        return self.data.index_file(self.stem + self.suffix)

    def about_file(self):
        return self.data.index_file(self.stem + ".meta.json")

    def save(self, index):
        faiss.write_index(index, self.file())

    def load(self):
        faiss.omp_set_num_threads(1)
        self.stored = faiss.read_index(self.file())
        self.index = self.stored
        self.wire()
        if self.exact:
            self.again = self.scalar(self.exact)
            self.index = faiss.IndexRefine(self.stored, self.again)
        self.search = self.index.search_c

    def scalar(self, codec):
        """All vectors as `codec`: f32, or one of FAISS's scalar quantisers."""
        if codec == "Flat":
            index = faiss.IndexFlat(self.data.d, self.metric)
        else:
            kind = getattr(faiss.ScalarQuantizer, "QT_" + codec)
            index = faiss.IndexScalarQuantizer(self.data.d, kind, self.metric)
            index.train(self.data.sample(100_000, 9))
        for _, rows in self.data.rows():
            index.add(rows)
        return index

    def bytes_beside(self):
        return self.scalar_bytes(self.exact) if self.exact else 0

    def scalar_bytes(self, codec):
        width = {"Flat": 4, "fp16": 2, "bf16": 2}.get(codec, 1)
        return self.data.n * self.data.d * width

    def prepare(self, queries):
        self.queries = np.ascontiguousarray(queries)
        self.found = np.empty((len(queries), K), np.int64)
        self.scores = np.empty((len(queries), K), np.float32)
        pointers = lambda rows: [faiss.swig_ptr(rows[i]) for i in range(len(rows))]
        self.calls = list(zip(pointers(self.queries), pointers(self.scores), pointers(self.found)))
        self.whole = (faiss.swig_ptr(self.queries), K, faiss.swig_ptr(self.scores), faiss.swig_ptr(self.found))

    def singles(self):
        search = self.search
        for query, scores, found in self.calls:
            search(1, query, K, scores, found)
        return self.found

    def batch(self):
        self.search(len(self.queries), *self.whole)
        return self.found

    def ids(self, answers):
        return answers.copy()


class Ivf(Faiss):
    """codes: "flat", or "pqfs392" (392 codes of 4 bits), or "pqfsr64": the same of residuals, rotated at
    random. exact: what the candidates are rescored from. graph: an HNSW over the centroids."""

    def __init__(self, data, codes, lists, exact=None, graph=False):
        self.codes, self.lists, self.graph = codes, lists, graph
        stem = f"faiss-ivf{codes}_nl{lists}" if codes == "flat" else f"faiss-{codes}_nl{lists}"
        name = stem + (f"+R{exact}" if exact else "") + ("/hnswq" if graph else "")
        super().__init__(name, stem, data, exact)

    def build(self):
        faiss.omp_set_num_threads(1)
        turn = faiss.RandomRotationMatrix(self.data.d, self.data.d)
        turn.init(11)
        turned = turn.apply if self.codes.startswith("pqfsr") else lambda rows: rows
        plain, graph = self.coarse(self.centroids(turned))
        inner = self.empty(graph)
        inner.train(turned(self.data.sample(100_000, 6)))
        for _, rows in self.data.rows():
            inner.add(turned(rows))
        inner.quantizer, inner.own_fields = plain, False
        self.kept = (plain, graph, inner)
        return faiss.IndexPreTransform(turn, inner) if self.codes.startswith("pqfsr") else inner

    def centroids(self, turned):
        per_list = 64 if self.data.d < 300 else 40
        sample = turned(self.data.sample(self.lists * per_list, 5))
        spherical = self.data.metric == "ip"
        means = faiss.Kmeans(self.data.d, self.lists, niter=10, seed=7, spherical=spherical)
        means.train(sample)
        return means.centroids

    def coarse(self, centroids):
        """The centroids as a flat index and as a graph."""
        plain = faiss.IndexFlat(self.data.d, self.metric)
        graph = faiss.IndexHNSWFlat(self.data.d, 32, self.metric)
        graph.hnsw.efConstruction, graph.hnsw.efSearch = 100, 64
        plain.add(centroids)
        graph.add(centroids)
        return plain, graph

    def empty(self, quantizer):
        if self.codes == "flat":
            return faiss.IndexIVFFlat(quantizer, self.data.d, self.lists, self.metric)
        width = int(self.codes.lstrip("pqfsr"))
        index = faiss.IndexIVFPQFastScan(quantizer, self.data.d, self.lists, width, 4, self.metric)
        index.by_residual = self.codes.startswith("pqfsr")
        return index

    def wire(self):
        self.ivf = faiss.extract_index_ivf(self.stored)
        if self.graph:
            flat = faiss.downcast_index(self.ivf.quantizer)
            centroids = faiss.rev_swig_ptr(flat.get_xb(), self.lists * self.data.d)
            _, self.over = self.coarse(centroids.reshape(self.lists, self.data.d).copy())
            self.ivf.quantizer, self.ivf.own_fields = self.over, False

    def apply(self, setting):
        self.ivf.nprobe = setting["nprobe"]
        if self.graph:
            self.over.hnsw.efSearch = setting["coarse_ef"]
        if self.exact:
            self.index.k_factor = setting["k_factor"]

    def grid(self):
        probes = [probe for probe in PROBES if probe <= self.lists // 2]
        return [[self.setting(probe, depth) for probe in probes] for depth in (DEPTHS if self.exact else (1,))]

    def setting(self, probe, depth):
        graph = dict(coarse_ef=max(16, probe * 3 // 2)) if self.graph else {}
        return dict(nprobe=probe, **(dict(k_factor=depth) if self.exact else {}), **graph)

    def near(self, setting):
        steps = dict(nprobe=around(setting["nprobe"], 0.85))
        if self.exact:
            steps["k_factor"] = [round(setting["k_factor"] * part, 1) for part in (0.8, 1.2)]
        if self.graph:
            steps["coarse_ef"] = [max(4, round(setting["coarse_ef"] * part)) for part in (0.6, 1.4)]
        return self.beside(setting, **steps)


class Hnsw(Faiss):
    """vectors: what the graph's vertices hold. The graph is built over f32 and shared by all forms."""

    def __init__(self, data, vectors="Flat", exact=None, links=32, construction=64):
        self.vectors, self.links, self.construction = vectors, links, construction
        stem = f"faiss-hnsw{links}_efc{construction}"
        name = stem + ("" if vectors == "Flat" else f"/{vectors}") + (f"+R{exact}" if exact else "")
        super().__init__(name, stem, data, exact)

    def build(self):
        faiss.omp_set_num_threads(1)
        index = faiss.IndexHNSWFlat(self.data.d, self.links, self.metric)
        index.hnsw.efConstruction = self.construction
        index.add(np.ascontiguousarray(self.data.base))
        return index

    def bytes_beside(self):
        held = self.scalar_bytes(self.vectors) - self.scalar_bytes("Flat")
        return held + super().bytes_beside()

    def wire(self):
        if self.vectors != "Flat":
            self.vertices = self.scalar(self.vectors)
            self.full, self.stored.own_fields = self.stored.storage, False
            self.stored.storage = self.vertices
            faiss.downcast_index(self.full).reset()

    def apply(self, setting):
        self.stored.hnsw.efSearch = setting["ef"]
        if self.exact:
            self.index.k_factor = setting["k_factor"]

    def grid(self):
        if not self.exact:
            return [[dict(ef=ef) for ef in EFFORTS]]
        return [[dict(ef=ef, k_factor=depth) for ef in EFFORTS] for depth in (1, 2)]

    def near(self, setting):
        ef = setting["ef"]
        return self.beside(setting, ef=around(ef, 0.85, 0.9, 0.95, 1.05))
