"""Makes the outputs that tests/onnx.rs compares with, and the tiny models it can always run.

Needs numpy, Pillow, onnx and onnxruntime. Run in this folder, with the folder of the real
models: python make.py PATH/TO/encoders
"""

import base64
import json
import math
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

FILTERS = {
    "nearest": Image.NEAREST,
    "box": Image.BOX,
    "bilinear": Image.BILINEAR,
    "bicubic": Image.BICUBIC,
    "lanczos": Image.LANCZOS,
}


def picture(kind, width, height):
    """Integer arithmetic only; tests/onnx.rs computes the same."""
    wave = lambda t: np.abs(t % 510 - 255)
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    planes = []
    for channel in range(3):
        slope = wave((3 + kind) * x + (5 - channel) * y + 70 * channel)
        rings = wave((x * x + (2 + channel) * y * y) // (7 + 5 * kind))
        planes.append((slope * (8 - kind) + rings * kind) // 8)
    return np.stack(planes, axis=2).astype(np.uint8)


def bring_to_size(pixels, how):
    image = Image.fromarray(pixels)
    height, width = how["size"]
    filter = FILTERS[how["filter"]]
    if how["resize"] == "stretch":
        return np.array(image.resize((width, height), filter))
    if how["resize"] == "crop":
        scaled = image.resize([side * how["shorter_side"] // min(image.size) for side in image.size], filter)
        left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
        return np.array(scaled.crop((left, top, left + width, top + height)))
    factor = min(width / image.width, height / image.height)
    scaled = image.resize([math.floor(side * factor + 0.5) for side in image.size], filter)
    framed = Image.new("RGB", (width, height), tuple(how["background"]))
    framed.paste(scaled, ((width - scaled.width) // 2, (height - scaled.height) // 2))
    return np.array(framed)


def tensor(pixels, how):
    pixels = bring_to_size(pixels, how)
    if how["channels"] == "bgr":
        pixels = pixels[:, :, ::-1]
    values = (pixels.astype(np.float64) * how["rescale"] - how["mean"]) / how["std"]
    return values.astype(np.float32).transpose(2, 0, 1)[None]


def embedding(session, pixels, how):
    """The L2-normalised output, in f64."""
    entry = session.get_inputs()[0]
    values = tensor(pixels, how)
    if entry.type == "tensor(float16)":
        values = values.astype(np.float16)
    output = session.run([how["output"]], {entry.name: values})[0].astype(np.float64)
    if how.get("pool") == "mean":
        output = output.mean(axis=(2, 3))
    output = output.reshape(-1)
    return output / np.linalg.norm(output)


def packed(vector):
    """16 bits a number, little-endian, of the largest magnitude: cosine off by less than 1e-7."""
    scale = np.abs(vector).max()
    return base64.b16encode(np.round(vector / scale * 32767).astype("<i2").tobytes()).decode()


def session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def write(name, rows):
    with open(name, "w") as file:
        file.write("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")


def weights(name, shape, scale, dtype):
    """Repeatable and without a random generator: fractions of the golden ratio's multiples."""
    count = math.prod(shape)
    steps = np.arange(1, count + 1) * 0.6180339887498949 * (1 + len(name))
    return numpy_helper.from_array(((steps % 1 - 0.5) * scale).reshape(shape).astype(dtype), name)


def tiny(path, code, dtype, batch, opset, scale):
    """Two convolutions over 32 x 32; `map` is the last one's, `embedding` its mean, which in
    opset 7 goes through a softmax without an axis: over all axes but the first, as it was then."""
    means = ["embedding", "Flatten", [batch, 24]]
    if opset < 13:
        means = ["embedding", "Softmax", [batch, 24, 1, 1]]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c1"], ["r1"]),
            helper.make_node("Conv", ["r1", "weights2", "bias2"], ["c2"], kernel_shape=[3, 3], strides=[2, 2]),
            helper.make_node("Relu", ["c2"], ["map"]),
            helper.make_node("GlobalAveragePool", ["map"], ["mean"]),
            helper.make_node(means[1], ["mean"], [means[0]]),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", code, [batch, 3, 32, 32])],
        [
            helper.make_tensor_value_info(means[0], code, means[2]),
            helper.make_tensor_value_info("map", code, [batch, 24, 7, 7]),
        ],
        [
            weights("w1", [12, 3, 3, 3], 0.9, dtype),
            weights("b1", [12], 0.5, dtype),
            weights("weights2", [24, 12, 3, 3], 0.4 * scale, dtype),
            weights("bias2", [24], 0.5 * scale, dtype),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    onnx.checker.check_model(model)
    onnx.save(model, path)


TINY = {
    "input": "image",
    "output": "embedding",
    "pool": None,
    "dimension": 24,
    "size": [32, 32],
    "resize": "stretch",
    "filter": "bicubic",
    "channels": "rgb",
    "rescale": 1 / 255,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "licence": "Apache-2.0 OR MIT",
}

TINY_CASES = [
    {},
    {"filter": "nearest"},
    {"filter": "box"},
    {"filter": "bilinear"},
    {"filter": "lanczos"},
    {"resize": "crop", "shorter_side": 40},
    {"resize": "crop", "shorter_side": 32, "filter": "bilinear"},
    {"resize": "pad", "background": [255, 255, 255]},
    {"resize": "pad", "background": [10, 20, 30], "filter": "lanczos"},
    {"channels": "bgr", "rescale": 1.0, "mean": [104, 117, 123], "std": [1, 1, 1]},
    {"output": "map", "pool": "mean"},
]

SHAPES = [(0, 60, 80), (3, 224, 224), (5, 91, 37), (7, 300, 200)]


def main(encoders):
    tiny("tiny.onnx", TensorProto.FLOAT, np.float32, "N", opset=13, scale=1)
    tiny("tiny-fp16.onnx", TensorProto.FLOAT16, np.float16, 1, opset=7, scale=4)
    for name in ["tiny.onnx", "tiny-fp16.onnx"]:
        pathlib.Path(name + ".json").write_text(json.dumps(TINY, indent=1) + "\n")

    rows = []
    for model, cases in [("tiny.onnx", TINY_CASES), ("tiny-fp16.onnx", [{}])]:
        run = session(model)
        for case in cases:
            for kind, width, height in SHAPES:
                vector = embedding(run, picture(kind, width, height), TINY | case)
                rows.append({"model": model, "options": case, "picture": [kind, width, height], "embedding": packed(vector)})
    write("tiny.json", rows)

    rows = []
    for model in ["mobilenet_v2_1.0_224_dequant.onnx", "SqueezeNet_fp32_derived.onnx", "SqueezeNet_fp16.onnx"]:
        how = json.loads((encoders / (model + ".json")).read_text())
        run = session(encoders / model)
        for kind, width, height in SHAPES:
            vector = embedding(run, picture(kind, width, height), how)
            rows.append({"model": model, "options": {}, "picture": [kind, width, height], "embedding": packed(vector)})
    write("real.json", rows)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
