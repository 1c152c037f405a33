"""A Llama decoder written the way hub implementations are, so that its ONNX export has their shape.

RMSNorm is pow, mean, rsqrt; rotary embeddings are rotate_half over cos and sin computed from position_ids;
grouped-query attention repeats K and V by expand and reshape; the mask is an additive [B, 1, S, P + S] tensor.
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class LlamaConfig:
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layer_count: int
    head_count: int
    kv_head_count: int
    context_tokens: int
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0

    @property
    def head_dim(self):
        return self.hidden_size // self.head_count


class RmsNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        x = x.to(torch.float32)
        mean_square = x.pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(mean_square + self.eps))


class RotaryEmbedding(nn.Module):
    def __init__(self, head_dim, theta):
        super().__init__()
        inv_freq = 1.0 / (theta ** (torch.arange(0, head_dim, 2).float() / head_dim))
        self.register_buffer("inv_freq", inv_freq, persistent=False)

    def forward(self, position_ids):
        """position_ids: [B, S] -> cos, sin: [B, S, head_dim]"""
        inv_freq = self.inv_freq[None, :, None].float().expand(position_ids.shape[0], -1, 1)
        angles = (inv_freq @ position_ids[:, None, :].float()).transpose(1, 2)
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos(), angles.sin()


def rotate_half(x):
    left = x[..., : x.shape[-1] // 2]
    right = x[..., x.shape[-1] // 2 :]
    return torch.cat((-right, left), dim=-1)


def apply_rotary(x, cos, sin):
    cos = cos.unsqueeze(1)
    sin = sin.unsqueeze(1)
    return (x * cos) + (rotate_half(x) * sin)


def repeat_kv(x, group_size):
    """[B, kv_heads, T, D] -> [B, kv_heads * group_size, T, D]"""
    batch, kv_heads, tokens, head_dim = x.shape
    if group_size == 1:
        return x
    x = x[:, :, None, :, :].expand(batch, kv_heads, group_size, tokens, head_dim)
    return x.reshape(batch, kv_heads * group_size, tokens, head_dim)


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        width, head_dim = config.hidden_size, config.head_dim
        self.q_proj = nn.Linear(width, config.head_count * head_dim, bias=False)
        self.k_proj = nn.Linear(width, config.kv_head_count * head_dim, bias=False)
        self.v_proj = nn.Linear(width, config.kv_head_count * head_dim, bias=False)
        self.o_proj = nn.Linear(config.head_count * head_dim, width, bias=False)

    def _heads(self, x, head_count):
        batch, tokens, _ = x.shape
        return x.view(batch, tokens, head_count, self.config.head_dim).transpose(1, 2)

    def forward(self, x, mask, cos, sin, past_key, past_value):
        config = self.config
        batch, tokens, _ = x.shape
        query = apply_rotary(self._heads(self.q_proj(x), config.head_count), cos, sin)
        key = apply_rotary(self._heads(self.k_proj(x), config.kv_head_count), cos, sin)
        value = self._heads(self.v_proj(x), config.kv_head_count)
        key = torch.cat([past_key, key], dim=2)
        value = torch.cat([past_value, value], dim=2)

        group_size = config.head_count // config.kv_head_count
        scores = torch.matmul(query, repeat_kv(key, group_size).transpose(2, 3)) / (config.head_dim**0.5)
        weights = nn.functional.softmax(scores + mask, dim=-1, dtype=torch.float32).to(query.dtype)
        out = torch.matmul(weights, repeat_kv(value, group_size))
        out = out.transpose(1, 2).contiguous().reshape(batch, tokens, config.hidden_size)
        return self.o_proj(out), key, value


class GatedFeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(nn.functional.silu(self.gate_proj(x)) * self.up_proj(x))


class DecoderLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.input_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = GatedFeedForward(config)

    def forward(self, x, mask, cos, sin, past_key, past_value):
        attended, key, value = self.self_attn(self.input_layernorm(x), mask, cos, sin, past_key, past_value)
        x = x + attended
        x = x + self.mlp(self.post_attention_layernorm(x))
        return x, key, value


def additive_mask(attention_mask, tokens, past_tokens):
    """attention_mask: [B, P + S] of 0 and 1 -> [B, 1, S, P + S], 0 where a query may look, float min elsewhere."""
    lowest = torch.finfo(torch.float32).min
    causal = torch.full((tokens, tokens), lowest)
    column = torch.arange(tokens)
    causal = causal.masked_fill(column < (column + 1).view(tokens, 1), 0)
    causal = torch.cat([torch.zeros(tokens, past_tokens), causal], dim=-1)
    total = past_tokens + tokens
    causal = causal[None, None, :, :].expand(attention_mask.shape[0], 1, tokens, total)
    visible = attention_mask[:, None, None, :].expand(attention_mask.shape[0], 1, tokens, total).to(torch.float32)
    hidden = 1.0 - visible
    return hidden.masked_fill(hidden.to(torch.bool), lowest) + causal


class LlamaForCausalLM(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.rotary_emb = RotaryEmbedding(config.head_dim, config.rope_theta)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.layer_count))
        self.norm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def forward(self, input_ids, attention_mask, position_ids, *past):
        tokens = input_ids.shape[1]
        past_tokens = past[0].shape[2]
        mask = additive_mask(attention_mask, tokens, past_tokens)
        cos, sin = self.rotary_emb(position_ids)
        x = self.embed_tokens(input_ids)
        present = []
        for index, layer in enumerate(self.layers):
            x, key, value = layer(x, mask, cos, sin, past[2 * index], past[2 * index + 1])
            present += [key, value]
        return (self.lm_head(self.norm(x)).float(), *present)
