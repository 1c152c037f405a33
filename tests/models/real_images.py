#!/usr/bin/python3
"""real_images.py FOLDER KIND: graphs over images in their real size, with seeded random weights, as folders of a hub.

KIND: vit_tiny (ViT-Ti/16, 5.7 M parameters), clip_vision (ViT-B/32's side of CLIP, 88 M) or clip (both sides, 151 M).
"""

import argparse
import os

from hub_export import dump_json, export_onnx  # first: it skips where PyTorch is absent

import torch

from byte_tokenizer import BYTE_COUNT, byte_tokenizer
from image_processors import CLIP_NORM, HALF_NORM
from image_readers import image_axes
from zoo.encoder import Clip, Encoder, EncoderConfig

SIDE = 224
VIT = {"image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE}, "resample": 2, **HALF_NORM}
CLIP = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE},
        "resample": 3, "do_convert_rgb": True, **CLIP_NORM}
CLIP_VISION = dict(width=768, inner=3072, layer_count=12, head_count=12, norm_first=True, mask="none", activation="quick_gelu",
                   heads="bmm", patch=32, image=SIDE)
CLIP_TEXT = dict(width=512, inner=2048, layer_count=12, head_count=8, norm_first=True, mask="causal", activation="quick_gelu",
                 heads="bmm", head="end", vocab_size=49408, context_tokens=77)


def vit_tiny():
    return Encoder(EncoderConfig(width=192, inner=768, layer_count=12, head_count=3, norm_first=True, mask="none", patch=16,
                                 image=SIDE, head="labels", label_count=1000))


def clip_vision():
    return Encoder(EncoderConfig(**CLIP_VISION, head="pooler"))


def clip():
    return Clip(EncoderConfig(**CLIP_TEXT), EncoderConfig(**CLIP_VISION))


# kind: the module, its outputs, the image processor
KINDS = {
    "vit_tiny": (vit_tiny, ["logits"], VIT),
    "clip_vision": (clip_vision, ["last_hidden_state", "image_embeds"], CLIP),
    "clip": (clip, ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"], CLIP),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("kind", choices=KINDS)
    args = parser.parse_args()
    make, outputs, processor = KINDS[args.kind]
    torch.manual_seed(1)
    os.makedirs(args.folder, exist_ok=True)
    inputs = {"pixel_values": (torch.randn(1, 3, SIDE, SIDE), image_axes("image_batch_size"))}
    axes = {name: {0: "image_batch_size"} for name in outputs}
    if args.kind == "clip":
        text = {0: "text_batch_size", 1: "sequence_length"}
        ids = torch.randint(3, BYTE_COUNT, (3, 5))
        inputs = {"input_ids": (ids, text), **inputs, "attention_mask": (torch.ones_like(ids), text)}
        axes = {"logits_per_image": {0: "image_batch_size", 1: "text_batch_size"}, "text_embeds": {0: "text_batch_size"},
                "logits_per_text": {0: "text_batch_size", 1: "image_batch_size"}, "image_embeds": {0: "image_batch_size"}}
        dump_json(args.folder, "tokenizer.json", byte_tokenizer())
    export_onnx(make(), os.path.join(args.folder, "model.onnx"), inputs, axes)
    dump_json(args.folder, "config.json", {})
    dump_json(args.folder, "preprocessor_config.json", processor)


if __name__ == "__main__":
    main()
