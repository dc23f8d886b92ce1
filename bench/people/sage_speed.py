"""PyG on the batches of `cargo run --release -p nigh-learn --example sage_speed DIR/splits/GRAPH BATCHES-FILE`.

python sage_speed.py BATCHES-FILE [THREADS]. Sampling is not in these times; `plain` runs both layers over all edges and people
(PyG's usual recipe), `trimmed` each layer over its own block, as nigh does. Process CPU time, each run twice.
"""
import sys, time
import numpy as np
import torch
import torch.nn.functional as F
from torch_geometric.nn import SAGEConv

torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
raw = torch.from_numpy(np.fromfile(sys.argv[1], dtype="<u4").astype(np.int64))
n, count = int(raw[0]), int(raw[1])
at = 2


def take():
    global at
    size = int(raw[at])
    at += 1 + size
    return raw[at - size:at]


batches = []
for _ in range(count):
    nodes, blocks = take(), []
    for _ in range(2):
        targets, sources = take().tolist()
        blocks.append((targets, sources, torch.stack([take(), take()])))
    batches.append((nodes, blocks, take().view(-1, 2), take()))
X = torch.randn(n, 128)


def run(trimmed):
    torch.manual_seed(0)
    layers = torch.nn.ModuleList([SAGEConv(128, 128), SAGEConv(128, 128)])
    adam = torch.optim.Adam(layers.parameters(), lr=1e-3)

    def step(nodes, blocks, links, shared):
        x = X[nodes]
        if trimmed:
            (n0, _, e0), (n1, _, e1) = blocks
            h = layers[0]((x, x[:n1]), e1).relu()
            z = layers[1]((h, h[:n0]), e0)
        else:
            edges = blocks[1][2]
            z = layers[1](layers[0](x, edges).relu(), edges)
        u, v, w = z[links[:, 0]], z[links[:, 1]], z[shared]
        loss = F.softplus(-(u * v).sum(1)).mean() + F.softplus(u @ w.T).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()

    for b in batches[:20]:
        step(*b)
    start = time.process_time()
    for b in batches:
        step(*b)
    return (time.process_time() - start) / len(batches)


for name, trimmed in [("plain", False), ("trimmed", True)] * 2:
    s = run(trimmed)
    print(f"pyg {name}: {s * 1e3:.2f} ms, {1 / s:.0f} steps per CPU-second", flush=True)
