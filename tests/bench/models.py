#!/usr/bin/python3
"""models.py FOLDER NAME...: the bench's models with seeded random weights: FOLDER/NAME/model.onnx (of an encoder-decoder
encoder_model.onnx and two decoders) for smelt and ONNX Runtime, and of a decoder the same weights as FORMAT.gguf for
llama.cpp.

The graphs are exports of the modules that the tests compile (tests/models), with one difference: the head reads the last
token only, as it does in llama.cpp and in what smelt makes of any decoder, so that nobody is timed on work that others
leave out.
"""

import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../models"))

from hub_export import dump_json, export_decoder, export_onnx  # first: it skips where PyTorch is absent

import torch
from torch import nn

from byte_tokenizer import byte_tokenizer
from gguf import FORMATS, write_gguf
from gpt2_module import Gpt2Config, Gpt2LMHeadModel
from seq2seq_export import export_seq2seq
from shapes import SHAPES
from zoo.causal import CausalConfig, CausalLM
from zoo.encoder import Encoder, EncoderConfig
from zoo.positions import RotaryAngles
from zoo.seq2seq import Seq2Seq, Seq2SeqConfig

SEED = 4
CALM = 0.6  # below 1: a layer does not amplify what rounding did before it, so that agreement can be judged


class LastPosition(nn.Module):
    """The final norm, of the last token: [B, S, width] -> [B, 1, width]"""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        return self.norm(x[:, -1:])


def write_generator_files(folder, shape):
    """No text is ever encoded, but smelt makes no text generator without a tokenizer."""
    dump_json(folder, "tokenizer.json", byte_tokenizer())
    dump_json(folder, "config.json", {"max_position_embeddings": shape.context, "bos_token_id": 0, "eos_token_id": 0,
                                      "decoder_start_token_id": 0})


def export_bench_decoder(model, shape, folder):
    export_decoder(model, folder, layer_count=shape.layers, kv_head_count=shape.kv_heads, head_dim=shape.head_dim)
    write_generator_files(folder, shape)


def write_formats(folder, architecture, shape, values, tensors):
    """The head is the embedding table: no output.weight."""
    values = {"context_length": shape.context, "embedding_length": shape.width, "feed_forward_length": shape.inner,
              "block_count": shape.layers, "attention.head_count": shape.heads, "vocab_size": shape.vocabulary, **values}
    tensors = {name: tensor.detach().numpy() for name, tensor in tensors.items()}
    for precision in FORMATS:
        write_gguf(os.path.join(folder, f"{precision}.gguf"), architecture, values, tensors, precision)


# ---- GPT-2 ------------------------------------------------------------------------------------------------------

def gpt2_tensors(model):
    """llama.cpp's names; its matrices are [out, in], GPT-2's [in, out]."""
    state = model.state_dict()
    tensors = {"token_embd.weight": state["wte.weight"], "position_embd.weight": state["wpe.weight"],
               "output_norm.weight": state["ln_f.weight"], "output_norm.bias": state["ln_f.bias"]}
    parts = {"attn_norm": "ln_1", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_norm": "ln_2",
             "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj"}
    for layer in range(len(model.h)):
        for theirs, ours in parts.items():
            tensors[f"blk.{layer}.{theirs}.weight"] = state[f"h.{layer}.{ours}.weight"].t()
            tensors[f"blk.{layer}.{theirs}.bias"] = state[f"h.{layer}.{ours}.bias"]
    return tensors


def make_gpt2(shape, folder):
    model = Gpt2LMHeadModel(Gpt2Config(shape.vocabulary, shape.width, shape.layers, shape.heads, shape.context))
    write_formats(folder, "gpt2", shape, {"attention.layer_norm_epsilon": 1e-5}, gpt2_tensors(model))
    model.ln_f = LastPosition(model.ln_f)
    export_bench_decoder(model, shape, folder)


# ---- Llama ------------------------------------------------------------------------------------------------------

