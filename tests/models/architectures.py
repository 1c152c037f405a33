#!/usr/bin/python3
"""architectures.py FOLDER [NAME...]: the architectures that people compile, small, with seeded random weights.

Each row is one architecture as hub implementations write it and torch.onnx.export exports it. FOLDER/NAME becomes a
model folder for generators; for graphs it holds model.onnx and cases/N/INPUT.npy. expect.json there says what `smelt
inspect` must find: per entry one attention per layer (two in the decoder of an encoder-decoder), every norm, every rotary
embedding, and a feed-forward whose activation is done in its linear.
"""

import argparse
import os
import sys

from hub_export import dump_json, export_decoder, export_onnx  # first: it skips where PyTorch is absent

import numpy as np
import torch

from byte_tokenizer import BYTE_COUNT, byte_tokenizer
from merged_export import merge_decoders
from seq2seq_export import export_seq2seq
from zoo.causal import CausalConfig, CausalLM
from zoo.encoder import Encoder, EncoderConfig
from zoo.seq2seq import DecoderPart, EncoderPart, Seq2Seq, Seq2SeqConfig

# ---- decoder-only: name -> opset, what differs from Llama -------------------------------------------------------

GPT2 = dict(norm="layer", positions="learned", qkv="thirds", qkv_bias=True, out_bias=True, feed_forward="plain",
            feed_forward_bias=True, activation="gelu_new", mask="padding", scores="where")

CAUSAL = {
    "gpt2": (11, GPT2),
    "opt": (13, dict(GPT2, qkv="separate", activation="relu", mask="filled_if_many", scores="matmul")),
    "llama": (14, dict(kv_head_count=2)),
    "llama_tables": (12, dict(positions="tables")),
    "qwen2": (15, dict(kv_head_count=2, qkv_bias=True, mask="positions")),
    "qwen3": (17, dict(kv_head_count=2, qk_norm=True, mask="positions")),
    "mistral": (16, dict(kv_head_count=1, mask="positions", window=6)),
    "gemma": (14, dict(norm="gemma", kv_head_count=1, activation="gelu_new", embedding_scale=True)),
    "gemma2": (17, dict(norm="gemma", kv_head_count=2, activation="gelu_new", embedding_scale=True, post_norm=True,
                        score_cap=5.0, logit_cap=10.0, query_scale=0.2, mask="positions")),
    "phi": (13, dict(norm="layer", rotary_dim=8, qkv_bias=True, out_bias=True, feed_forward="plain", activation="gelu_new",
                     feed_forward_bias=True, parallel="one_norm")),
    "phi3": (17, dict(kv_head_count=2, qkv="thirds", feed_forward="joined", mask="positions")),
    "falcon": (14, dict(norm="layer", kv_head_count=1, qkv="groups", feed_forward="plain", activation="gelu",
                        parallel="one_norm", repeat="broadcast")),
    "falcon_groups": (15, dict(norm="layer", kv_head_count=2, qkv="groups", feed_forward="plain", activation="gelu",
                               parallel="two_norms")),
    "gpt_neox": (12, dict(norm="layer", positions="tables", rotary_dim=8, qkv="heads", qkv_bias=True, out_bias=True,
                          feed_forward="plain", feed_forward_bias=True, activation="gelu", parallel="two_norms",
                          scores="baddbmm")),
    "gptj": (14, dict(norm="layer", positions="pairs", rotary_dim=8, turn_before_split=True, feed_forward="plain",
                      feed_forward_bias=True, activation="gelu_new", parallel="one_norm")),
    "stablelm": (14, dict(norm="layer", rotary_dim=8, turn_before_split=True)),
    "bloom": (13, dict(norm="layer", positions="alibi", qkv="heads", qkv_bias=True, out_bias=True, feed_forward="plain",
                       feed_forward_bias=True, activation="gelu_fast", scores="baddbmm", takes_positions=False)),
}


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


# The rows without "_merged", as hubs merged them: with what number of tokens the decoder with past was traced.
MERGED_CAUSAL = {"gpt2_merged": 3, "llama_merged": 3, "opt_merged": 1}


