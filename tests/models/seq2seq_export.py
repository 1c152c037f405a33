"""Writes an encoder-decoder as hubs serve it: encoder_model.onnx, decoder_model.onnx, decoder_with_past_model.onnx and
decoder_model_merged.onnx, or some of them."""

import os

from hub_export import export_onnx

import torch

from merged_export import merge_decoders
from zoo.seq2seq import DecoderPart, EncoderPart

BATCH, TOKENS, PAST, ENCODED = 2, 3, 5, 7
ENCODER_AXES = {0: "batch_size", 1: "encoder_sequence_length"}


def features(config, batch):
    """Whisper's encoder reads 30 seconds, however little is said, which hub exports leave to its table of positions."""
    values = torch.randn(batch, config.mel_bins, 2 * config.context_tokens)
    return {"input_features": (values, {0: "batch_size", 1: "feature_size", 2: "encoder_sequence_length"})}


def export_encoder(model, folder, opset):
    path = os.path.join(folder, "encoder_model.onnx")
    if model.config.mel_bins:
        export_onnx(EncoderPart(model), path, features(model.config, BATCH), {"last_hidden_state": {0: "batch_size"}}, opset)
        return
    inputs = {"input_ids": (torch.ones(BATCH, ENCODED, dtype=torch.int64), ENCODER_AXES),
              "attention_mask": (torch.ones(BATCH, ENCODED, dtype=torch.int64), ENCODER_AXES)}
    export_onnx(EncoderPart(model), path, inputs, {"last_hidden_state": ENCODER_AXES}, opset)


def decoder_inputs(config, with_past, tokens):
    """With past hub exports trace one token, whose axis is then fixed."""
    axes = {0: "batch_size"} if tokens == 1 else {0: "batch_size", 1: "decoder_sequence_length"}
    inputs = {"input_ids": (torch.zeros(BATCH, tokens, dtype=torch.int64), axes)}
    encoded = config.context_tokens if config.mel_bins else ENCODED
    encoder_axes = {0: "batch_size", 1: "encoder_sequence_length / 2"} if config.mel_bins else ENCODER_AXES
    inputs["encoder_hidden_states"] = (torch.zeros(BATCH, encoded, config.width), encoder_axes)
    if not config.mel_bins:
        inputs["encoder_attention_mask"] = (torch.ones(BATCH, ENCODED, dtype=torch.int64), ENCODER_AXES)
    outputs = {"logits": {0: "batch_size", 1: "decoder_sequence_length"}}
    for layer in range(config.layer_count):
        for whose, symbol, length in (("decoder", "past_decoder_sequence_length", PAST),
                                      ("encoder", "encoder_sequence_length_out", encoded)):
            for part in ("key", "value"):
                name = f"{layer}.{whose}.{part}"
                past = torch.zeros(BATCH, config.head_count, length, config.head_dim)
                if with_past:
                    inputs[f"past_key_values.{name}"] = (past, {0: "batch_size", 2: symbol})
                if not with_past or whose == "decoder":
                    outputs[f"present.{name}"] = {0: "batch_size", 2: f"present_{whose}_sequence_length"}
    return inputs, outputs


def export_seq2seq(model, folder, form, opset):
    """form: merged, merged_one (with past traced on one token), pair (decoder_model and decoder_with_past_model)"""
    os.makedirs(folder, exist_ok=True)
    c = model.config
    export_encoder(model, folder, opset)
    first, later = (os.path.join(folder, f"decoder_{name}.onnx") for name in ("model", "with_past_model"))
    export_onnx(DecoderPart(model, False), first, *decoder_inputs(c, False, TOKENS), opset)
    export_onnx(DecoderPart(model, True), later, *decoder_inputs(c, True, TOKENS if form == "merged" else 1), opset)
    if form != "pair":
        merge_decoders(folder, c.head_count, c.head_dim)
