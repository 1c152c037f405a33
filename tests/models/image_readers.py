#!/usr/bin/python3
"""image_readers.py FOLDER: model folders of graphs that read images, one of each head, small, with seeded weights.

Axes are named as optimum names them: all of pixel_values are symbols, but for the kind `fixed`. tests/program/images_check.py builds the same
modules and computes what the programs must answer.
"""

import os
import sys

from hub_export import dump_json, export_onnx  # first: it skips where PyTorch is absent

import torch

from byte_tokenizer import BYTE_COUNT, byte_tokenizer
from image_processors import PROCESSORS, SIDE
from zoo.encoder import Clip, Encoder, EncoderConfig

LABELS = {"0": "circle", "1": "a \"quoted\" label", "2": "square", "3": "cross", "4": "nichts"}
VIT = dict(norm_first=True, mask="none", patch=4, image=SIDE)

# kind: the module, its outputs, config.json
KINDS = {
    "labels": (dict(VIT, head="labels"), ["logits"], {"architectures": ["ViTForImageClassification"], "id2label": LABELS}),
    "fixed": (dict(VIT, head="labels"), ["logits"], {}),
    "states": (VIT, ["last_hidden_state"], {"architectures": ["ViTModel"]}),
    "pooler": (dict(VIT, head="pooler"), ["last_hidden_state", "pooler_output"], {}),
    "clip": (None, ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"], {"architectures": ["CLIPModel"]}),
}
# The image processor of each kind's folder.
OWN = {"labels": "vit", "fixed": "bit", "states": "deit", "pooler": "convnext", "clip": "clip"}


def module(kind):
    torch.manual_seed(1 + list(KINDS).index(kind))
    text = dict(norm_first=True, mask="causal", activation="quick_gelu", heads="bmm", head="end", vocab_size=BYTE_COUNT + 1, context_tokens=40)
    vision = dict(VIT, activation="quick_gelu", heads="bmm")
    made = Clip(EncoderConfig(**text), EncoderConfig(**vision)) if kind == "clip" else Encoder(EncoderConfig(**KINDS[kind][0]))
    return made.eval()


def image_axes(batch):
    return {0: batch, 1: "num_channels", 2: "height", 3: "width"}


def write_folder(folder, kind):
    os.makedirs(folder, exist_ok=True)
    _, outputs, config = KINDS[kind]
    pixels = torch.randn(2, 3, SIDE, SIDE)
    axes = {0: "batch_size"} if kind == "fixed" else image_axes("image_batch_size" if kind == "clip" else "batch_size")
    inputs = {"pixel_values": (pixels, axes)}
    axes = {name: {0: "batch_size"} for name in outputs}
    if kind == "clip":
        text = {0: "text_batch_size", 1: "sequence_length"}
        ids = torch.randint(3, BYTE_COUNT, (3, 5))
        inputs = {"input_ids": (ids, text), **inputs, "attention_mask": (torch.ones_like(ids), text)}
        axes = {"logits_per_image": {0: "image_batch_size", 1: "text_batch_size"}, "logits_per_text": {0: "text_batch_size", 1: "image_batch_size"},
                "text_embeds": {0: "text_batch_size"}, "image_embeds": {0: "image_batch_size"}}
        dump_json(folder, "tokenizer.json", byte_tokenizer())
    export_onnx(module(kind), os.path.join(folder, "model.onnx"), inputs, axes)
    dump_json(folder, "config.json", config)
    if kind == "clip":  # as transformers 5 saves it
        dump_json(folder, "processor_config.json", {"image_processor": PROCESSORS[OWN[kind]], "processor_class": "CLIPProcessor"})
    else:
        dump_json(folder, "preprocessor_config.json", PROCESSORS[OWN[kind]])


def main():
    for kind in KINDS:
        write_folder(os.path.join(sys.argv[1], kind), kind)


if __name__ == "__main__":
    main()
