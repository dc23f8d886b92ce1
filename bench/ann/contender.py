"""What every peer can do: be built once, be loaded, take a setting, answer.

A setting is a dict of numbers. `grid` lists families of settings, each from little to much effort; `near`
lists the settings around one, for the second, finer pass.
"""

import os
import time

import numpy as np

from vectors import K, read_json, write_json


class Contender:
    suffix = ""

    def __init__(self, name, data):
        self.name, self.data = name, data

    def file(self):
        return self.data.index_file(self.name + self.suffix)

    def about_file(self):
        return self.data.index_file(self.name + ".meta.json")

    def ensure_built(self):
        """Build and save the index unless its file is there; CPU seconds and bytes go beside it."""
        if os.path.exists(self.file()) and os.path.exists(self.about_file()):
            return
        cpu, wall = time.process_time(), time.perf_counter()
        index = self.build()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.save(index)
        about = dict(build_cpu=cpu, build_wall=wall, threads=1, bytes=size(self.file()))
        write_json(self.about_file(), about)
        print(f"{self.data.name}: built {self.name} in {cpu:.0f} CPU-seconds", flush=True)

    def about(self):
        """(CPU seconds of the build, bytes that must be held to search)"""
        about = read_json(self.about_file())
        return about["build_cpu"], about["bytes"] + self.bytes_beside()

    def bytes_beside(self):
        return 0

    def prepare(self, queries):
        """Whatever can be done to the queries before the clock starts."""
        self.queries = np.ascontiguousarray(queries)
        self.single = [self.queries[i : i + 1] for i in range(len(queries))]

    def singles(self):
        """All queries, one per call; `ids` makes rows of the answers when the clock has stopped."""
        return [self.one(query) for query in self.single]

    def batch(self):
        raise NotImplementedError

    def ids(self, answers):
        """Rows of K ids; -1 where too few were found."""
        rows = np.full((len(answers), K), -1, np.int64)
        for row, answer in zip(rows, answers):
            found = np.ravel(answer)[:K]
            row[: len(found)] = found
        return rows

    def beside(self, setting, **steps):
        """Settings that differ from `setting` in one number, by each of its steps."""
        found = []
        for key, values in steps.items():
            found += [{**setting, key: value} for value in values if value != setting[key] and value >= 1]
        return found


def around(value, *parts):
    """Whole numbers at these parts of `value`, and the next ones to it."""
    return sorted({max(1, round(value * part)) for part in parts} | {max(1, value - 1), value + 1})


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(size(os.path.join(path, name)) for name in os.listdir(path))
