"""Finds the settings worth measuring: a grid with some of the queries, then all queries with the best settings
at each recall and, twice, with those around the best."""

import os

from measure import LEVELS, MODES, best, frontier, key, point
from vectors import read_json, write_json

ENOUGH = 0.996  # recall above which more effort is not tried
LITTLE = 0.85  # recall below which a setting is not timed one query per call
STILL = 0.001  # growth of recall over three steps below which a family is left
FEW = 300  # queries of the grid
KEPT = 3  # settings kept per recall and mode
SHOWN = 6  # further settings kept for the plot


def sweep(contender, data):
    """Measure widely; store points and the chosen settings beside the index."""
    rough, measured = {}, {}
    contender.prepare(data.queries[:FEW])
    for family in contender.grid():
        climb(contender, data, family, rough)
    contender.prepare(data.queries)
    for setting in chosen(timed(rough), 2, SHOWN):
        measure_once(contender, data, setting, measured)
    for _ in range(2):
        for setting in [s for found in chosen(timed(measured), 1, 0) for s in contender.near(found)]:
            measure_once(contender, data, setting, measured)
    settings = chosen(timed(measured), KEPT, SHOWN)
    write_json(stored(contender), dict(settings=settings, points=timed(measured)))
    return settings


def climb(contender, data, family, measured):
    """Raise the effort until recall is enough or grows no more."""
    last = []
    for setting in family:
        found = measure_once(contender, data, setting, measured)
        reached = found["batch"]["recall"]
        if reached > ENOUGH or (len(last) >= 3 and reached - last[-3] < STILL):
            return
        last.append(reached)


def measure_once(contender, data, setting, measured):
    name = key(setting)
    if name not in measured:
        measured[name] = point(contender, setting, data, repeats=1, least=LITTLE)
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


def timed(measured):
    return [found for found in measured.values() if "single" in found]


def stored(contender):
    return contender.data.index_file(contender.name.replace("/", "_") + ".frontier.json")


def settings(contender):
    return read_json(stored(contender))["settings"] if os.path.exists(stored(contender)) else None
