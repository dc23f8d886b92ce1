"""Writes networks.json: what torch and torch_geometric make of small networks. Run: python make.py (torch 2.15, PyG 2.8)."""
import json
import pathlib

import torch
import torch.nn.functional as F
from torch_geometric.nn import GATConv, GCNConv, SAGEConv

torch.manual_seed(4)
PEOPLE, FEATURES, WIDTHS = 14, 6, [8, 4]
a, b = torch.randint(0, PEOPLE - 1, (2, 30))  # the last person has no friends
pairs = sorted({(min(x, y), max(x, y)) for x, y in zip(a.tolist(), b.tolist()) if x != y})
edges = torch.tensor(pairs + [(y, x) for x, y in pairs]).T
features = torch.randn(PEOPLE, FEATURES)
links = torch.tensor(pairs[:9])
shared = torch.tensor([13, 0, 4, 4, 12, 7, 9])
own = torch.tensor([[1, 5], [2, 2], [3, 11], [13, 8], [0, 9], [6, 6], [10, 12], [4, 1], [7, 3]])


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


def conv(kind, inputs, outputs):
    return {
        "SageMean": lambda: SAGEConv(inputs, outputs),
        "SagePool": lambda: SAGEConv(inputs, outputs, aggr="max", project=True),
        "Gcn": lambda: GCNConv(inputs, outputs),
        "Gat": lambda: GATConv(inputs, outputs // 2, heads=2),
    }[kind]()


def matrices(kind, layer, of):
    """Weights (or their slopes) in nigh's order: rows are inputs."""
    if kind == "Gcn":
        return [of(layer.lin.weight).T, of(layer.bias)]
    if kind == "Gat":
        return [of(layer.lin.weight).T, of(layer.att_src), of(layer.att_dst), of(layer.bias)]
    both = torch.cat([of(layer.lin_r.weight).T, of(layer.lin_l.weight).T])
    pool = [of(layer.lin.weight).T, of(layer.lin.bias)] if kind == "SagePool" else []
    return pool + [both, of(layer.lin_l.bias)]


def link_loss(kind, z, scale):
    u, v = z[links[:, 0]], z[links[:, 1]]
    positive = scale * (u * v).sum(1, keepdim=True)
    negative = scale * torch.cat([u @ z[shared].T, (u[:, None] * z[own]).sum(2)], 1)
    if kind == "Softmax":
        return F.cross_entropy(torch.cat([positive, negative], 1), torch.zeros(len(u), dtype=torch.long))
    if kind == "Bpr":
        return F.softplus(negative - positive).mean()
    return F.softplus(-positive).mean() + F.softplus(negative).mean()


def network(kind, loss_kind):
    layers = torch.nn.ModuleList([conv(kind, FEATURES, WIDTHS[0]), conv(kind, WIDTHS[0], WIDTHS[1])])
    for name, parameter in layers.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
    adam = torch.optim.Adam(layers.parameters(), lr=0.01)
    out = {"kind": kind, "loss_kind": loss_kind}
    every = lambda of: [numbers(m) for layer in layers for m in matrices(kind, layer, of)]
    out["weights"] = every(lambda p: p)
    for step in range(3):
        z = layers[1](layers[0](features, edges).relu(), edges)
        loss = link_loss(loss_kind, z, 1.5)
        adam.zero_grad()
        loss.backward()
        if step == 0:
            out |= {"embeddings": numbers(z), "loss": loss.item(), "slopes": every(lambda p: p.grad)}
        adam.step()
    return out | {"weights_after_3_steps": every(lambda p: p)}


kinds = [("SageMean", "Softmax"), ("SagePool", "Bpr"), ("Gcn", "Logistic"), ("Gat", "Softmax")]
golden = {
    "people": PEOPLE,
    "edges": pairs,
    "features": numbers(features),
    "links": links.tolist(),
    "shared": shared.tolist(),
    "own": own.reshape(-1).tolist(),
    "networks": [network(*kind) for kind in kinds],
}
pathlib.Path(__file__).with_name("networks.json").write_text(json.dumps(golden))
