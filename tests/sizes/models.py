"""Whole models with symbolic sizes: exports of tests/models/zoo, seeded."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))

from hub_export import export_onnx  # first: it skips where PyTorch is absent

import torch

from zoo.causal import CausalConfig, CausalLM
from zoo.encoder import Encoder, EncoderConfig
from zoo.seq2seq import EncoderPart, Seq2Seq, Seq2SeqConfig

TOKENS = {0: "batch", 1: "S"}


def ids(batch, tokens):
    return torch.zeros(batch, tokens, dtype=torch.int64)


def encoder(path, **changes):
    export_onnx(Encoder(EncoderConfig(layer_count=1, **changes)), path,
                {"input_ids": (ids(2, 5), TOKENS), "attention_mask": (ids(2, 5) + 1, TOKENS)},
                {"last_hidden_state": TOKENS})


def relative_encoder(path):
    config = Seq2SeqConfig(layer_count=1, norm="rms", norm_first=True, bias=False, positions="buckets", attention="t5",
                           scale_scores=False)
    export_onnx(EncoderPart(Seq2Seq(config)), path,
                {"input_ids": (ids(2, 5), TOKENS), "attention_mask": (ids(2, 5) + 1, TOKENS)},
                {"last_hidden_state": TOKENS})


def image(path):
    config = EncoderConfig(layer_count=1, norm_first=True, mask="none", patch=4)
    export_onnx(Encoder(config), path, {"pixel_values": (torch.zeros(2, 3, config.image, config.image), {0: "batch"})},
                {"last_hidden_state": {0: "batch"}})


def decoder(path, **changes):
    """With past under names of its own, so that it stays a graph with the batch, and its keys and values outside."""
    config = CausalConfig(layer_count=1, **changes)
    past = torch.zeros(2, config.kv_head_count, 4, config.head_dim)
    inputs = {"input_ids": (ids(2, 3), TOKENS),
              "attention_mask": (ids(2, 7) + 1, {0: "batch", 1: "P + S"}),
              "position_ids": (ids(2, 3), TOKENS),
              "keys": (past, {0: "batch", 2: "P"}), "values": (past, {0: "batch", 2: "P"})}
    if not config.takes_positions:
        del inputs["position_ids"]
    export_onnx(CausalLM(config), path, inputs, {"logits": TOKENS, "new_keys": {0: "batch", 2: "P + S"},
                                                 "new_values": {0: "batch", 2: "P + S"}})


GPT2 = dict(norm="layer", positions="learned", qkv="thirds", feed_forward="plain", activation="gelu_new", mask="padding",
            scores="where")

# name -> what writes it
MODELS = {
    "encoder": encoder,
    "filled_encoder": lambda path: encoder(path, mask="filled", scale="query"),
    "disentangled_encoder": lambda path: encoder(path, mask="selected", relative=True),
    "pooled_encoder": lambda path: encoder(path, head="mean"),
    "causal_encoder": lambda path: encoder(path, norm_first=True, mask="causal", heads="bmm"),
    "relative_encoder": relative_encoder,
    "image": image,
    "decoder": lambda path: decoder(path, kv_head_count=2),
    "window_decoder": lambda path: decoder(path, kv_head_count=2, mask="positions", window=6),
    "table_decoder": lambda path: decoder(path, **GPT2),
    "alibi_decoder": lambda path: decoder(path, norm="layer", positions="alibi", qkv="heads", feed_forward="plain",
                                          activation="gelu_fast", scores="baddbmm", takes_positions=False),
}
