"""Which peers run on which data set, each with every form of it that was found worth trying."""

from peer_faiss import Hnsw, Ivf
from peer_graphs import HnswLib, Usearch
from peer_scann import Scann


def contenders(data):
    found = {"d1": pictures, "d2": million_short, "d3": million_long, "d4": ten_million}[data.name](data)
    return {contender.name: contender for contender in found}


def pictures(data):
    """d1. Pixels are whole numbers up to 255, so one byte each (`8bit_direct`) is exact."""
    found = [
        Ivf(data, f"pqfs{width}", lists, "8bit_direct") for lists in (128, 256, 512) for width in (392, 196)
    ]
    found += [Ivf(data, "pqfs98", 256, "8bit_direct"), Ivf(data, "pqfs392", 256, "Flat")]
    found += [Ivf(data, f"pqfs{width}", lists, "8bit_direct", graph=True)
              for width, lists in ((196, 256), (196, 512), (98, 512))]
    found += [Ivf(data, "pqfsr196", 256, "8bit_direct")]
    found += [Hnsw(data), Hnsw(data, "8bit_direct"), HnswLib(data), Usearch(data, "bf16")]
    return found + [Scann(data, 400), Scann(data, 400, soar=1.5), Scann(data, 200)]


def million_short(data):
    """d2"""
    found = [Ivf(data, "pqfsr64", lists, exact, graph=True)
             for lists in (4096, 2048, 8192) for exact in ("Flat", "fp16")]  # fmt: skip
    found += [Ivf(data, "pqfsr32", 4096, "Flat", graph=True)]
    found += [Hnsw(data), Hnsw(data, "8bit"), Hnsw(data, "fp16"), Hnsw(data, "8bit", "Flat"), HnswLib(data)]
    found += [Usearch(data, number) for number in ("i8", "bf16", "f32")]
    return found + scanns(data)


def million_long(data):
    """d3"""
    found = [Ivf(data, "pqfsr256", 4096, exact, graph=True) for exact in ("Flat", "fp16", "8bit")]
    found += [Ivf(data, "pqfsr128", lists, exact, graph=True)
              for lists in (4096, 8192) for exact in ("Flat", "fp16", "8bit")]  # fmt: skip
    found += [Hnsw(data), Hnsw(data, "8bit"), Hnsw(data, "fp16"), Hnsw(data, "8bit", "Flat"), HnswLib(data)]
    found += [Usearch(data, number) for number in ("i8", "bf16", "f32")]
    return found + scanns(data)


def scanns(data):
    plain = [Scann(data, leaves) for leaves in (2000, 1000, 4000)]
    return plain + [Scann(data, leaves, soar=1.5) for leaves in (2000, 1000, 4000)]


def ten_million(data):
    """d4"""
    return [IvfTable(data, "flat", 10_000)]


class IvfTable(Ivf):
    """Four settings, from quick to nearly exact; no sweep."""

    def grid(self):
        return [[dict(nprobe=probes) for probes in (10, 50, 100, 500)]]
