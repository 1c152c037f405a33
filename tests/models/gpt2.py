#!/usr/bin/python3
"""gpt2.py OUT: a seeded random model of GPT-2's shape (124M by default) as a hub-style folder.

Small variants (--layers 2 --width 32 --heads 4 --vocab 300 --context 64) take a second and serve as test input.
A smaller vocabulary keeps the first tokens and merges of GPT-2's tokenizer, <|endoftext|> last.
"""

import argparse
import json
import os

from hub_export import dump_json, export_decoder, need_file  # first: it skips where PyTorch is absent

import torch

from gpt2_module import Gpt2Config, Gpt2LMHeadModel

TOKENIZER = os.path.join(os.path.dirname(__file__), "../../../shared/data/tokenizers/gpt2/tokenizer.json")
END = "<|endoftext|>"
BYTE_COUNT = 256


def smaller_tokenizer(tokenizer, vocab_size):
    """GPT-2's ids are the 256 bytes, then one token per merge in merge order, then <|endoftext|>."""
    by_id = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    kept = [token for token, _ in by_id if token != END][: vocab_size - 1] + [END]
    tokenizer["model"]["vocab"] = {token: index for index, token in enumerate(kept)}
    tokenizer["model"]["merges"] = tokenizer["model"]["merges"][: vocab_size - 1 - BYTE_COUNT]
    tokenizer["added_tokens"][0]["id"] = vocab_size - 1
    return tokenizer


def write_tokenizer(source, folder, config):
    with open(source, encoding="utf-8") as f:
        tokenizer = json.load(f)
    if config.vocab_size < len(tokenizer["model"]["vocab"]):
        tokenizer = smaller_tokenizer(tokenizer, config.vocab_size)
    dump_json(folder, "tokenizer.json", tokenizer)
    dump_json(folder, "tokenizer_config.json",
              {"tokenizer_class": "GPT2Tokenizer", "bos_token": END, "eos_token": END, "unk_token": END,
               "add_prefix_space": False, "model_max_length": config.context_tokens})


def config_json(config):
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "vocab_size": config.vocab_size,
        "n_embd": config.width,
        "n_layer": config.layer_count,
        "n_head": config.head_count,
        "n_ctx": config.context_tokens,
        "n_positions": config.context_tokens,
        "layer_norm_epsilon": config.layer_norm_epsilon,
        "tie_word_embeddings": True,
        "bos_token_id": config.vocab_size - 1,
        "eos_token_id": config.vocab_size - 1,
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocab", type=int, default=50257)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--opset", type=int, default=14)
    parser.add_argument("--external-data", action="store_true", help="weights in model.onnx_data")
    parser.add_argument("--tokenizer", default=TOKENIZER)
    args = parser.parse_args()
    if args.width % args.heads or args.vocab <= BYTE_COUNT:
        parser.error(f"--width must be a multiple of --heads, --vocab above {BYTE_COUNT}")
    return args


def main():
    args = parse_arguments()
    need_file(args.tokenizer)
    torch.manual_seed(args.seed)
    config = Gpt2Config(args.vocab, args.width, args.layers, args.heads, args.context)
    export_decoder(Gpt2LMHeadModel(config), args.out, layer_count=args.layers, kv_head_count=args.heads,
                   head_dim=config.head_dim, opset=args.opset, external_data=args.external_data)
    dump_json(args.out, "config.json", config_json(config))
    dump_json(args.out, "generation_config.json",
              {"bos_token_id": args.vocab - 1, "eos_token_id": args.vocab - 1, "max_length": args.context})
    write_tokenizer(args.tokenizer, args.out, config)


if __name__ == "__main__":
    main()
