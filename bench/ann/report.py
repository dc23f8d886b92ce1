"""Table and plot of a run."""

import os
import platform
from importlib import metadata

from measure import LEVELS, MODES, best, frontier

AGAIN = " (again)"
COMMAND = "NIGH_BIN=target/release/nigh bench/ann/run"


def write(sets, folder):
    """`ann.md` and `ann.svg` in `folder`."""
    lines = ["# Nearest neighbours: nigh and the libraries", "", *preface(), "![Speed over recall](ann.svg)", ""]
    for found in sets:
        lines += section(found)
    lines = "\n".join(lines).rstrip() + "\n"
    save(os.path.join(folder, "ann.md"), lines)
    plot(sets, os.path.join(folder, "ann.svg"))
    print(lines)


def save(path, text):
    with open(path, "w") as out:
        out.write(text)


def preface():
    libraries = ("faiss-cpu", "scann", "usearch", "hnswlib")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in libraries)
    return [
        "```console",
        f"$ {COMMAND}",
        "```",
        "",
        f"One pinned core of {processor()}; {versions}.",
        "All contenders in the same run, round by round in turn; queries per CPU-second, the best round of each",
        "setting; recall@10 of 1,000 queries. A figure is the fastest setting *measured* at or above the recall:",
        "nothing is interpolated. In brackets: 1,000 queries per call. A/A: one peer's second measurement in the",
        "same run over its first.",
        "",
    ]


def processor():
    """The CPU's name, and the widest vectors that it has, for names in virtual machines say little."""
    with open("/proc/cpuinfo") as told:
        fields = dict(line.split(":", 1) for line in told if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    wide = "AVX-512" if "avx512f" in fields.get("flags", "") else "AVX2"
    family = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return f"{fields.get('model name', platform.processor())} ({family}, {wide})"


def section(found):
    metric = dict(ip="inner product", l2="L2")[found["metric"]]
    head = [f"## {found['n']:,} × {found['d']}, {metric} ({found['name']})", ""]
    return head + against(found["contenders"]) + everyone(found["contenders"]) + left_out(found.get("left", {}))


def against(contenders):
    """nigh beside the best peer, and the noise: one peer measured twice."""
    peers = {name: value for name, value in contenders.items() if name != "nigh" and not name.endswith(AGAIN)}
    head = "| recall | calls | nigh, queries/s | the best peer's | which | its setting | nigh / peer | A/A |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for mode in MODES:
        for level in LEVELS:
            name, top = champion(peers, mode, level)
            own = speed(contenders.get("nigh"), mode, level)
            lines.append(
                f"| {level:.2f} | {mode} | {number(own)} | {number(top and top[mode]['qps'])} | {name} "
                f"| {setting(top)} | {ratio(own, top and top[mode]['qps'])} | {noise(contenders, mode, level)} |"
            )
    return lines + [""]


def champion(peers, mode, level):
    tops = [(name, best(value["points"], mode, level)) for name, value in peers.items()]
    tops = [(name, top) for name, top in tops if top]
    return max(tops, key=lambda pair: pair[1][mode]["qps"], default=("–", None))


def speed(contender, mode, level):
    top = contender and best(contender["points"], mode, level)
    return top and top[mode]["qps"]


def noise(contenders, mode, level):
    """The twice measured contender's second figure over its first."""
    twice = next((name for name in contenders if name.endswith(AGAIN)), None)
    if not twice:
        return "–"
    first, second = (speed(contenders.get(name), mode, level) for name in (twice.removesuffix(AGAIN), twice))
    return ratio(second, first)


def everyone(contenders):
    lines = ["| | 0.90 | 0.95 | 0.99 | build, CPU-s | MB |", "|---|---|---|---|---|---|"]
    for name, value in contenders.items():
        cells = [f"{number(speed(value, 'single', level))} ({number(speed(value, 'batch', level))})" for level in LEVELS]
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds(value['build_cpu'])} | {value['bytes'] / 1e6:,.0f} |")
    return lines + [""]