def half_to_interleaved(weight, heads):
    """Rows of each head from (first halves, second halves) to pairs: llama.cpp rotates neighbours, hub exports halves."""
    out, width = weight.shape
    return weight.view(heads, 2, out // heads // 2, width).transpose(1, 2).reshape(out, width)


def llama_tensors(model, shape):
    state = model.state_dict()
    tensors = {"token_embd.weight": state["embed_tokens.weight"], "output_norm.weight": state["norm.weight"]}
    parts = {"attn_norm": "input_layernorm", "attn_q": "self_attn.projections.q_proj",
             "attn_k": "self_attn.projections.k_proj", "attn_v": "self_attn.projections.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
             "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}
    for layer in range(shape.layers):
        for theirs, ours in parts.items():
            weight = state[f"layers.{layer}.{ours}.weight"]
            tensors[f"blk.{layer}.{theirs}.weight"] = (
                half_to_interleaved(weight, heads[theirs]) if theirs in heads else weight)
    return tensors


def make_llama(shape, folder):
    model = CausalLM(CausalConfig(
        vocab_size=shape.vocabulary, width=shape.width, inner=shape.inner, layer_count=shape.layers,
        head_count=shape.heads, kv_head_count=shape.kv_heads, head_dim=shape.head_dim, context_tokens=shape.context))
    model.rotary_emb = RotaryAngles(shape.head_dim, shape.rope_theta)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=CALM / math.sqrt(module.in_features))
    nn.init.normal_(model.embed_tokens.weight, std=shape.width**-0.5)
    model.lm_head.weight = model.embed_tokens.weight
    values = {"attention.head_count_kv": shape.kv_heads, "attention.layer_norm_rms_epsilon": model.norm.eps,
              "rope.freq_base": shape.rope_theta, "rope.dimension_count": shape.head_dim}
    write_formats(folder, "llama", shape, values, llama_tensors(model, shape))
    model.norm = LastPosition(model.norm)
    export_bench_decoder(model, shape, folder)


# ---- encoders -----------------------------------------------------------------------------------------------------

def make_bert(shape, folder):
    model = Encoder(EncoderConfig(vocab_size=shape.vocabulary, width=shape.width, inner=shape.inner,
                                  layer_count=shape.layers, head_count=shape.heads, context_tokens=shape.context,
                                  token_types=True))
    batch, tokens, axes = 2, 5, {0: "batch_size", 1: "sequence_length"}
    ones = torch.ones(batch, tokens, dtype=torch.int64)
    inputs = {"input_ids": (ones, axes), "attention_mask": (ones, axes), "token_type_ids": (0 * ones, axes)}
    export_onnx(model, os.path.join(folder, "model.onnx"), inputs, {"last_hidden_state": axes})


def make_t5(shape, folder):
    model = Seq2Seq(Seq2SeqConfig(
        vocab_size=shape.vocabulary, width=shape.width, inner=shape.inner, layer_count=shape.layers,
        head_count=shape.heads, head_dim=shape.head_dim, context_tokens=shape.context, norm="rms", norm_first=True,
        bias=False, positions="buckets", activation="relu", attention="t5", scale_scores=False))
    with torch.no_grad():  # what does not divide scores begins with small queries, as T5 does: else rounding grows
        for name, weight in model.named_parameters():
            if "q_proj" in name:
                weight *= shape.head_dim**-0.5
    export_seq2seq(model, folder, "pair", 14)
    write_generator_files(folder, shape)


MAKERS = {"gpt2": make_gpt2, "llama": make_llama, "bert": make_bert, "t5": make_t5}


def main():
    for name in sys.argv[2:]:
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        torch.manual_seed(SEED)
        MAKERS[SHAPES[name].kind](SHAPES[name], folder)
        open(os.path.join(folder, "complete"), "w", encoding="utf-8").close()


if __name__ == "__main__":
    main()
