"""Reads llama2.c's legacy checkpoint into the zoo's Llama.

Format (llama2.c, export.py legacy_export and run.c memory_map_weights): seven int32 (dim, hidden_dim, n_layers,
n_heads, n_kv_heads, vocab_size, seq_len), then f32 arrays, each for all layers at once: token embedding, attention
norms, wq, wk, wv, wo, feed-forward norms, w1, w2, w3, final norm, freq_cis_real, freq_cis_imag, and the
classifier where vocab_size is negative (else it is the embedding).
"""

import struct

import numpy as np
import torch

from zoo.causal import CausalConfig, CausalLM
from zoo.layers import RmsNorm

NORM_EPSILON = 1e-5
HEADER = struct.Struct("<7i")


def _take(data, offset, *shape):
    count = int(np.prod(shape))
    if offset + 4 * count > len(data):
        raise ValueError(f"checkpoint ends at byte {len(data)}, expected {offset + 4 * count}")
    array = np.frombuffer(data, dtype="<f4", count=count, offset=offset).reshape(shape)
    return torch.from_numpy(array.copy()), offset + 4 * count


def interleaved_to_half(weight, head_count):
    """Reorders rows of a projection so that rotate_half turns the pairs that llama2.c keeps adjacent.

    weight: [heads * head_dim, dim]; row 2i of a head moves to i, row 2i + 1 to head_dim / 2 + i.
    """
    rows, dim = weight.shape
    head_dim = rows // head_count
    return weight.view(head_count, head_dim // 2, 2, dim).transpose(1, 2).reshape(rows, dim)


def read_checkpoint(path):
    with open(path, "rb") as f:
        data = f.read()
    dim, hidden, layers, heads, kv_heads, vocab, context = HEADER.unpack_from(data)
    shared_classifier = vocab > 0
    config = CausalConfig(vocab_size=abs(vocab), width=dim, inner=hidden, layer_count=layers, head_count=heads,
                          kv_head_count=kv_heads, head_dim=dim // heads, context_tokens=context)
    head_dim = config.head_dim
    arrays = (
        ("embed", (config.vocab_size, dim)),
        ("attention_norm", (layers, dim)),
        ("wq", (layers, heads * head_dim, dim)),
        ("wk", (layers, kv_heads * head_dim, dim)),
        ("wv", (layers, kv_heads * head_dim, dim)),
        ("wo", (layers, dim, heads * head_dim)),
        ("ffn_norm", (layers, dim)),
        ("w1", (layers, hidden, dim)),
        ("w2", (layers, dim, hidden)),
        ("w3", (layers, hidden, dim)),
        ("final_norm", (dim,)),
        ("freq_cis_real", (context, head_dim // 2)),
        ("freq_cis_imag", (context, head_dim // 2)),
    )
    weights, offset = {}, HEADER.size
    for name, shape in arrays:
        weights[name], offset = _take(data, offset, *shape)
    weights["classifier"] = weights["embed"]
    if not shared_classifier:
        weights["classifier"], offset = _take(data, offset, config.vocab_size, dim)
    if offset != len(data):
        raise ValueError(f"checkpoint has {len(data)} bytes, its header describes {offset}")
    return _load(CausalLM(config), weights, shared_classifier)


def _load(model, weights, shared_classifier):
    config = model.config
    state = {"embed_tokens.weight": weights["embed"], "norm.weight": weights["final_norm"],
             "lm_head.weight": weights["classifier"]}
    for index in range(config.layer_count):
        prefix = f"layers.{index}."
        projections = prefix + "self_attn.projections."
        state[prefix + "input_layernorm.weight"] = weights["attention_norm"][index]
        state[projections + "q_proj.weight"] = interleaved_to_half(weights["wq"][index], config.head_count)
        state[projections + "k_proj.weight"] = interleaved_to_half(weights["wk"][index], config.kv_head_count)
        state[projections + "v_proj.weight"] = weights["wv"][index]
        state[prefix + "self_attn.o_proj.weight"] = weights["wo"][index]
        state[prefix + "post_attention_layernorm.weight"] = weights["ffn_norm"][index]
        state[prefix + "mlp.gate_proj.weight"] = weights["w1"][index]
        state[prefix + "mlp.down_proj.weight"] = weights["w2"][index]
        state[prefix + "mlp.up_proj.weight"] = weights["w3"][index]
    model.load_state_dict(state)
    for module in model.modules():
        if isinstance(module, RmsNorm):
            module.eps = NORM_EPSILON
    if shared_classifier:
        model.lm_head.weight = model.embed_tokens.weight
    return model
