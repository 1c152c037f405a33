#!/usr/bin/python3
"""architectures.py FOLDER CELL...: the architectures that people compile, small, with seeded random weights.

Each row is one architecture as hub implementations write it and torch.onnx.export exports it; the cell NAME-FORM-OPSET
is one export of it, and FOLDER/CELL what becomes of it: a model folder for generators; model.onnx and cases/N/INPUT.npy
for graphs. expect.json there says what `smelt inspect` must find: per entry one attention per layer (two in the decoder
of an encoder-decoder), every norm, every rotary embedding, and a feed-forward whose activation is done in its linear.
"""

import argparse
import os
import sys

from hub_export import cache_names, dump_json, export_decoder, export_onnx  # first: it skips where PyTorch is absent

import numpy as np
import torch

from byte_tokenizer import BYTE_COUNT, byte_tokenizer
from merged_export import merge_decoders
from seq2seq_export import export_seq2seq, features
from zoo.causal import CausalConfig, CausalLM
from zoo.encoder import Encoder, EncoderConfig
from zoo.seq2seq import DecoderPart, EncoderPart, Seq2Seq, Seq2SeqConfig

OPSETS = range(11, 18)

# ---- decoder-only: name -> what differs from Llama --------------------------------------------------------------

GPT2 = dict(norm="layer", positions="learned", qkv="thirds", qkv_bias=True, out_bias=True, feed_forward="plain",
            feed_forward_bias=True, activation="gelu_new", mask="padding", scores="where")

CAUSAL = {
    "gpt2": GPT2,
    "opt": dict(GPT2, qkv="separate", activation="relu", mask="filled_if_many", scores="matmul"),
    "llama": dict(kv_head_count=2),
    "llama_tables": dict(positions="tables"),
    "llama_tiled": dict(kv_head_count=2, repeat="tile"),
    "qwen2": dict(kv_head_count=2, qkv_bias=True, mask="positions"),
    "qwen3": dict(kv_head_count=2, qk_norm=True, mask="positions"),
    "mistral": dict(kv_head_count=1, mask="positions", window=6),
    "mistral_first": dict(kv_head_count=1, mask="logarithm", window=6),
    "mistral_triu": dict(kv_head_count=1, mask="filled_outside", window=6),
    "starcoder2": dict(norm="layer", kv_head_count=2, qkv_bias=True, out_bias=True, feed_forward="plain",
                       feed_forward_bias=True, activation="gelu_new", mask="filled_below", window=6),
    "distances": dict(kv_head_count=1, mask="distances", window=6),
    "counted": dict(kv_head_count=1, mask="counted", window=6),
    "gemma": dict(norm="gemma", kv_head_count=1, activation="gelu_new", embedding_scale=True),
    "gemma2": dict(norm="gemma", kv_head_count=2, activation="gelu_new", embedding_scale=True, post_norm=True,
                   score_cap=5.0, logit_cap=10.0, query_scale=0.2, mask="positions"),
    "gemma3": dict(norm="gemma", kv_head_count=1, activation="gelu_new", embedding_scale=True, post_norm=True, qk_norm=True,
                   mask="chosen_below", window=6),
    "phi": dict(norm="layer", rotary_dim=8, qkv_bias=True, out_bias=True, feed_forward="plain", activation="gelu_new",
                feed_forward_bias=True, parallel="one_norm"),
    "phi3": dict(kv_head_count=2, qkv="thirds", feed_forward="joined", mask="positions"),
    "falcon": dict(norm="layer", kv_head_count=1, qkv="groups", feed_forward="plain", activation="gelu",
                   parallel="one_norm", repeat="broadcast"),
    "falcon_groups": dict(norm="layer", kv_head_count=2, qkv="groups", feed_forward="plain", activation="gelu",
                          parallel="two_norms"),
    "gpt_neox": dict(norm="layer", positions="tables", rotary_dim=8, qkv="heads", qkv_bias=True, out_bias=True,
                     feed_forward="plain", feed_forward_bias=True, activation="gelu", parallel="two_norms",
                     scores="baddbmm"),
    "gptj": dict(norm="layer", positions="pairs", rotary_dim=8, turn_before_split=True, feed_forward="plain",
                 feed_forward_bias=True, activation="gelu_new", parallel="one_norm"),
    "stablelm": dict(norm="layer", rotary_dim=8, turn_before_split=True),
    "bloom": dict(norm="layer", positions="alibi", qkv="heads", qkv_bias=True, out_bias=True, feed_forward="plain",
                  feed_forward_bias=True, activation="gelu_fast", scores="baddbmm", takes_positions=False),
}

