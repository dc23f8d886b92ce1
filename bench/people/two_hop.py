"""Friends of friends: nigh's compressed lists beside a compiled CSR with a dense counter (numba), on one core.

    taskset -c 1 python bench/people/two_hop.py target/release/examples/two_hop EDGES

EDGES holds `a b` by line, nodes numbered from 0. Both find, for 20,000 random people, the 100 with the most friends in
common. The two take turns, three times; the best of each counts. Needs numpy and numba.
"""
import json
import subprocess
import sys
import tempfile
import time

import numpy as np
from numba import njit


@njit
def peer(offsets, targets, node, counts, touched, histogram, found, k):
    known = -(1 << 30)
    for place in range(offsets[node], offsets[node + 1]):
        counts[targets[place]] = known
    counts[node] = known
    seen = 0
    for place in range(offsets[node], offsets[node + 1]):
        middle = targets[place]
        for far in range(offsets[middle], offsets[middle + 1]):
            end = targets[far]
            if counts[end] == 0:
                touched[seen] = end
                seen += 1
            counts[end] += 1
    most = 0
    for i in range(seen):
        most = max(most, counts[touched[i]])
    for count in range(most + 1):
        histogram[count] = 0
    for i in range(seen):
        if counts[touched[i]] > 0:
            histogram[counts[touched[i]]] += 1
    least, above = most, 0
    while least > 0 and above + histogram[least] < k:
        above += histogram[least]
        least -= 1
    kept = 0
    for i in range(seen):
        if counts[touched[i]] >= max(least, 1) and kept < k:
            found[kept] = counts[touched[i]]
            kept += 1
    found[:kept].sort()
    for i in range(seen):
        counts[touched[i]] = 0
    for place in range(offsets[node], offsets[node + 1]):
        counts[targets[place]] = 0
    counts[node] = 0
    return kept


def run_peer(offsets, targets, queries):
    n = len(offsets) - 1
    room = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n + 200, np.int64), np.zeros(100, np.int32)
    peer(offsets, targets, queries[0], *room, 100)
    micros = []
    for node in queries:
        start = time.perf_counter()
        peer(offsets, targets, node, *room, 100)
        micros.append((time.perf_counter() - start) * 1e6)
    micros = np.array(micros)
    return {"qps": 1e6 / micros.mean(), "p99_us": float(np.percentile(micros, 99))}


def main():
    program, path = sys.argv[1:]
    edges = np.loadtxt(path, dtype=np.int64)
    n = int(edges.max()) + 1
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(both[:, 0], minlength=n))])
    targets = both[:, 1].astype(np.int32)
    queries = np.random.default_rng(7).integers(0, n, 20_000)
    queries = queries[np.diff(offsets)[queries] > 0]
    rows = {"nigh": [], "numba": []}
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(map(str, queries)))
        file.flush()
        for _ in range(3):
            output = subprocess.run([program, path, file.name], check=True, capture_output=True, text=True)
            rows["nigh"].append(json.loads(output.stdout))
            rows["numba"].append(run_peer(offsets, targets, queries))
    best = {name: max(runs, key=lambda run: run["qps"]) for name, runs in rows.items()}
    best["ratio"] = best["nigh"]["qps"] / best["numba"]["qps"]
    best["a_a"] = {name: [round(run["qps"]) for run in runs] for name, runs in rows.items()}
    print(json.dumps(best))


main()
