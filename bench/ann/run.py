"""Runs nigh and the peers on the same data in the same run and writes a table and a plot.

    python run.py [--data FOLDER] [--sets d1,d2,d3] [--rounds 3] [--core 1]
    python run.py d4                      10 M x 96 against FAISS IVF-flat
    python run.py report [--sets d4]      table and plot again, from the stored results

What is missing (data, indexes, sweeps of the peers' settings) is made first and kept. Each round goes through
all contenders in turn, each in a process of its own. NIGH_BIN names nigh's binary; without it only peers run.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import measure
import nigh
import report
import sweep
from peers import contenders
from vectors import Dataset, read_json, write_json

HERE = os.path.dirname(os.path.abspath(__file__))
AGAIN = " (again)"


def main():
    given = arguments()
    quieten(given.core)
    names = ["d4"] if given.what == "d4" else given.sets.split(",")
    if given.what == "sweep":
        return [ready(dataset(name, given), given) for name in names]
    files = {name: os.path.join(given.data, name, "results.json") for name in names}
    for name in [] if given.what == "report" else names:
        write_json(files[name], measured(name, given))
    write = report.ten_million if names == ["d4"] else report.write
    write([read_json(file) for file in files.values()], given.out)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="?", default="all", choices=["all", "sweep", "d4", "report"])
    parser.add_argument("--data", default="data", metavar="FOLDER", help="sets, indexes and results (35 GB; d4: 12 GB more)")
    parser.add_argument("--sets", default="d1,d2,d3")
    parser.add_argument("--only", default="", metavar="NAMES", help="these peers, by comma (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--within", type=float, default=0.6, metavar="SHARE", help="a peer that was nowhere within\n"
                        "this share of the best in its sweep is not measured again (default 0.6)")  # fmt: skip
    parser.add_argument("--out", default=os.path.join(HERE, "../../docs"), metavar="FOLDER")
    parser.add_argument("--fashion-mnist", default=os.path.join(HERE, "../../../shared/data/fashion-mnist"))
    return parser.parse_args()


def quieten(core):
    """One core and one thread for this process and all it starts; large pages for their allocations."""
    os.sched_setaffinity(0, {core})
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"


def measured(name, given):
    """Everything about one data set: {name, n, d, metric, contenders: {name: round results merged}}."""
    data = dataset(name, given)
    names, left = rivals(data, ready(data, given), given.within)
    about = dict(name=name, n=data.n, d=data.d, metric=data.metric)
    return dict(about, contenders=rounds(data, names, given.rounds), left=left)


def dataset(name, given):
    """The data set, made if it is missing; in another process, for that takes much memory."""
    command = [sys.executable, os.path.join(HERE, "data.py"), name, given.data]
    subprocess.run([*command, "--fashion-mnist", given.fashion_mnist], check=True)
    return Dataset(os.path.join(given.data, name))


def ready(data, given):
    """Names of the contenders that are built and swept; one that fails is told and left out."""
    known = contenders(data)
    names = given.only.split(",") if given.only else list(known)
    for unknown in set(names) - set(known):
        sys.exit(f"no peer `{unknown}` on {data.name}; there are: {', '.join(known)}")
    return [name for name in names if is_ready(data, known[name])]


def is_ready(data, contender):
    if data.name == "d4":
        return work("build", data, contender.name) is not None
    if sweep.settings(contender):
        return True
    print(f"{data.name}: sweeping {contender.name}", flush=True)
    return bool((work("sweep", data, contender.name) or {}).get("settings"))


def work(action, data, name):
    """What `worker.py` answers, or None, told, if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "answer.json")
        command = [sys.executable, os.path.join(HERE, "worker.py"), action, data.folder, name, out]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            print(f"{data.name}: {name} failed to {action}:\n{done.stderr[-2000:]}", flush=True)
            return None
        return read_json(out)


def rivals(data, names, within):
    """(the names worth measuring again, the others with the best share they had of the fastest peer)"""
    if data.name == "d4":
        return names, {}
    known = contenders(data)
    swept = {name: read_json(sweep.stored(known[name]))["points"] for name in names}
    shares = {name: max(share(points, swept) for share in SHARES) for name, points in swept.items()}
    left = {name: value for name, value in shares.items() if value < within}
    kept = sorted((name for name in names if name not in left), key=lambda name: -shares[name])
    return kept, left


def share_at(mode, level):
    def share(points, swept):
        speeds = [top[mode]["qps"] for top in (measure.best(p, mode, level) for p in swept.values()) if top]
        own = measure.best(points, mode, level)
        return own[mode]["qps"] / max(speeds) if own else 0.0

    return share


SHARES = [share_at(mode, level) for mode in measure.MODES for level in measure.LEVELS]


def rounds(data, names, count):
    """Each round: nigh, then every peer, then the first peer again for the noise."""
    found = {}
    for number in range(count):
        for name in turn(names):
            print(f"{data.name}: round {number + 1} of {count}, {name}", flush=True)
            answer = nigh.one_round(os.environ["NIGH_BIN"], data) if name == "nigh" else again(data, name)
            if answer:
                found.setdefault(name, []).append(answer)
    return {name: joined(answers) for name, answers in found.items()}


def turn(names):
    own = ["nigh"] if os.environ.get("NIGH_BIN") else []
    return own + names + [names[0] + AGAIN]


def again(data, name):
    return work("round", data, name.removesuffix(AGAIN))


def joined(answers):
    points = measure.merge([answer["points"] for answer in answers])
    return dict(build_cpu=answers[0]["build_cpu"], bytes=answers[0]["bytes"], points=points)


if __name__ == "__main__":
    main()
