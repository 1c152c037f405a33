"""Writes the trained verse writer as a model folder, and what it must write as expected.json.

    python3 export.py
"""

import argparse
import json
import os
import sys

import onnx
import torch
from torch import nn

from model import Config, VerseWriter

FOLDER = os.path.dirname(os.path.abspath(__file__))
MODEL_FOLDER = os.path.join(FOLDER, "model")
sys.path.append(os.path.dirname(FOLDER))
from byte_level_bpe import Tokenizer  # noqa: E402

PROMPTS = ["In the beginning", "And it came to pass", "The LORD is my shepherd;"]
NEW_TOKENS = 64
LONG_PROMPT, LONG_NEW_TOKENS = "And the king said", 256


class Exported(nn.Module):
    """The model with past and present as flat arguments, which is how ONNX names them."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, position_ids, *past):
        past_key_values = list(zip(past[0::2], past[1::2]))
        logits, presents = self.model(input_ids, attention_mask, position_ids, past_key_values)
        return (logits, *[tensor for present in presents for tensor in present])


def export(model, path):
    config = model.config
    batch, sequence, past_length = 2, 3, 4
    past_shape = (batch, config.n_head, past_length, config.head_dim)
    names = [f"{layer}.{part}" for layer in range(config.n_layer) for part in ("key", "value")]
    sample = (
        torch.ones(batch, sequence, dtype=torch.int64),
        torch.ones(batch, past_length + sequence, dtype=torch.int64),
        torch.arange(past_length, past_length + sequence).expand(batch, sequence),
        *[torch.zeros(past_shape) for _ in names],
    )
    dynamic_axes = {
        "input_ids": {0: "batch_size", 1: "sequence_length"},
        "attention_mask": {0: "batch_size", 1: "past_sequence_length + sequence_length"},
        "position_ids": {0: "batch_size", 1: "sequence_length"},
        "logits": {0: "batch_size", 1: "sequence_length"},
    }
    for name in names:
        dynamic_axes[f"past_key_values.{name}"] = {0: "batch_size", 2: "past_sequence_length"}
        dynamic_axes[f"present.{name}"] = {0: "batch_size", 2: "past_sequence_length + sequence_length"}
    # Folding would write the tied head a second time, transposed; without it there is one embedding.
    torch.onnx.export(
        Exported(model),
        sample,
        path,
        opset_version=14,
        do_constant_folding=False,
        input_names=["input_ids", "attention_mask", "position_ids", *[f"past_key_values.{n}" for n in names]],
        output_names=["logits", *[f"present.{n}" for n in names]],
        dynamic_axes=dynamic_axes,
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def write_configs(config, end_of_text):
    ends = {"bos_token_id": end_of_text, "eos_token_id": end_of_text}
    write_json(
        os.path.join(MODEL_FOLDER, "config.json"),
        {
            "activation_function": "gelu_new",
            "architectures": ["GPT2LMHeadModel"],
            **ends,
            "layer_norm_epsilon": config.layer_norm_epsilon,
            "model_type": "gpt2",
            "n_ctx": config.n_positions,
            "n_embd": config.n_embd,
            "n_head": config.n_head,
            "n_inner": None,
            "n_layer": config.n_layer,
            "n_positions": config.n_positions,
            "scale_attn_weights": True,
            "tie_word_embeddings": True,
            "torch_dtype": "float32",
            "use_cache": True,
            "vocab_size": config.vocab_size,
        },
    )
    write_json(
        os.path.join(MODEL_FOLDER, "generation_config.json"),
        {**ends, "do_sample": True, "temperature": 0.7, "max_length": config.n_positions},
    )
    write_json(
        os.path.join(MODEL_FOLDER, "tokenizer_config.json"),
        {
            "add_prefix_space": False,
            "bos_token": "<|endoftext|>",
            "eos_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
            "model_max_length": config.n_positions,
            "tokenizer_class": "GPT2Tokenizer",
        },
    )


@torch.no_grad()
def continue_text(model, ids, new_tokens, choose):
    """The ids that `choose` (logits [vocabulary] -> id) picks one after the other, on the cached past."""
    past = [(torch.zeros(1, model.config.n_head, 0, model.config.head_dim),) * 2] * model.config.n_layer
    written, fresh, length = [], list(ids), 0
    while len(written) < new_tokens:
        positions = torch.arange(length, length + len(fresh))[None]
        length += len(fresh)
        mask = torch.ones(1, length, dtype=torch.int64)
        logits, past = model(torch.tensor([fresh]), mask, positions, past)
        fresh = [choose(logits[0, -1])]
        written += fresh
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="/tmp/verse.pt")
    checkpoint = torch.load(parser.parse_args().checkpoint)
    model = VerseWriter(Config())
    model.load_state_dict(checkpoint["model"])
    model.eval()
    tokenizer = Tokenizer.load(os.path.join(MODEL_FOLDER, "tokenizer.json"))

    export(model, os.path.join(MODEL_FOLDER, "model.onnx"))
    write_configs(model.config, tokenizer.vocabulary["<|endoftext|>"])

    cases = []
    for prompt, new_tokens in [*((prompt, NEW_TOKENS) for prompt in PROMPTS), (LONG_PROMPT, LONG_NEW_TOKENS)]:
        prompt_ids = tokenizer.encode(prompt)
        ids = continue_text(model, prompt_ids, new_tokens, lambda logits: int(logits.argmax()))
        text = tokenizer.decode(ids)
        cases.append({"prompt": prompt, "prompt_ids": prompt_ids, "greedy_ids": ids, "greedy_text": text})
    made_by = {"torch": torch.__version__, "steps": checkpoint["step"], "quality": checkpoint["quality"]}
    write_json(os.path.join(FOLDER, "expected.json"), {**made_by, "cases": cases})

    torch.manual_seed(7)
    for prompt in PROMPTS:
        pick = lambda logits: int(torch.multinomial(torch.softmax(logits / 0.7, 0), 1))  # noqa: E731
        print(prompt + tokenizer.decode(continue_text(model, tokenizer.encode(prompt), 100, pick)), "\n")


if __name__ == "__main__":
    main()