def export_causal(config, folder, opset, merged_sequence):
    def export(**more):
        export_decoder(model, folder, layer_count=config.layer_count, kv_head_count=config.kv_head_count,
                       head_dim=config.head_dim, opset=opset, takes_positions=config.takes_positions, **more)

    model = CausalLM(config)
    if not merged_sequence:
        export()
        return
    first, later = "decoder_model.onnx", "decoder_with_past_model.onnx"
    export(file=first, with_past=False)
    export(file=later, sequence=merged_sequence)
    first, later = os.path.join(folder, first), os.path.join(folder, later)
    merge_decoders(first, later, os.path.join(folder, "decoder_model_merged.onnx"), config.kv_head_count, config.head_dim)
    os.remove(first)
    os.remove(later)


def make_causal(name, folder):
    opset, changes = CAUSAL[name.replace("_merged", "")]
    config = CausalConfig(**changes)
    sequence = MERGED_CAUSAL.get(name)
    export_causal(config, folder, opset, sequence)
    write_generator_files(folder, config.context_tokens)
    expect = causal_expectation(config)
    dump_json(folder, "expect.json", {"prefill": None if sequence == 1 else expect, "decode": expect})


# ---- encoder-decoders: name -> opset, form of the export, what differs from BART ---------------------------------

T5 = dict(norm="rms", norm_first=True, bias=False, positions="buckets", activation="relu", attention="t5",
          scale_scores=False)
BART = dict(position_offset=2, logits_bias=True)
SEQ2SEQ = {
    "t5": (13, "merged", T5),
    "t5_pair": (12, "pair", T5),
    "flan_t5": (14, "merged_one", dict(T5, feed_forward="gated", activation="gelu_new")),
    "bart": (11, "merged", BART),
    "bart_pair": (14, "pair", BART),
    "marian": (13, "merged_one", dict(positions="sinusoid", embedding_scale=True, logits_bias=True, activation="silu")),
}


def seq2seq_expectation(c, is_decoder):
    embedding_norm = not c.norm_first and c.positions == "learned"
    norms = c.layer_count * (3 if is_decoder else 2) + (1 if c.norm_first or embedding_norm else 0)
    return {"attention": c.layer_count * (2 if is_decoder else 1), "layer_norm" if c.norm == "layer" else "rms_norm": norms,
            "rotary": 0, "activation" if c.feed_forward == "plain" else "gated": c.layer_count}


def make_seq2seq(name, folder):
    opset, form, changes = SEQ2SEQ[name]
    config = Seq2SeqConfig(**changes)
    export_seq2seq(Seq2Seq(config), folder, form, opset)
    write_generator_files(folder, config.context_tokens, decoder_start_token_id=1)
    decoder = seq2seq_expectation(config, True)
    expect = {"encode": seq2seq_expectation(config, False), "decode": decoder}
    if form == "merged":
        expect["prefill"] = decoder
    dump_json(folder, "expect.json", expect)


# ---- graphs: name -> opset, what differs from BERT -----------------------------------------------------------------

GRAPHS = {
    "bert": (11, dict(token_types=True, head="pooler")),
    "roberta": (12, dict(position_offset=2, activation="gelu_erf", head="labels")),
    "distilbert": (13, dict(mask="filled", scale="query", head="labels")),
    "deberta": (14, dict(mask="selected", relative=True)),
    "minilm": (14, dict(token_types=True, head="mean")),
    "clip_text": (14, dict(norm_first=True, mask="causal", activation="quick_gelu", heads="bmm", head="end")),
    "clip_vision": (15, dict(norm_first=True, mask="none", activation="quick_gelu", heads="bmm", patch=4)),
    "vit": (16, dict(norm_first=True, mask="none", patch=4, head="labels")),
}


def encoder_expectation(c):
    norms = 2 * c.layer_count + 1
    pooler = 1 if c.head == "pooler" else 0  # its tanh
    # What is left of sizes are strides: of each text's last token (CLIP), of the scores that DeBERTa gathers.
    strides = 1 if c.head == "end" else 2 if c.relative else 0
    return {"attention": c.layer_count, "layer_norm": norms, "rotary": 0, "activation": c.layer_count + pooler,
            "dims": strides}


def token_inputs(config, batch, tokens):
    axes = {0: "batch_size", 1: "sequence_length"}
    mask = torch.ones(batch, tokens, dtype=torch.int64)
    ids = torch.randint(3, config.vocab_size, (batch, tokens))
    for row in range(1, batch):
        mask[row, tokens - min(row, tokens - 1) :] = 0
    if config.position_offset is not None:
        ids = torch.where(mask == 1, ids, torch.full_like(ids, config.position_offset - 1))
    inputs = {"input_ids": (ids, axes), "attention_mask": (mask, axes)}
    if config.token_types:
        inputs["token_type_ids"] = (torch.randint(0, 2, (batch, tokens)), axes)
    return inputs


