"""python -m unittest discover bench/ann"""

import os
import stat
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import measure
import nigh
import report
import vectors
from data import Nearest, disturb

HERE = os.path.dirname(os.path.abspath(__file__))
FAKE = """#!/usr/bin/env python3
import json, os, sys
given = dict(zip(sys.argv[3::2], sys.argv[4::2]))
assert sys.argv[1:3] == ["index", "eval"] and "--sweep" in sys.argv and "--json" in sys.argv, sys.argv
assert os.path.exists(given["--base"]) and os.path.exists(given["--truth"]), given
points = [dict(recall_at_10=recall, single_qps=speed, batch_qps=2 * speed, single_p99_us=90.0,
               single_qps_wall=speed - 1, batch_qps_wall=2 * speed - 1, params={"nprobe": probes})
          for recall, speed, probes in ((0.91, 300.0, 1), (0.96, 200.0, 2), (0.995, 100.0, 4))]
print(json.dumps(dict(build_seconds=3.5, bytes=1234, points=points)))
"""


def point(recall, speed, **setting):
    mode = dict(recall=recall, qps=speed, qps_wall=speed)
    return dict(setting=setting, single=dict(mode), batch=dict(mode))


class Arithmetic(unittest.TestCase):
    points = [point(0.89, 900, a=1), point(0.95, 500, a=2), point(0.96, 700, a=3), point(0.99, 100, a=4)]

    def test_best_is_the_fastest_that_reaches_the_recall(self):
        for level, expected in ((0.5, 1), (0.9, 3), (0.96, 3), (0.97, 4), (0.99, 4), (0.995, None)):
            with self.subTest(level=level):
                found = measure.best(self.points, "single", level)
                self.assertEqual(found and found["setting"]["a"], expected)

    def test_frontier_leaves_out_what_is_beaten_in_both(self):
        kept = [found["setting"]["a"] for found in measure.frontier(self.points, "batch")]
        self.assertEqual(kept, [1, 3, 4])

    def test_merge_keeps_the_best_speed_and_the_least_recall_of_a_setting(self):
        merged = measure.merge([[point(0.91, 10, p=[1, {"b": 2}])], [point(0.90, 12, p=[1, {"b": 2}]), point(1, 1, p=3)]])
        self.assertEqual([(one["single"]["qps"], one["single"]["recall"]) for one in merged], [(12, 0.90), (1, 1)])

    def test_recall_counts_hits_anywhere_in_the_ten(self):
        truth = np.arange(20).reshape(2, 10)
        missing = np.full((2, 10), -1)
        half = np.where(np.arange(10) < 5, truth, missing)
        for found, expected in ((truth, 1.0), (truth[:, ::-1], 1.0), (missing, 0.0), (half, 0.5)):
            with self.subTest(expected=expected):
                self.assertEqual(measure.recall(found, truth), expected)


class Data(unittest.TestCase):
    def test_neighbours_found_block_by_block_are_those_of_the_whole(self):
        rng = np.random.default_rng(1)
        base, queries = (rng.standard_normal((n, 8)).astype(np.float32) for n in (700, 5))
        for metric, scores in (("ip", -queries @ base.T), ("l2", ((queries[:, None] - base) ** 2).sum(2))):
            with self.subTest(metric=metric):
                nearest = Nearest(queries, metric)
                for first in range(0, 700, 150):
                    nearest.see(base[first : first + 150])
                np.testing.assert_array_equal(nearest.ids, np.argsort(scores, 1)[:, :100])

    def test_disturbed_pictures_stay_pictures(self):
        white = np.full((40, 784), 255, np.uint8)
        moved = disturb(white, np.random.default_rng(2))
        middle = moved.reshape(40, 28, 28)[:, 12:16, 12:16]
        self.assertTrue((moved >= 0).all() and (moved <= 255).all())
        self.assertTrue((middle >= 0.69 * 255).all())
        self.assertGreater(len(np.unique(middle[:, 0, 0].round())), 10)

    def test_a_cut_file_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "base.fbin")
            vectors.write(path, np.ones((3, 4)), "<f4")
            np.testing.assert_array_equal(vectors.mapped(path, "<f4"), np.ones((3, 4)))
            os.truncate(path, 50)
            with self.assertRaisesRegex(ValueError, "3 x 4 needs 56 bytes, the file has 50"):
                vectors.mapped(path, "<f4")


class WholeRun(unittest.TestCase):
    """A small set under d1's name, one peer, and a stand-in for nigh with known answers."""

    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        self.set, self.binary = os.path.join(self.root.name, "d1"), os.path.join(self.root.name, "nigh")
        os.makedirs(self.set)
        rng = np.random.default_rng(3)
        base, queries = (rng.integers(0, 256, (n, 784)).astype(np.float32) for n in (1500, 40))
        nearest = Nearest(queries, "l2")
        nearest.see(base)
        for name, rows, kind in (("base.fbin", base, "<f4"), ("query.fbin", queries, "<f4"), ("gt100.ibin", nearest.ids, "<i4")):
            vectors.write(os.path.join(self.set, name), rows, kind)
        vectors.write_json(os.path.join(self.set, "meta.json"), dict(name="d1", metric="l2"))
        report.save(self.binary, FAKE)
        os.chmod(self.binary, stat.S_IRWXU)

    def test_answer_of_nigh_has_the_shape_of_a_peers(self):
        found = nigh.one_round(self.binary, vectors.Dataset(self.set))
        self.assertEqual((found["build_cpu"], found["bytes"]), (3.5, 1234))
        self.assertEqual(measure.best(found["points"], "batch", 0.95)["batch"]["qps"], 400.0)
        self.assertEqual(found["points"][0]["single"]["qps_wall"], 299.0)

    def test_command_writes_table_and_plot(self):
        command = [sys.executable, os.path.join(HERE, "run.py"), "--data", self.root.name, "--sets", "d1"]
        command += ["--rounds", "2", "--only", "faiss-hnsw32_efc64,faiss-hnsw32_efc64/8bit_direct"]
        core = str(min(os.sched_getaffinity(0)))
        done = subprocess.run(
            [*command, "--core", core, "--out", self.root.name],
            env={**os.environ, "NIGH_BIN": self.binary},
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        table = self.written("ann.md")
        self.assertIn("| nigh | 300 (600) | 200 (400) | 100 (200) | 4 | 0 |", table)
        self.assertRegex(table, r"\| 0.90 \| single \| 300 \| [\d,]+ \| faiss-hnsw32_efc64[^|]* \| ef \d+ \| [\d.]+ \| [\d.]+ \|")
        self.assertIn("round 2 of 2, faiss-hnsw32_efc64", done.stdout)
        self.assertIn("<svg", self.written("ann.svg")[:1000])

    def written(self, name):
        with open(os.path.join(self.root.name, name)) as stored:
            return stored.read()


if __name__ == "__main__":
    unittest.main()
