"""Finds the settings worth measuring: a grid, then two finer passes around the best at each recall."""

import os

from measure import LEVELS, MODES, best, frontier, key, point
from vectors import read_json, write_json

ENOUGH = 0.996  # recall above which more effort is not tried
SLOW = 0.25  # a family is left when it is this much slower than the best that found more
KEPT = 3  # settings kept per recall and mode
SHOWN = 6  # further settings kept for the plot


def sweep(contender, data):
    """Measure widely; store points and the chosen settings beside the index."""
    measured = {}
    for family in contender.grid():
        climb(contender, data, family, measured)
    for _ in range(2):
        for setting in [s for found in chosen(measured.values(), 1, 0) for s in contender.near(found)]:
            measure_once(contender, data, setting, measured)
    settings = chosen(measured.values(), KEPT, SHOWN)
    write_json(stored(contender), dict(settings=settings, points=list(measured.values())))
    return settings


def climb(contender, data, family, measured):
    """Raise the effort until recall is enough, grows no more, or costs far more than elsewhere."""
    last = []
    for setting in family:
        found = measure_once(contender, data, setting, measured)
        reached = found["single"]["recall"]
        if reached > ENOUGH or (len(last) >= 3 and reached - last[-3] < 0.002) or behind(found, measured):
            return
        last.append(reached)


def behind(found, measured):
    better = best(measured.values(), "single", found["single"]["recall"])
    return found["single"]["qps"] < SLOW * better["single"]["qps"]


def measure_once(contender, data, setting, measured):
    name = key(setting)
    if name not in measured:
        measured[name] = point(contender, setting, data, repeats=1)
    return measured[name]


def chosen(points, per_level, shown):
    """The fastest settings at each recall in both modes, and a thin frontier around them."""
    found = {}
    for mode in MODES:
        for level in LEVELS:
            left = list(points)
            for _ in range(per_level):
                top = best(left, mode, level)
                if top:
                    left = [one for one in left if one is not top]
                    found[key(top["setting"])] = top["setting"]
    wide = [one for one in frontier(points, "single") if one["single"]["recall"] > 0.8]
    for one in wide[:: max(1, len(wide) // shown)] if shown else []:
        found[key(one["setting"])] = one["setting"]
    return list(found.values())


def stored(contender):
    return contender.data.index_file(contender.name.replace("/", "_") + ".frontier.json")


def settings(contender):
    return read_json(stored(contender))["settings"] if os.path.exists(stored(contender)) else None
