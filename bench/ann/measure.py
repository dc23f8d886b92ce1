"""Timing of one setting, and what a list of measured points says."""

import time

import numpy as np

from vectors import K

LEVELS = (0.90, 0.95, 0.99)
MODES = ("single", "batch")


def point(contender, setting, data, repeats=2, least=0.0):
    """Recall and queries per second of `setting`, all queries in one call and, if that found `least`, one per
    call."""
    contender.apply(setting)
    found = dict(setting=setting)
    for mode, ask in (("batch", contender.batch), ("single", contender.singles)):
        answers, cpu, wall = fastest(ask, repeats)
        found[mode] = dict(
            recall=recall(contender.ids(answers), data.truth),
            qps=len(contender.queries) / cpu,
            qps_wall=len(contender.queries) / wall,
        )
        if found[mode]["recall"] < least:
            break
    return found


def fastest(ask, repeats):
    """(answers, CPU seconds, wall seconds): the least of each; the machine may be shared."""
    cpus, walls = [], []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        answers = ask()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return answers, min(cpus), min(walls)


def recall(found, truth):
    hits = (found[:, :, None] == truth[: len(found), None, :K]).any(axis=1)
    return float(hits.mean())


def best(points, mode, level):
    """The fastest measured point with at least this recall, or None; nothing is interpolated."""
    reached = [point for point in points if point[mode]["recall"] >= level]
    return max(reached, key=lambda point: point[mode]["qps"], default=None)


def frontier(points, mode):
    """Points that no other beats in both recall and speed, by rising recall."""
    kept, speed = [], 0.0
    for found in sorted(points, key=lambda point: (-point[mode]["recall"], -point[mode]["qps"])):
        if found[mode]["qps"] > speed:
            kept, speed = kept + [found], found[mode]["qps"]
    return kept[::-1]


def merge(rounds):
    """One list of points from those of several rounds: the best speed of each setting, the recall of the
    slowest to find (they agree unless the contender is random)."""
    merged = {}
    for found in (found for points in rounds for found in points):
        known = merged.setdefault(key(found["setting"]), found)
        if known is not found:
            for mode in MODES:
                known[mode] = both(known[mode], found[mode])
    return list(merged.values())


def both(one, other):
    joined = {name: max(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**joined, "recall": min(one["recall"], other["recall"])}


def key(setting):
    if isinstance(setting, dict):
        return tuple(sorted((name, key(value)) for name, value in setting.items()))
    return tuple(map(key, setting)) if isinstance(setting, list) else setting
