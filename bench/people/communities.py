"""Peers of `cargo run --release -p nigh-graph --example communities`: CPU seconds, communities and modularity.

usage: communities.py EDGES [RUNS]      (packages: numpy networkit igraph; one thread)
EDGES: a line `u,v`, `u v` or `u<TAB>v` per undirected edge, ids 0..n-1; a header is skipped.
"""
import json
import random
import sys
import time

import igraph
import networkit
import numpy as np


def read(path):
    edges = []
    for line in open(path):
        ids = line.replace(",", " ").split()[:2]
        if len(ids) == 2 and all(i.isdigit() for i in ids):
            edges.append((int(ids[0]), int(ids[1])))
    edges = np.sort(np.array(edges), axis=1)
    edges = np.unique(edges[edges[:, 0] != edges[:, 1]], axis=0)
    return edges, int(edges.max()) + 1


def main(path, runs=3):
    networkit.setNumberOfThreads(1)
    edges, n = read(path)
    coo = (np.ones(len(edges)), (edges[:, 0].astype(np.uint64), edges[:, 1].astype(np.uint64)))
    net = networkit.GraphFromCoo(coo, n=n, weighted=False, directed=False)
    ig = igraph.Graph(n=n, edges=edges)
    igraph.set_random_number_generator(random)

    def detect(algorithm):
        return networkit.community.detectCommunities(net, algo=algorithm, inspect=False).getVector()

    methods = {
        "networkit_plm": lambda: detect(networkit.community.PLM(net, True)),
        "networkit_leiden": lambda: detect(networkit.community.ParallelLeiden(net, randomize=True)),
        "igraph_louvain": lambda: ig.community_multilevel().membership,
        "igraph_leiden": lambda: ig.community_leiden("modularity", n_iterations=2).membership,
    }
    for name, method in methods.items():
        for seed in range(runs):
            random.seed(seed)
            networkit.setSeed(seed, False)
            cpu, wall = time.process_time(), time.perf_counter()
            of = method()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            row = dict(method=name, seed=seed, cpu_s=round(cpu, 3), wall_s=round(wall, 3),
                       communities=len(set(of)), modularity=round(ig.modularity(list(of)), 4))
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
