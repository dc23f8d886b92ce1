"""Asks the standard's checker and ONNX Runtime about converted models.

check.py ORIGINAL CONVERTED [ORIGINAL CONVERTED ...]: each converted model must pass the checker
with shape inference, load in ONNX Runtime, and give on random input what the original gives, up to
quantisation; an input alone must give what it gives among others, bit for bit where products are
in integers alone and to rounding otherwise.
"""

import sys

import numpy as np
import onnx
import onnxruntime as ort


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(session, values):
    name = session.get_inputs()[0].name
    return session.run([session.get_outputs()[0].name], {name: values})[0].reshape(len(values), -1)


def check(original, converted):
    onnx.checker.check_model(converted, full_check=True)
    before, after = session(original), session(converted)
    sides = [side if isinstance(side, int) else 64 for side in before.get_inputs()[0].shape[2:]]
    values = np.random.default_rng(7).standard_normal((5, 3, *sides)).astype(np.float32)
    expected, found = run(before, values), run(after, values)
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    cosine = ((expected * found).sum(axis=1) / lengths).mean()
    alone = np.concatenate([run(after, value[None]) for value in values])
    apart = np.abs(alone - found).max() / np.abs(found).max()
    print(f"{converted}: cosine {cosine:.6f}, alone and among others {apart:.1e} apart")
    assert cosine > 0.97, f"{converted}: cosine {cosine}"
    assert apart < 1e-5, f"{converted}: {apart} apart"


if __name__ == "__main__":
    paths = sys.argv[1:]
    assert paths and len(paths) % 2 == 0, __doc__
    for original, converted in zip(paths[::2], paths[1::2]):
        check(original, converted)