# model.onnx with past; decoder_model.onnx without, a graph; both merged; merged with past traced on a single token.
CAUSAL_FORMS = {"past": 3, "first": None, "merged": 3}
OPT_FORMS = {**CAUSAL_FORMS, "merged_one": 1}
# What that mask hides depends on how a text is cut into calls.
FIRST_FORMS = {"first": None}


def causal_expectation(c):
    norms = c.layer_count * (1 if c.parallel == "one_norm" else 4 if c.post_norm else 2) + 1
    norms += 2 * c.layer_count if c.qk_norm else 0
    rotary = 2 * c.layer_count if c.positions in ("angles", "tables", "pairs") else 0
    return {"attention": c.layer_count, "layer_norm" if c.norm == "layer" else "rms_norm": norms, "rotary": rotary,
            "activation" if c.feed_forward == "plain" else "gated": c.layer_count}


def write_generator_files(folder, context_tokens, **more):
    dump_json(folder, "tokenizer.json", byte_tokenizer())
    dump_json(folder, "config.json", {"max_position_embeddings": context_tokens, "bos_token_id": BYTE_COUNT,
                                      "eos_token_id": BYTE_COUNT, **more})


def causal_inputs(config, batch, tokens):
    """Of a decoder without past: padded on the right."""
    axes = {0: "batch_size", 1: "sequence_length"}
    inputs = {"input_ids": (torch.randint(0, config.vocab_size, (batch, tokens)), axes),
              "attention_mask": (padded_mask(batch, tokens), axes)}
    if config.takes_positions:
        inputs["position_ids"] = (torch.arange(tokens).repeat(batch, 1), axes)
    return inputs


def make_causal(name, form, opset, folder):
    config = CausalConfig(**CAUSAL[name])
    model = CausalLM(config)
    expect = causal_expectation(config)

    def export(**more):
        export_decoder(model, folder, layer_count=config.layer_count, kv_head_count=config.kv_head_count,
                       head_dim=config.head_dim, opset=opset, takes_positions=config.takes_positions, **more)

    if form == "first":
        axes = {0: "batch_size", 1: "sequence_length"}
        outputs = {"logits": axes, **dict.fromkeys(cache_names("present", config.layer_count),
                                                   {0: "batch_size", 2: "sequence_length"})}
        write_graph(model, folder, opset, lambda *size: causal_inputs(config, *size), outputs, {"run": expect})
        return
    if form == "past":
        export()
    else:
        first, later = "decoder_model.onnx", "decoder_with_past_model.onnx"
        export(file=first, with_past=False)
        export(file=later, sequence=OPT_FORMS[form])
        merge_decoders(folder, config.kv_head_count, config.head_dim)
    write_generator_files(folder, config.context_tokens)
    dump_json(folder, "expect.json", {"prefill": None if form == "merged_one" else expect, "decode": expect})


# ---- encoder-decoders: name -> what differs from BART --------------------------------------------------------------

T5 = dict(norm="rms", norm_first=True, bias=False, positions="buckets", activation="relu", attention="t5",
          scale_scores=False)
SEQ2SEQ = {
    "t5": T5,
    "flan_t5": dict(T5, feed_forward="gated", activation="gelu_new"),
    "bart": dict(position_offset=2, logits_bias=True),
    "marian": dict(positions="sinusoid", embedding_scale=True, logits_bias=True, activation="silu"),
    "whisper": dict(norm_first=True, mel_bins=8, context_tokens=32),
}
SEQ2SEQ_FORMS = ("merged", "merged_one", "pair", "first")
WHISPER_FORMS = ("encoder", *SEQ2SEQ_FORMS)


def seq2seq_expectation(c, is_decoder):
    embedding_norm = not c.norm_first and c.positions == "learned"
    norms = c.layer_count * (3 if is_decoder else 2) + (1 if c.norm_first or embedding_norm else 0)
    return {"attention": c.layer_count * (2 if is_decoder else 1), "layer_norm" if c.norm == "layer" else "rms_norm": norms,
            "rotary": 0, "activation" if c.feed_forward == "plain" else "gated": c.layer_count}


