#!/usr/bin/python3
"""speech.py FOLDER KIND: an encoder-decoder that hears, as hub exports have it, with seeded random weights.

KIND: whisper (small, hears 2 s at once), whisper_plain (the same without languages, times and forced tokens),
whisper_tiny (openai/whisper-tiny's sizes), moonshine (small, reads samples).
"""

import argparse
import os

from hub_export import dump_json, export_onnx  # first: it skips where PyTorch is absent

import torch

from byte_tokenizer import byte_tokenizer
from merged_export import merge_decoders
from seq2seq_export import export_seq2seq
from zoo import moonshine
from zoo.seq2seq import Seq2Seq, Seq2SeqConfig

RATE, HOP, TIMES_PER_SECOND = 16000, 160, 50
LANGUAGES = ("en", "de", "fr", "el")


def special_tokens(seconds):
    """Behind the 256 bytes and <|endoftext|>, in Whisper's order."""
    names = ["startoftranscript", *LANGUAGES, "translate", "transcribe", "startoflm", "startofprev", "nospeech",
             "notimestamps"]
    times = [f"{i / TIMES_PER_SECOND:.2f}" for i in range(seconds * TIMES_PER_SECOND + 1)]
    return names, times


def tokenizer_with(names, times):
    tokenizer = byte_tokenizer()
    for name in (*names, *times):
        tokenizer["added_tokens"].append({"id": 257 + len(tokenizer["added_tokens"]) - 1, "content": f"<|{name}|>",
                                          "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                                          "special": name in names})
    return tokenizer


def write_files(folder, config, text_tokens, seconds, names, times, has_choices):
    ids = {name: 257 + i for i, name in enumerate(names)}
    dump_json(folder, "tokenizer.json", tokenizer_with(names, times))
    extractor = {
        "feature_extractor_type": "WhisperFeatureExtractor", "chunk_length": seconds, "feature_size": config.mel_bins,
        "hop_length": HOP, "n_fft": 400, "n_samples": seconds * RATE, "nb_max_frames": seconds * RATE // HOP,
        "padding_side": "right", "padding_value": 0.0, "return_attention_mask": False, "sampling_rate": RATE}
    if has_choices:
        dump_json(folder, "preprocessor_config.json", extractor)
    else:  # as transformers 5 saves it
        dump_json(folder, "processor_config.json", {"feature_extractor": extractor, "processor_class": "WhisperProcessor"})
    dump_json(folder, "config.json", {"max_target_positions": text_tokens, "bos_token_id": 256,
                                      "eos_token_id": 256, "decoder_start_token_id": ids["startoftranscript"]})
    choices = {"forced_decoder_ids": [[1, None], [2, ids["transcribe"]]], "is_multilingual": True,
               "lang_to_id": {f"<|{code}|>": ids[code] for code in LANGUAGES}, "max_initial_timestamp_index": 10,
               "no_timestamps_token_id": ids["notimestamps"], "prev_sot_token_id": ids["startofprev"],
               "task_to_id": {task: ids[task] for task in ("transcribe", "translate")}}
    suppressed = {"begin_suppress_tokens": [32, 256], "suppress_tokens": [1, 2, 7, 8, ids["startoftranscript"]]}
    dump_json(folder, "generation_config.json", {**suppressed, "eos_token_id": 256, "bos_token_id": 256,
                                                 **(choices if has_choices else {})})


# kind -> hears seconds, writes tokens, form, sizes, has choices of languages, tasks and times
KINDS = {
    "whisper": (2, 100, "pair", dict(mel_bins=80, context_tokens=100), True),
    "whisper_plain": (1, 50, "merged", dict(mel_bins=128, context_tokens=50), False),
    "whisper_tiny": (30, 448, "merged", dict(mel_bins=80, context_tokens=1500, width=384, inner=1536, layer_count=4, head_count=6,
                              head_dim=64), True),
}
REAL_VOCABULARY = 51865  # whisper_tiny's


# ---- Moonshine -----------------------------------------------------------------------------------------------------

def decoder_names(with_past):
    """Past inputs and present outputs: {name: axes}"""
    inputs, outputs = {}, {"logits": {0: "batch_size", 1: "decoder_sequence_length"}}
    for layer in range(moonshine.LAYERS):
        for whose in ("decoder", "encoder"):
            for part in ("key", "value"):
                name = f"{layer}.{whose}.{part}"
                axes = {0: "batch_size", 2: "past_length" if whose == "decoder" else "encoder_sequence_length"}
                inputs[f"past_key_values.{name}"] = axes
                if not with_past or whose == "decoder":
                    outputs[f"present.{name}"] = {0: "batch_size", 2: f"present_{whose}_length"}
    return inputs, outputs


def make_moonshine(folder):
    """As hub exports have it: encoder_model.onnx reads input_values [B, samples], the decoders are merged."""
    batch, tokens, past, encoded, vocab_size = 2, 3, 4, 6, 257
    encoder, decoder = moonshine.Encoder(), moonshine.Decoder(vocab_size)
    with torch.no_grad():
        decoder.proj_out.weight.mul_(8.0)
        for layer in decoder.layers:
            layer.encoder_attn.o_proj.weight.mul_(4.0)
    export_onnx(encoder, os.path.join(folder, "encoder_model.onnx"),
                {"input_values": (torch.randn(batch, 4000), {0: "batch_size", 1: "num_samples"})},
                {"last_hidden_state": {0: "batch_size", 1: "encoder_sequence_length"}})
    for file, with_past in (("decoder_model.onnx", False), ("decoder_with_past_model.onnx", True)):
        kept, outputs = decoder_names(with_past)
        inputs = {"input_ids": (torch.zeros(batch, tokens, dtype=torch.int64), {0: "batch_size", 1: "decoder_sequence_length"}),
                  "encoder_hidden_states": (torch.randn(batch, encoded, moonshine.WIDTH),
                                            {0: "batch_size", 1: "encoder_sequence_length"})}
        for name, axes in kept.items() if with_past else ():
            length = past if ".decoder." in name else encoded
            inputs[name] = (torch.randn(batch, moonshine.HEADS, length, moonshine.HEAD_DIM), axes)
        export_onnx(decoder, os.path.join(folder, file), inputs, outputs)
    merge_decoders(folder, moonshine.HEADS, moonshine.HEAD_DIM)
    dump_json(folder, "tokenizer.json", byte_tokenizer())
    dump_json(folder, "preprocessor_config.json", {
        "do_normalize": False, "feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "padding_side": "right",
        "padding_value": 0.0, "return_attention_mask": True, "sampling_rate": RATE, "chunk_length": 2})
    dump_json(folder, "config.json", {"max_position_embeddings": 40, "bos_token_id": 1, "eos_token_id": 256,
                                      "decoder_start_token_id": 1})
    dump_json(folder, "generation_config.json", {"bos_token_id": 1, "eos_token_id": 256, "decoder_start_token_id": 1})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("kind", choices=(*KINDS, "moonshine"))
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    if args.kind == "moonshine":
        torch.manual_seed(4)
        make_moonshine(args.folder)
        return
    seconds, text_tokens, form, sizes, has_choices = KINDS[args.kind]
    names, times = special_tokens(seconds)
    torch.manual_seed(3)
    vocab_size = REAL_VOCABULARY if args.kind == "whisper_tiny" else 257 + len(names) + len(times)
    config = Seq2SeqConfig(vocab_size=vocab_size, norm_first=True, **sizes)
    model = Seq2Seq(config)
    if text_tokens != config.context_tokens:
        model.decoder.embed.positions = torch.nn.Embedding(text_tokens, config.width)
    with torch.no_grad():  # what is heard should matter, and no token be likely at once
        model.lm_head.weight.mul_(3.0)
        for layer in model.decoder.layers:
            layer.cross_attn.out_proj.weight.mul_(4.0)
    export_seq2seq(model, args.folder, form, 14)
    write_files(args.folder, config, text_tokens, seconds, names, times, has_choices)


if __name__ == "__main__":
    main()
