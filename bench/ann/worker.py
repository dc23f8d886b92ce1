"""One contender in a process of its own: build, sweep, or one round of its settings.

    python worker.py build|sweep|round DATASET_FOLDER CONTENDER OUT.json

A process each keeps libraries, allocators and page layouts apart; only one runs at a time.
"""

import sys

import measure
import sweep
from peers import contenders
from vectors import Dataset, write_json


def main(action, folder, name, out):
    data = Dataset(folder)
    contender = contenders(data)[name]
    contender.ensure_built()
    answer = {}
    if action != "build":
        contender.load()
        contender.prepare(data.queries)
        answer = dict(sweep=swept, round=one_round)[action](contender, data)
    write_json(out, answer)


def swept(contender, data):
    return dict(settings=sweep.sweep(contender, data))


def one_round(contender, data):
    cpu, size = contender.about()
    settings = sweep.settings(contender) or every(contender)
    contender.apply(settings[0])
    contender.batch()  # the index is touched before anything is timed
    points = [measure.point(contender, setting, data) for setting in settings]
    return dict(build_cpu=cpu, bytes=size, points=points)


def every(contender):
    return [setting for family in contender.grid() for setting in family]


if __name__ == "__main__":
    main(*sys.argv[1:])
