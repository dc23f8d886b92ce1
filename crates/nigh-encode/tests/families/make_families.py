"""Makes tiny models of real families, laid out as on the Hugging Face hub, and what transformers
computes with them.

Random weights, the real architectures, tokenizers and preprocessing. Needs torch, transformers,
onnx and Pillow. Run in this folder: python make_families.py
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import tokenizers
import torch
import transformers as hf
from onnx import TensorProto, helper
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
from make import packed, picture  # noqa: E402

SIDE = 32
PICTURES = [(0, 60, 80), (5, 91, 37), (7, 33, 32)]
TEXTS = [
    "red summer dress",
    "A photo of a Red dress, it's striped!",
    "Schuhe für Männer – größe 42",
    "   spaces   and\ttabs\n",
    "日本語のテキスト 🙂",
    "word " * 100,
]
CORPUS = [
    "a photo of a red summer dress with stripes",
    "a photo of a blue shirt for men, it's made of cotton",
    "shoes for women size 42, black leather boots",
    "Schuhe für Männer und Frauen in der Größe 42",
    "green t-shirt, white socks, a striped scarf and a hat",
    "watches and bags, the best of the season",
]
REAL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = REAL | {"image_size": SIDE, "patch_size": 8, "attn_implementation": "eager"}


def randomize(model, seed):
    """Weights of a size that lets every part of the model show in its output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                scale = parameter[0].numel() ** -0.5
                parameter.normal_(0, scale, generator=generator)
            elif parameter.dim() == 1:
                parameter.add_(torch.empty_like(parameter).normal_(0, 0.1, generator=generator))
        for part in model.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1, generator=generator)
                part.running_var.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


class Named(torch.nn.Module):
    """A model with positional inputs and the named outputs, which is what the exporter takes."""

    def __init__(self, model, inputs, outputs):
        super().__init__()
        self.model, self.inputs, self.outputs = model, inputs, outputs

    def forward(self, *values):
        found = self.model(**dict(zip(self.inputs, values)))
        return tuple(found[name] for name in self.outputs)


def export(model, inputs, outputs, example, path, sequence=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "batch"} for name in [*inputs, *outputs]}
    if sequence:
        for name in inputs:
            axes[name][1] = "sequence"
    torch.onnx.export(
        Named(model, inputs, outputs).eval(), example, str(path), input_names=inputs, output_names=outputs,
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )
    onnx.checker.check_model(str(path))


