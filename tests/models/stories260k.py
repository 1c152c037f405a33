#!/usr/bin/python3
"""stories260k.py SOURCE OUT: turns llama2.c's stories260K into a model folder as hubs serve it.

SOURCE holds checkpoint_legacy.bin and tokenizer.bin (shared/data/stories260K).
"""

import argparse
import os

from hub_export import dump_json, export_decoder, need_file  # first: it skips where PyTorch is absent

import torch

from llama2c_checkpoint import NORM_EPSILON, read_checkpoint
from llama2c_tokenizer import read_pieces, tokenizer_config_json, tokenizer_json

# What this model says from <s>, as llama2.c itself prints it: "Once upon a time, there was a little girl named Lily."
FIRST_IDS = [403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337]


def greedy(model, ids, count):
    config = model.config
    past = [torch.zeros(1, config.kv_head_count, 0, config.head_dim)] * (2 * config.layer_count)
    made, step, position = [], list(ids), 0
    with torch.no_grad():
        while len(made) < count:
            position += len(step)
            logits, *past = model(torch.tensor([step]), torch.ones(1, position, dtype=torch.int64),
                                  torch.arange(position - len(step), position)[None], *past)
            step = [int(logits[0, -1].argmax())]
            made += step
    return made


def config_json(config):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.width,
        "intermediate_size": config.inner,
        "num_hidden_layers": config.layer_count,
        "num_attention_heads": config.head_count,
        "num_key_value_heads": config.kv_head_count,
        "max_position_embeddings": config.context_tokens,
        "hidden_act": "silu",
        "rms_norm_eps": NORM_EPSILON,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("out")
    args = parser.parse_args()

    checkpoint = need_file(os.path.join(args.source, "checkpoint_legacy.bin"))
    pieces = read_pieces(need_file(os.path.join(args.source, "tokenizer.bin")))
    model = read_checkpoint(checkpoint).eval()
    config = model.config
    made = greedy(model, [1], len(FIRST_IDS))
    if made != FIRST_IDS:
        raise SystemExit(f"the converted model says {made}, expected {FIRST_IDS}")

    export_decoder(model, args.out, layer_count=config.layer_count, kv_head_count=config.kv_head_count,
                   head_dim=config.head_dim)
    dump_json(args.out, "config.json", config_json(config))
    # A story ends where the next begins, so <s> ends it as well as </s>: the list form hubs use for that.
    dump_json(args.out, "generation_config.json",
              {"bos_token_id": 1, "eos_token_id": [2, 1], "max_length": config.context_tokens})
    dump_json(args.out, "tokenizer.json", tokenizer_json(pieces))
    dump_json(args.out, "tokenizer_config.json", tokenizer_config_json(config.context_tokens))


if __name__ == "__main__":
    main()
