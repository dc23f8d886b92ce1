"""Makes hub-vit.onnx, hub-classifier.onnx and hub-unnamed.onnx: the outputs that published exports have, and two
that none has, on a network of one layer. Needs numpy and onnx. Run in this folder: python make_hub.py
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, BLOCK, WIDTH, CLASSES = 16, 4, 6, 5
rng = np.random.default_rng(5)


def weights(name, *shape):
    return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)


def numbers(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def save(path, nodes, constants, outputs):
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs]
    graph = helper.make_graph(nodes, "hub", [pixels], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


patches = [
    helper.make_node("Conv", ["pixel_values", "kernel"], ["map"], kernel_shape=[BLOCK, BLOCK],
                     strides=[BLOCK, BLOCK], dilations=[1, 1], pads=[0, 0, 0, 0], group=1),
    helper.make_node("Tanh", ["map"], ["positions"]),
]
kernel = weights("kernel", WIDTH, 3, BLOCK, BLOCK)

tokens = SIDE // BLOCK * (SIDE // BLOCK)
save(
    "hub-vit.onnx",
    patches
    + [
        helper.make_node("Reshape", ["positions", "flat"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["last_hidden_state"], perm=[0, 2, 1]),
        helper.make_node("Gather", ["last_hidden_state", "first"], ["token"], axis=1),
        helper.make_node("MatMul", ["token", "projection"], ["pooler_output"]),
    ],
    [kernel, numbers("flat", 0, WIDTH, tokens), numpy_helper.from_array(np.array(0, np.int64), "first"),
     weights("projection", WIDTH, 4)],
    [("last_hidden_state", ["batch", tokens, WIDTH]), ("pooler_output", ["batch", 4])],
)

save(
    "hub-classifier.onnx",
    patches
    + [
        helper.make_node("GlobalAveragePool", ["positions"], ["/pooler/pooled"]),
        helper.make_node("Flatten", ["/pooler/pooled"], ["/classifier/features"]),
        helper.make_node("MatMul", ["/classifier/features", "classes"], ["/classifier/product"]),
        helper.make_node("Add", ["bias", "/classifier/product"], ["logits"]),
    ],
    [kernel, weights("classes", WIDTH, CLASSES), weights("bias", CLASSES)],
    [("logits", ["batch", CLASSES])],
)

save(
    "hub-unnamed.onnx",
    patches
    + [
        helper.make_node("GlobalAveragePool", ["positions"], ["left"]),
        helper.make_node("GlobalMaxPool", ["positions"], ["right"]),
    ],
    [kernel],
    [("left", ["batch", WIDTH, 1, 1]), ("right", ["batch", WIDTH, 1, 1])],
)