def left_out(left):
    if not left:
        return []
    names = ", ".join(f"{name} {share:.2f}" for name, share in sorted(left.items(), key=lambda pair: -pair[1]))
    return [f"Tried in the sweep and slower throughout (best share of the fastest peer's speed): {names}.", ""]


def setting(top):
    return ", ".join(f"{name} {value}" for name, value in top["setting"].items()) if top else "–"


def number(value):
    return f"{value:,.0f}" if value else "–"


def ratio(one, other):
    return f"{one / other:.2f}" if one and other else "–"


def plot(sets, path):
    """Frontiers: a row per mode, a column per data set; nigh thick and dark."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    pyplot.rcParams["svg.hashsalt"] = "nigh"  # the same results give the same file
    figure, axes = pyplot.subplots(len(MODES), len(sets), figsize=(6 * len(sets), 9), squeeze=False)
    for row, mode in zip(axes, MODES):
        for pane, found in zip(row, sets):
            panel(pane, found, mode)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def panel(pane, found, mode):
    for name, value in found["contenders"].items():
        line = [point for point in frontier(value["points"], mode) if point[mode]["recall"] >= 0.85]
        if line and not name.endswith(AGAIN):
            style = dict(linewidth=3, color="black", zorder=5) if name == "nigh" else dict(linewidth=1)
            recalls, speeds = zip(*((point[mode]["recall"], point[mode]["qps"]) for point in line))
            pane.plot(recalls, speeds, marker=".", label=name, **style)
    pane.set(yscale="log", xlim=(0.85, 1.0), xlabel="recall@10", ylabel=f"queries per CPU-second, {mode}")
    pane.set_title(f"{found['name']}: {found['n']:,} × {found['d']}, {found['metric']}")
    pane.grid(alpha=0.3, which="both")
    pane.legend(fontsize=7)


def ten_million(sets, folder):
    """`ann-10m.md`: nigh at the recall of each setting of FAISS IVF-flat."""
    contenders = sets[0]["contenders"]
    peer = next(name for name in contenders if name != "nigh" and not name.endswith(AGAIN))
    lines = ["# 10,000,000 × 96, inner product: nigh and FAISS IVF-flat", "", *preface()]
    lines[lines.index(f"$ {COMMAND}")] += " d4"
    lines += ["| nprobe | recall@10 | FAISS, ms | nigh, ms | FAISS / nigh | A/A |", "|---|---|---|---|---|---|"]
    lines += [compared(point, contenders, peer) for point in contenders[peer]["points"]]
    lines += ["", *everyone_built(contenders)]
    save(os.path.join(folder, "ann-10m.md"), "\n".join(lines) + "\n")
    print("\n".join(lines))


def compared(point, contenders, peer):
    recall, theirs = point["single"]["recall"], point["single"]["qps"]
    own = speed(contenders.get("nigh"), "single", recall)
    twice = [other for other in contenders[peer + AGAIN]["points"] if other["setting"] == point["setting"]]
    cells = [point["setting"]["nprobe"], f"{recall:.4f}", f"{1000 / theirs:.3f}", f"{1000 / own:.3f}" if own else "–"]
    return "| " + " | ".join(map(str, [*cells, ratio(own, theirs), ratio(twice[0]["single"]["qps"], theirs)])) + " |"


def seconds(build_cpu):
    """Nothing is known of an index that was there already."""
    return "–" if build_cpu is None else f"{build_cpu:.0f}"


def everyone_built(contenders):
    lines = ["| | build, CPU-s | MB |", "|---|---|---|"]
    kept = {name: value for name, value in contenders.items() if not name.endswith(AGAIN)}
    return lines + [f"| {name} | {seconds(v['build_cpu'])} | {v['bytes'] / 1e6:,.0f} |" for name, v in kept.items()]