def first_step_inputs(config, batch, tokens):
    """Of a decoder without past, whose encoder read 4 more than the decoder does."""
    encoded = config.context_tokens if config.mel_bins else tokens + 4
    encoder_axes = {0: "batch_size"} if config.mel_bins else {0: "batch_size", 1: "encoder_sequence_length"}
    ids = torch.randint(0, config.vocab_size, (batch, min(tokens, config.context_tokens)))
    inputs = {"input_ids": (ids, {0: "batch_size", 1: "decoder_sequence_length"}),
              "encoder_hidden_states": (torch.randn(batch, encoded, config.width), encoder_axes)}
    if not config.mel_bins:
        inputs["encoder_attention_mask"] = (padded_mask(batch, encoded), encoder_axes)
    return inputs


def first_step_outputs(config):
    outputs = {"logits": {0: "batch_size", 1: "decoder_sequence_length"}}
    for layer in range(config.layer_count):
        for whose in ("decoder", "encoder"):
            for part in ("key", "value"):
                outputs[f"present.{layer}.{whose}.{part}"] = {0: "batch_size", 2: f"{whose}_sequence_length_out"}
    return outputs


def write_speech_files(config, folder):
    """What the encoder reads instead of a text, and how the decoder's text must begin."""
    np.save(os.path.join(folder, "features.npy"), features(config, 1)["input_features"][0].numpy())
    dump_json(folder, "preprocessor_config.json", {"feature_size": config.mel_bins, "nb_max_frames": 2 * config.context_tokens})
    dump_json(folder, "generation_config.json", {"forced_decoder_ids": [[1, 7], [2, 9]]})


def make_seq2seq(name, form, opset, folder):
    config = Seq2SeqConfig(**SEQ2SEQ[name])
    model = Seq2Seq(config)
    decoder, encoder = (seq2seq_expectation(config, is_decoder) for is_decoder in (True, False))
    if form == "first":
        write_graph(DecoderPart(model, False), folder, opset, lambda *size: first_step_inputs(config, *size),
                    first_step_outputs(config), {"run": decoder})
    elif form == "encoder":
        write_graph(EncoderPart(model), folder, opset, lambda batch, tokens: features(config, batch),
                    {"last_hidden_state": {0: "batch_size"}}, {"run": encoder})
    else:
        export_seq2seq(model, folder, form, opset)
        write_generator_files(folder, config.context_tokens, decoder_start_token_id=1, vocab_size=config.vocab_size)
        if config.mel_bins:
            write_speech_files(config, folder)
        expect = {"encode": encoder, "decode": decoder}
        dump_json(folder, "expect.json", {**expect, "prefill": decoder} if form == "merged" else expect)


# ---- graphs: name -> what differs from BERT ------------------------------------------------------------------------

ENCODERS = {
    "bert": dict(token_types=True, head="pooler"),
    "roberta": dict(position_offset=2, activation="gelu_erf", head="labels"),
    "distilbert": dict(mask="filled", scale="query", head="labels"),
    "deberta": dict(mask="selected", relative=True),
    "minilm": dict(token_types=True, head="mean"),
    "clip_text": dict(norm_first=True, mask="causal", activation="quick_gelu", heads="bmm", head="end"),
    "clip_vision": dict(norm_first=True, mask="none", activation="quick_gelu", heads="bmm", patch=4),
    "vit": dict(norm_first=True, mask="none", patch=4, head="labels"),
}


def encoder_expectation(c):
    norms = 2 * c.layer_count + 1
    pooler = 1 if c.head == "pooler" else 0  # its tanh
    # What is left of sizes are strides: of each text's last token (CLIP), of the scores that DeBERTa gathers.
    strides = 1 if c.head == "end" else 2 if c.relative else 0
    return {"attention": c.layer_count, "layer_norm": norms, "rotary": 0, "activation": c.layer_count + pooler,
            "dims": strides}


def padded_mask(batch, tokens):
    """Row n has n tokens of padding behind it, as far as one remains."""
    mask = torch.ones(batch, tokens, dtype=torch.int64)
    for row in range(1, batch):
        mask[row, tokens - min(row, tokens - 1) :] = 0
    return mask


def encoder_inputs(config, batch, tokens):
    if config.patch:
        return {"pixel_values": (torch.randn(batch, 3, config.image, config.image), {0: "batch_size"})}
    axes = {0: "batch_size", 1: "sequence_length"}
    ids, mask = torch.randint(3, config.vocab_size, (batch, tokens)), padded_mask(batch, tokens)
    if config.position_offset is not None:
        ids = torch.where(mask == 1, ids, torch.full_like(ids, config.position_offset - 1))
    inputs = {"input_ids": (ids, axes), "attention_mask": (mask, axes)}
    if config.token_types:
        inputs["token_type_ids"] = (torch.randint(0, 2, (batch, tokens)), axes)
    return inputs


