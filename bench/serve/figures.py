"""Percentiles and slopes."""

import math

FLAT_MIB_AN_HOUR = 30.0
"""What an hour may add: about a percent of a small machine's memory a night, and far more than the arithmetic's noise in an hour."""
LONG_ENOUGH_S = 1_200
"""A shorter period says nothing of hours: memory rises in the first six minutes of this load, until every thread has met the largest requests."""


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def latencies(took):
    """Of seconds: how many, and milliseconds."""
    ordered = sorted(took)
    ms = {name: 1e3 * percentile(ordered, share) for name, share in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]}
    return {"requests": len(ordered), **ms, "max": 1e3 * (ordered[-1] if ordered else 0.0)}


def fit(columns, wanted):
    """Least squares with a constant: the coefficient of the first column and its standard error.

    Samples that follow each other are alike, so that n of them say less than n independent ones: the error is widened by the residuals'
    correlation from one to the next, as n (1 - r) / (1 + r) samples would have it.
    """
    columns, wanted = [centred(column) for column in columns], centred(wanted)
    width = len(columns)
    normal = [[sum(a * b for a, b in zip(one, other)) for other in columns] for one in columns]
    right = [sum(a * b for a, b in zip(column, wanted)) for column in columns]
    inverse = inverted(normal)
    if inverse is None or len(wanted) <= width + 3:
        return None
    found = [sum(a * b for a, b in zip(row, right)) for row in inverse]
    left = [value - sum(c * x for c, x in zip(found, row)) for value, *row in zip(wanted, *columns)]
    square = sum(value * value for value in left)
    follow = sum(a * b for a, b in zip(left, left[1:])) / square if square > 0 else 0.0
    follow = min(max(follow, 0.0), 0.999)
    variance = square / (len(wanted) - width - 1) * (1 + follow) / (1 - follow)
    return found[0], math.sqrt(max(variance * inverse[0][0], 0.0))


def centred(column):
    mean = sum(column) / len(column)
    return [value - mean for value in column]


def inverted(matrix):
    """By Gauss and Jordan; None where the columns are not independent."""
    n = len(matrix)
    wide = [list(row) + [float(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    for column in range(n):
        pivot = max(range(column, n), key=lambda row: abs(wide[row][column]))
        if abs(wide[pivot][column]) < 1e-12 * max(1.0, abs(matrix[column][column])):
            return None
        wide[column], wide[pivot] = wide[pivot], wide[column]
        head = wide[column][column]
        wide[column] = [value / head for value in wide[column]]
        for row in range(n):
            if row != column:
                factor = wide[row][column]
                wide[row] = [a - factor * b for a, b in zip(wide[row], wide[column])]
    return [row[n:] for row in wide]


def slope(samples):
    """How memory went over the last 80 % of a period without a restart, in MiB an hour.

    "Flat" means that the slope and twice its standard error stay below `FLAT_MIB_AN_HOUR`. The number of items is held steady, so that
    these give no slope. What comes and goes by design are items that are newer than the index (they lie beside it until a new
    one is built) and the two caches: `adjusted` is the slope with items, newer items and the caches' bytes held fixed, and it is what is judged
    where it can be had, since a period seldom ends where the saw's tooth does. "Grows" is above that even without twice the error;
    anything between cannot be told, and wants a longer period.
    """
    if len(samples) < 20:
        return None
    last = samples[len(samples) // 5 :]
    hours = [(sample["at"] - last[0]["at"]) / 3600 for sample in last]
    rss = [sample["rss"] for sample in last]
    plain = fit([hours], rss)
    varying = [[sample[name] for sample in last] for name in ("items", "tail", "cached")]
    adjusted = fit([hours, *(column for column in varying if max(column) > min(column))], rss)
    span = samples[-1]["at"] - samples[0]["at"]
    return {
        "seconds": span,
        "first_mib": rss[0],
        "last_mib": rss[-1],
        "most_mib": max(rss),
        "slope": plain,
        "adjusted": adjusted,
        "verdict": verdict(span, adjusted or plain),
    }


def verdict(span, found):
    if span < LONG_ENOUGH_S or found is None:
        return "too short to say"
    least, most = found[0] - 2 * found[1], found[0] + 2 * found[1]
    if most < FLAT_MIB_AN_HOUR:
        return "flat"
    return "grows" if least > FLAT_MIB_AN_HOUR else "cannot be told"