def unit(rows):
    rows = rows.detach().double().numpy()
    rows = rows.reshape(rows.shape[0], -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def images(folder, model, processor, output, file):
    """Exports an image model and adds what it gives for the pictures."""
    processor.save_pretrained(folder)
    pixels = torch.zeros(2, 3, SIDE, SIDE)
    export(model, ["pixel_values"], [output], (pixels,), folder / "onnx" / file, sequence=False)
    rows = []
    for which in PICTURES:
        values = processor(images=[picture(*which)], return_tensors="pt")["pixel_values"]
        assert values.shape == (1, 3, SIDE, SIDE), values.shape
        with torch.no_grad():
            embedding = model(pixel_values=values)[output]
        rows.append({
            "picture": which,
            "pixels": packed(unit(values)[0]),
            "embedding": packed(unit(embedding)[0]),
        })
    return rows


def texts(folder, model, tokenizer, output, inputs, padding):
    """Exports a text model and adds what it gives for the texts."""
    tokenizer.save_pretrained(folder)
    example = torch.tensor([[3, 4, 5, 1], [4, 3, 1, 1]])
    example = tuple(example if name == "input_ids" else torch.ones_like(example) for name in inputs)
    if padding == "max_length":
        example = tuple(value.repeat(1, tokenizer.model_max_length // 4) for value in example)
    file = folder / "onnx" / "text_model.onnx"
    export(model, inputs, [output], example, file)
    rows = []
    for text in TEXTS:
        given = tokenizer([text], padding=padding, truncation=True, return_tensors="pt")
        whole = len(tokenizer(text)["input_ids"])
        with torch.no_grad():
            embedding = model(**{name: given[name] for name in inputs})[output]
        rows.append({
            "text": text,
            "truncated": whole > tokenizer.model_max_length,
            "embedding": packed(unit(embedding)[0]),
        })
    return rows


def clip_tokenizer():
    """OpenAI's: words of bytes, with the end of a word marked."""
    backend = hf.CLIPTokenizer().backend_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False,
        min_frequency=1,
    )
    backend.train_from_iterator(CORPUS, trainer)
    trained = json.loads(backend.to_str())["model"]
    # As in the real vocabulary every character is there with the mark too, and the two special
    # tokens are the last.
    words = list(trained["vocab"])
    words += [letter + "</w>" for letter in alphabet if letter + "</w>" not in trained["vocab"]]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {word: place for place, word in enumerate(words)}
    merges = [tuple(pair) for pair in trained["merges"]]
    return hf.CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)


def unigram_tokenizer():
    """SigLIP's: SentencePiece's unigrams of text without capitals and punctuation."""
    backend = tokenizers.Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence([
        normalizers.NFKC(),
        normalizers.Lowercase(),
        normalizers.Replace(tokenizers.Regex(r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"""), ""),
        normalizers.Replace(tokenizers.Regex(r"\s+"), " "),
        normalizers.Strip(),
    ])
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(CORPUS, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="</s>", pad_token="</s>", unk_token="<unk>",
        model_max_length=64, model_input_names=["input_ids"],
    )


def gemma_tokenizer():
    """SigLIP 2's: pairs of characters, bytes where there is no other way. The tokenizer.json of
    the published models does not lower the capitals; their tokenizer class does."""
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trained = tokenizers.Tokenizer(models.BPE())
    trained.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(vocab_size=250, show_progress=False, min_frequency=1)
    trained.train_from_iterator(CORPUS, trainer)
    model = json.loads(trained.to_str())["model"]
    words = pieces + [word for word in model["vocab"] if word not in pieces]
    backend = tokenizers.Tokenizer(models.BPE(
        vocab={word: place for place, word in enumerate(words)},
        merges=[tuple(pair) for pair in model["merges"]],
        unk_token="<unk>", fuse_unk=True, byte_fallback=True,
    ))
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    backend.post_processor = processors.TemplateProcessing(
        single="$A <eos>", pair="$A <eos> $B <eos>", special_tokens=[("<eos>", 1)]
    )
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<eos>", pad_token="<pad>", unk_token="<unk>",
        bos_token="<bos>", model_max_length=64, model_input_names=["input_ids"],
    )


class Lowered:
    """The tokenizer with the step that transformers' class for SigLIP 2 puts before it."""

    def __init__(self, tokenizer):
        self.inner, self.model_max_length = tokenizer, tokenizer.model_max_length

    def save_pretrained(self, folder):
        self.inner.save_pretrained(folder)

    def __call__(self, text, **options):
        text = text.lower() if isinstance(text, str) else [one.lower() for one in text]
        return self.inner(text, **options)


def clip(folder):
    tokenizer = clip_tokenizer()
    text = REAL | {
        "vocab_size": len(tokenizer), "max_position_embeddings": 77, "hidden_act": "quick_gelu",
        "eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id,
        "attn_implementation": "eager",
    }
    config = hf.CLIPConfig(
        text_config=text, vision_config=VISION | {"hidden_act": "quick_gelu"}, projection_dim=24
    )
    config.save_pretrained(folder)
    config.text_config.projection_dim = config.vision_config.projection_dim = 24
    vision = randomize(hf.CLIPVisionModelWithProjection(config.vision_config), 1)
    words = randomize(hf.CLIPTextModelWithProjection(config.text_config), 2)
    processor = hf.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=SIDE)
    return {
        "images": images(folder, vision, processor, "image_embeds", "vision_model.onnx"),
        "texts": texts(folder, words, tokenizer, "text_embeds", ["input_ids", "attention_mask"], True),
    }


def siglip(folder, tokenizer, seed, layers):
    vocabulary = len(getattr(tokenizer, "inner", tokenizer))
    text = REAL | {
        "vocab_size": vocabulary, "max_position_embeddings": 64, "projection_size": 32,
        "attn_implementation": "eager",
    }
    sizes = {"num_hidden_layers": layers}
    config = hf.SiglipConfig(text_config=text | sizes, vision_config=VISION | sizes)
    config.save_pretrained(folder)
    vision = randomize(hf.SiglipVisionModel(config.vision_config), seed)
    words = randomize(hf.SiglipTextModel(config.text_config), seed + 1)
    processor = hf.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return {
        "images": images(folder, vision, processor, "pooler_output", "vision_model.onnx"),
        "texts": texts(folder, words, tokenizer, "pooler_output", ["input_ids"], "max_length"),
    }


def image_only(folder, model, processor, output="pooler_output", seed=5):
    model.config.save_pretrained(folder)
    return {"images": images(folder, randomize(model, seed), processor, output, "model.onnx")}


def dinov2(folder):
    config = hf.Dinov2Config(**(VISION | {"mlp_ratio": 2}))
    processor = hf.BitImageProcessorPil(size={"shortest_edge": 36}, crop_size=SIDE)
    return image_only(folder, hf.Dinov2Model(config), processor)


def vit(folder):
    processor = hf.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return image_only(folder, hf.ViTModel(hf.ViTConfig(**VISION)), processor)


def resnet(folder):
    config = hf.ResNetConfig(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 2], layer_type="bottleneck")
    processor = hf.ConvNextImageProcessorPil(size={"shortest_edge": SIDE}, crop_pct=0.875)
    return image_only(folder, hf.ResNetModel(config), processor)


def mobilenet(folder):
    config = hf.MobileNetV2Config(image_size=SIDE, depth_multiplier=0.15, expand_ratio=2, finegrained_output=False)
    processor = hf.MobileNetV2ImageProcessorPil(size={"shortest_edge": 36}, crop_size=SIDE)
    return image_only(folder, hf.MobileNetV2Model(config), processor)


def identity(path):
    """A model whose embedding is its input: preprocessing alone."""
    values = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
    rows = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3 * SIDE * SIDE])
    graph = helper.make_graph([helper.make_node("Flatten", ["pixel_values"], ["pixels"])], "pixels", [values], [rows])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


FAMILIES = {
    "clip": clip,
    "siglip": lambda folder: siglip(folder, unigram_tokenizer(), 11, 2),
    "siglip2": lambda folder: siglip(folder, Lowered(gemma_tokenizer()), 21, 1),
    "dinov2": dinov2,
    "vit": vit,
    "resnet": resnet,
    "mobilenet": mobilenet,
}


def main():
    here = pathlib.Path(".")
    identity("pixels.onnx")
    for name, family in FAMILIES.items():
        folder = here / name
        folder.mkdir(exist_ok=True)
        expected = family(folder)
        lines = {key: [json.dumps(row, ensure_ascii=False) for row in rows] for key, rows in expected.items()}
        body = ",\n".join(f' "{key}": [\n  ' + ",\n  ".join(rows) + "\n ]" for key, rows in lines.items())
        (folder / "expected.json").write_text("{\n" + body + "\n}\n")


if __name__ == "__main__":
    main()
