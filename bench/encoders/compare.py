"""Processor time of an image in nigh and in ONNX Runtime, on the same models in the same run.

compare.py MODEL.onnx... [--batches 1,8] [--rounds 5]

Both run on one core, in turns: nigh, ONNX Runtime, nigh, ONNX Runtime... The first two turns of
nigh are compared with each other too (A/A), which says how far the machine's mood goes. nigh's
time includes bringing 224 x 224 pixels into the tensor; ONNX Runtime gets the tensor.

Needs `cargo build --release -p nigh-encode --example model_speed`, onnxruntime and numpy.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

PEER = """
import json, sys, time
import numpy as np
import onnxruntime as ort
model, batch, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
values = np.random.default_rng(0).standard_normal((batch, 3, 224, 224)).astype(np.float32)
output = [session.get_outputs()[0].name]
session.run(output, {name: values})
times = []
for _ in range(runs):
    start = time.process_time()
    session.run(output, {name: values})
    times.append((time.process_time() - start) * 1e3 / batch)
print(json.dumps({"cpu_ms": float(np.median(times))}))
"""


def milliseconds(command):
    pinned = ["taskset", "-c", "0", *map(str, command)]
    done = subprocess.run(pinned, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(pinned[:6])}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.splitlines()[-1])["cpu_ms"]


def nigh(target, model, batch, runs):
    return milliseconds([target / "release/examples/model_speed", model, batch, runs])


def onnxruntime(model, batch, runs):
    return milliseconds([sys.executable, "-c", PEER, model, batch, runs])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("models", nargs="+", type=pathlib.Path)
    arguments.add_argument("--batches", default="1,8")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--target", type=pathlib.Path, default=ROOT / "target")
    told = arguments.parse_args()
    header = ["model", "batch", "nigh ms", "onnxruntime ms", "nigh / onnxruntime", "A/A"]
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for model in told.models:
        for batch in map(int, told.batches.split(",")):
            runs = max(3, 24 // batch)
            ours, theirs = [], []
            for _ in range(told.rounds):
                ours.append(nigh(told.target, model, batch, runs))
                theirs.append(onnxruntime(model, batch, runs))
            mine, other = statistics.median(ours), statistics.median(theirs)
            row = [model.stem, batch, f"{mine:.1f}", f"{other:.1f}", f"{mine / other:.2f}", f"{ours[0] / ours[1]:.2f}"]
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()