def make_encoder(name, form, opset, folder):
    del form  # there is one
    config = EncoderConfig(**ENCODERS[name])
    batch, symbols = {0: "batch_size"}, {0: "batch_size"} if config.patch else {0: "batch_size", 1: "sequence_length"}
    outputs = {"pooler": {"last_hidden_state": symbols, "pooler_output": batch}, "labels": {"logits": batch},
               "mean": {"sentence_embedding": batch}, "end": {"text_embeds": batch}}
    write_graph(Encoder(config), folder, opset, lambda *size: encoder_inputs(config, *size),
                outputs.get(config.head, {"last_hidden_state": symbols}), {"run": encoder_expectation(config)})


def write_graph(model, folder, opset, inputs_of, outputs, expect):
    """inputs_of(batch, tokens): {name: (tensor, axes)}"""
    os.makedirs(folder, exist_ok=True)
    export_onnx(model, os.path.join(folder, "model.onnx"), inputs_of(2, 5), outputs, opset)
    for index, (batch, tokens) in enumerate(((1, 1), (2, 9), (3, 33))):
        case = os.path.join(folder, "cases", str(index))
        os.makedirs(case, exist_ok=True)
        for name, (tensor, _) in inputs_of(batch, tokens).items():
            np.save(os.path.join(case, f"{name}.npy"), tensor.numpy())
    dump_json(folder, "expect.json", expect)


# ---- cells -----------------------------------------------------------------------------------------------------------

# Shapes of models on hubs: name -> the architecture, its sizes. One form and opset of each, by `make shapes`.
SHAPES = {
    "t5_small": ("t5", dict(vocab_size=32128, width=512, inner=2048, layer_count=6, head_count=8, head_dim=64,
                            context_tokens=512)),
    "marian_base": ("marian", dict(vocab_size=58101, width=512, inner=2048, layer_count=6, head_count=8, head_dim=64,
                                   context_tokens=512)),
    "bart_base": ("bart", dict(vocab_size=50265, width=768, inner=3072, layer_count=6, head_count=12, head_dim=64,
                               context_tokens=1024)),
    "whisper_tiny": ("whisper", dict(vocab_size=51865, width=384, inner=1536, layer_count=4, head_count=6, head_dim=64,
                                     mel_bins=80, context_tokens=1500)),
    "minilm_l6": ("minilm", dict(vocab_size=30522, width=384, inner=1536, layer_count=6, head_count=12, context_tokens=512)),
    "distilbert_base": ("distilbert", dict(vocab_size=30522, width=768, inner=3072, layer_count=6, head_count=12,
                                           context_tokens=512)),
    "vit_tiny": ("vit", dict(width=192, inner=768, layer_count=12, head_count=3, patch=16, image=224)),
    "clip_base": ("clip_vision", dict(width=768, inner=3072, layer_count=12, head_count=12, patch=32, image=224)),
}
for shape, (base, sizes) in SHAPES.items():
    table = SEQ2SEQ if base in SEQ2SEQ else ENCODERS
    table[shape] = {**table[base], **sizes}

# name -> what makes it, its forms
ARCHITECTURES = {
    **{name: (make_causal, {"opt": OPT_FORMS, "mistral_first": FIRST_FORMS}.get(name, CAUSAL_FORMS)) for name in CAUSAL},
    **{name: (make_seq2seq, WHISPER_FORMS if "whisper" in name else SEQ2SEQ_FORMS) for name in SEQ2SEQ},
    **{name: (make_encoder, ("graph",)) for name in ENCODERS},
}


def make_cell(cell, folder):
    name, form, opset = cell.split("-")
    make, forms = ARCHITECTURES.get(name, (None, ()))
    if form not in forms or int(opset) not in OPSETS:
        sys.exit(f"there is no cell '{cell}': the architectures are {', '.join(ARCHITECTURES)}"
                 + (f"; the forms of {name} are {', '.join(forms)}" if forms else ""))
    torch.manual_seed(1)
    make(name, form, int(opset), os.path.join(folder, cell))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("cells", nargs="+", metavar="CELL")
    args = parser.parse_args()
    for cell in args.cells:
        make_cell(cell, args.folder)


if __name__ == "__main__":
    main()