def encoder_inputs(config, batch, tokens):
    if not config.patch:
        return token_inputs(config, batch, tokens)
    return {"pixel_values": (torch.randn(batch, 3, config.image, config.image), {0: "batch_size"})}


def make_graph(name, folder):
    opset, changes = GRAPHS[name]
    config = EncoderConfig(**changes)
    model = Encoder(config).eval()
    symbols = {0: "batch_size", 1: "sequence_length"} if not config.patch else {0: "batch_size"}
    outputs = {"pooler": {"last_hidden_state": symbols, "pooler_output": {0: "batch_size"}}, "labels": {
        "logits": {0: "batch_size"}}, "mean": {"sentence_embedding": {0: "batch_size"}}, "end": {
            "text_embeds": {0: "batch_size"}}}.get(config.head, {"last_hidden_state": symbols})
    write_graph(model, folder, opset, lambda batch, tokens: encoder_inputs(config, batch, tokens), outputs)
    dump_json(folder, "expect.json", {"run": encoder_expectation(config)})


def write_graph(model, folder, opset, inputs_of, outputs):
    os.makedirs(folder, exist_ok=True)
    export_onnx(model, os.path.join(folder, "model.onnx"), inputs_of(2, 5), outputs, opset)
    for index, (batch, tokens) in enumerate(((1, 1), (2, 9), (3, 33))):
        case = os.path.join(folder, "cases", str(index))
        os.makedirs(case, exist_ok=True)
        for name, (tensor, _) in inputs_of(batch, tokens).items():
            np.save(os.path.join(case, f"{name}.npy"), tensor.numpy())


# ---- Whisper: its encoder reads features and its decoder's first step reads the encoder's result ---------------------

WHISPER = dict(norm_first=True, mel_bins=8, context_tokens=24)
WHISPER_PARTS = {"whisper_encoder": (14, False), "whisper_decoder": (17, True)}


def whisper_encoder_inputs(config, batch, tokens):
    del tokens  # Whisper's encoder reads 30 seconds, however little is said
    features = torch.randn(batch, config.mel_bins, 2 * config.context_tokens)
    return {"input_features": (features, {0: "batch_size"})}


def whisper_decoder_inputs(config, batch, tokens):
    ids = torch.randint(0, config.vocab_size, (batch, min(tokens, config.context_tokens)))
    return {"input_ids": (ids, {0: "batch_size", 1: "decoder_sequence_length"}),
            "encoder_hidden_states": (torch.randn(batch, config.context_tokens, config.width), {0: "batch_size"})}


def make_whisper(name, folder):
    opset, is_decoder = WHISPER_PARTS[name]
    config = Seq2SeqConfig(**WHISPER)
    model = Seq2Seq(config)
    if is_decoder:
        outputs = {"logits": {0: "batch_size", 1: "decoder_sequence_length"}}
        for layer in range(config.layer_count):
            for whose in ("decoder", "encoder"):
                for part in ("key", "value"):
                    outputs[f"present.{layer}.{whose}.{part}"] = {0: "batch_size", 2: f"{whose}_sequence_length_out"}
        write_graph(DecoderPart(model, False), folder, opset, lambda *size: whisper_decoder_inputs(config, *size), outputs)
    else:
        write_graph(EncoderPart(model), folder, opset, lambda *size: whisper_encoder_inputs(config, *size),
                    {"last_hidden_state": {0: "batch_size"}})
    expect = seq2seq_expectation(config, is_decoder)
    dump_json(folder, "expect.json", {"run": expect})


KINDS = ((CAUSAL, make_causal), (MERGED_CAUSAL, make_causal), (SEQ2SEQ, make_seq2seq), (GRAPHS, make_graph), (WHISPER_PARTS, make_whisper))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    makers = {name: make for rows, make in KINDS for name in rows}
    for name in args.names or makers:
        if name not in makers:
            sys.exit(f"there is no architecture '{name}'; there are {', '.join(makers)}")
        torch.manual_seed(1)
        makers[name](name, os.path.join(args.folder, name))


if __name__ == "__main__":
    main()
