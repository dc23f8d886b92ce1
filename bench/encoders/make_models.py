"""Writes models of real architectures with random weights to a folder: what they compute is noise,
what it costs is not.

make_models.py FOLDER

Needs torch, transformers and onnx. CLIP ViT-B/32's image half (88 M parameters), ViT-S/16 (22 M)
and ResNet-50 (24 M), each with a sidecar that says how nigh feeds it.
"""

import json
import pathlib
import sys

import torch
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTModel,
)


class Embedding(torch.nn.Module):
    """A model reduced to one tensor of embeddings."""

    def __init__(self, model, take):
        super().__init__()
        self.model, self.take = model, take

    def forward(self, pixels):
        return self.take(self.model(pixel_values=pixels))


def clip_b32():
    config = CLIPVisionConfig(patch_size=32, projection_dim=512, attn_implementation="eager")
    return Embedding(CLIPVisionModelWithProjection(config), lambda out: out.image_embeds)


def vit_s16():
    config = ViTConfig(
        hidden_size=384,
        intermediate_size=1536,
        num_attention_heads=6,
        attn_implementation="eager",
    )
    model = ViTModel(config, add_pooling_layer=False)
    return Embedding(model, lambda out: out.last_hidden_state[:, 0])


def resnet_50():
    model = ResNetModel(ResNetConfig())
    # Statistics as a training leaves them: with the initial ones activations grow without end.
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return Embedding(model, lambda out: out.pooler_output.flatten(1))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    for make in (clip_b32, vit_s16, resnet_50):
        path = folder / f"{make.__name__}.onnx"
        torch.onnx.export(
            make().eval(),
            (torch.randn(2, 3, 224, 224),),
            str(path),
            input_names=["pixels"],
            output_names=["embedding"],
            dynamic_axes={"pixels": {0: "batch"}, "embedding": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
        sidecar = {
            "size": [224, 224],
            "resize": "stretch",
            "rescale": 1 / 255,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.25, 0.25],
        }
        path.with_name(path.name + ".json").write_text(json.dumps(sidecar, indent=2) + "\n")
        print(path)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
