"""What the server has acknowledged to one client: exact, for every key is written by one client alone.

A key is `("item", id)`, `("person", id)`, `("edge", a, b)` or `("event", id)`; its value is a number that grows with every write, or None
where the thing must not be there. While a request is under way, what it would write is in `unsure`: where its reply was lost both
values are right, until somebody looks.
"""

import collections
import datetime

COLOURS = ["red", "green", "blue", "white", "black", "beige", "olive"]
BRANDS = [f"brand {number}" for number in range(40)]
FIRST_DAY = datetime.date(2024, 1, 1)


class Ledger:
    def __init__(self):
        self.held = collections.defaultdict(dict)
        self.there = collections.defaultdict(dict)
        self.unsure = {}

    def begin(self, changes):
        self.unsure = dict(changes)

    def done(self):
        for key, value in self.unsure.items():
            self.set(key, value)
        self.unsure = {}

    def set(self, key, value):
        self.held[key[0]][key] = value
        if value is None:
            self.there[key[0]].pop(key, None)
        else:
            self.there[key[0]][key] = value

    def forget(self, key):
        self.held[key[0]].pop(key, None)
        self.there[key[0]].pop(key, None)

    def value(self, key):
        return self.held[key[0]].get(key)

    def allowed(self, key):
        return [self.value(key), *([self.unsure[key]] if key in self.unsure else [])]

    def judge(self, key, found):
        """None where that is right, else `lost` or `phantom`. What was found holds from then on, so that each fault counts once."""
        allowed = self.allowed(key)
        self.unsure.pop(key, None)
        self.set(key, found)
        if found in allowed:
            return None
        older = allowed[0] is not None and (found is None or found < allowed[0])
        return "lost" if older else "phantom"

    def alive(self, kind):
        return list(self.there[kind])

    def known(self, kind):
        """All keys that were ever told of, and not forgotten."""
        return list(self.held[kind].keys() | {key for key in self.unsure if key[0] == kind})


def edge_key(a, b):
    return ("edge", *sorted((a, b)))


def other_end(edge, person):
    return edge[2] if edge[1] == person else edge[1]


def attributes(revision, seed):
    """An item's attributes all follow from which write it was and which pictures it has."""
    return {
        "rev": revision,
        "seed": seed,
        "colour": COLOURS[revision % len(COLOURS)],
        "brand": BRANDS[revision * 7 % len(BRANDS)],
        "price": revision % 4_000 / 4 + 0.125,
        "stock": revision % 13,
        "new": revision % 3 == 0,
        "added": str(FIRST_DAY + datetime.timedelta(days=revision % 700)),
    }


def revision_of(item):
    """Which write an item is; and, where its parts are not of one write, what is mixed."""
    found = item["attributes"]
    revision, seed = found.get("rev"), found.get("seed")
    if not isinstance(revision, int) or not isinstance(seed, int):
        return None, "it has no rev or no seed"
    expected = attributes(revision, seed)
    wrong = {name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)}
    return revision, f"attributes of two writes are mixed: {sorted(wrong)}" if wrong else None
