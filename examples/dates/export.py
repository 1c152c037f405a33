"""Writes the trained date reader as a model folder, and what it must write as expected.json and heldout.tsv.

    python3 export.py
"""

import argparse
import json
import os
import random
import sys

import onnx
import torch
from torch import nn

from model import Config, DateReader
from train import END, FOLDER, PAD, SEED, START, read_dates, score
from written_dates import draw_pairs, split_dates

sys.path.append(os.path.dirname(FOLDER))
from byte_level_bpe import Tokenizer  # noqa: E402

MODEL_FOLDER = os.path.join(FOLDER, "model")
OPSET = 14
HELD_OUT_PAIRS = 500
MAX_NEW_TOKENS = 16
EXAMPLES = [
    ("the 3rd of March, 1987", "1987-03-03"),
    ("Tue, 5 Feb 2019", "2019-02-05"),
    ("12.4.1999", "1999-04-12"),
    ("4/12/1999", "1999-04-12"),
    ("March the twenty-first nineteen eighty", "1980-03-21"),
    ("July 4, 1976", "1976-07-04"),
    ("on Friday, the thirteenth of October, 2006", "2006-10-13"),
    ("SEPTEMBER 18, '67", "2067-09-18"),
    ("29 Feb. 2000", "2000-02-29"),
    ("1st January two thousand", "2000-01-01"),
    ("twenty twenty-four, dec 31", "2024-12-31"),
    ("24-Dec-1914", "1914-12-24"),
    ("2038/1/19", "2038-01-19"),
    ("30th of november nineteen oh five", "1905-11-30"),
    ("11/9/89", "1989-11-09"),
    ("9.11.89", "1989-11-09"),
    ("Aug 6 nineteen hundred and forty-five", "1945-08-06"),
    ("1969-07-20", "1969-07-20"),
    ("the second of June, two thousand and fifty-three", "2053-06-02"),
    ("wednesday 15 may 2097", "2097-05-15"),
]


class ExportedDecoder(nn.Module):
    """The decoder with past and present as flat arguments, which is how ONNX names them."""

    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, input_ids, encoder_hidden_states, encoder_attention_mask, *past):
        pairs = list(zip(past[0::2], past[1::2]))
        logits, presents = self.decoder(input_ids, encoder_hidden_states, encoder_attention_mask, pairs)
        return (logits, *[tensor for present in presents for tensor in present])


def export_encoder(model, path):
    tokens = {0: "batch_size", 1: "encoder_sequence_length"}
    ids = torch.ones(2, 5, dtype=torch.int64)
    torch.onnx.export(
        model.encoder,
        (ids, ids),
        path,
        opset_version=OPSET,
        input_names=["input_ids", "attention_mask"],
        output_names=["last_hidden_state"],
        dynamic_axes={"input_ids": tokens, "attention_mask": tokens, "last_hidden_state": tokens},
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)


def export_decoder(model, path):
    config = model.config
    batch, sequence, past_length, encoder_length = 2, 3, 4, 5
    names = [f"{layer}.decoder.{part}" for layer in range(config.layers) for part in ("key", "value")]
    sample = (
        torch.ones(batch, sequence, dtype=torch.int64),
        torch.zeros(batch, encoder_length, config.d_model),
        torch.ones(batch, encoder_length, dtype=torch.int64),
        *[torch.zeros(batch, config.heads, past_length, config.head_dim) for _ in names],
    )
    dynamic_axes = {
        "input_ids": {0: "batch_size", 1: "decoder_sequence_length"},
        "encoder_hidden_states": {0: "batch_size", 1: "encoder_sequence_length"},
        "encoder_attention_mask": {0: "batch_size", 1: "encoder_sequence_length"},
        "logits": {0: "batch_size", 1: "decoder_sequence_length"},
    }
    present_length = "past_decoder_sequence_length + decoder_sequence_length"
    for name in names:
        dynamic_axes[f"past_key_values.{name}"] = {0: "batch_size", 2: "past_decoder_sequence_length"}
        dynamic_axes[f"present.{name}"] = {0: "batch_size", 2: present_length}
    inputs = ["input_ids", "encoder_hidden_states", "encoder_attention_mask"]
    torch.onnx.export(
        ExportedDecoder(model.decoder),
        sample,
        path,
        opset_version=OPSET,
        input_names=[*inputs, *[f"past_key_values.{name}" for name in names]],
        output_names=["logits", *[f"present.{name}" for name in names]],
        dynamic_axes=dynamic_axes,
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def write_configs(config):
    ids = {"bos_token_id": START, "decoder_start_token_id": START, "eos_token_id": END, "pad_token_id": PAD}
    write_json(
        os.path.join(MODEL_FOLDER, "config.json"),
        {
            "activation_function": "relu",
            "architectures": ["DateReader"],
            "d_model": config.d_model,
            "decoder_attention_heads": config.heads,
            "decoder_ffn_dim": config.ffn_dim,
            "decoder_layers": config.layers,
            "encoder_attention_heads": config.heads,
            "encoder_ffn_dim": config.ffn_dim,
            "encoder_layers": config.layers,
            **ids,
            "is_encoder_decoder": True,
            "max_position_embeddings": config.max_positions,
            "model_type": "transformer",
            "scale_embedding": True,
            "tie_word_embeddings": True,
            "torch_dtype": "float32",
            "use_cache": True,
            "vocab_size": config.vocab_size,
        },
    )
    write_json(
        os.path.join(MODEL_FOLDER, "generation_config.json"),
        {**ids, "do_sample": False, "num_beams": 1, "max_length": MAX_NEW_TOKENS},
    )
    write_json(
        os.path.join(MODEL_FOLDER, "tokenizer_config.json"),
        {
            "add_prefix_space": False,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "pad_token": "<pad>",
            "model_max_length": config.max_positions,
            "tokenizer_class": "GPT2Tokenizer",
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="/tmp/dates.pt")
    checkpoint = torch.load(parser.parse_args().checkpoint)
    model = DateReader(Config())
    model.load_state_dict(checkpoint["model"])
    model.eval()
    tokenizer = Tokenizer.load(os.path.join(MODEL_FOLDER, "tokenizer.json"))

    export_encoder(model, os.path.join(MODEL_FOLDER, "encoder_model.onnx"))
    export_decoder(model, os.path.join(MODEL_FOLDER, "decoder_model.onnx"))
    write_configs(model.config)

    cases = []
    for prompt, right in EXAMPLES:
        ids = read_dates(model, tokenizer, [prompt])[0]
        text = tokenizer.decode(ids)
        if text != right:
            print(f"{prompt!r} is read as {text}, not {right}")
        prompt_ids = tokenizer.encode(prompt)
        cases.append({"prompt": prompt, "prompt_ids": prompt_ids, "greedy_ids": ids, "greedy_text": text})

    pairs = draw_pairs(split_dates()[1], HELD_OUT_PAIRS, random.Random(SEED + 2))
    exact, misses = score(model, tokenizer, pairs)
    print(f"heldout.tsv: exact match {exact:.4f}", *misses[:10], sep="\n")
    with open(os.path.join(FOLDER, "heldout.tsv"), "w", encoding="utf-8") as file:
        file.writelines(f"{written}\t{iso}\n" for written, iso in pairs)
    quality = {**checkpoint.get("quality", {}), "heldout_tsv_exact_match": round(exact, 5)}
    write_json(
        os.path.join(FOLDER, "expected.json"),
        {"torch": torch.__version__, "steps": checkpoint["step"], "quality": quality, "cases": cases},
    )


if __name__ == "__main__":
    main()
