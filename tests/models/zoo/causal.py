"""Decoder-only language models: one module whose configuration says what GPT-2, Llama, Gemma, Falcon ... do differently."""

import math
from dataclasses import dataclass
from typing import Optional

import torch
from torch import nn

from zoo.layers import FEED_FORWARDS, NORMS, linear
from zoo.masks import LOWEST, MASKS
from zoo.positions import InterleavedTables, RotaryAngles, RotaryTables, alibi_slopes, turn_halves, turn_pairs


@dataclass
class CausalConfig:
    vocab_size: int = 300
    width: int = 64
    inner: int = 96
    layer_count: int = 2
    head_count: int = 4
    kv_head_count: int = 4
    head_dim: int = 16
    context_tokens: int = 128
    norm: str = "rms"
    post_norm: bool = False  # Gemma 2: what a block adds is normalised again
    qk_norm: bool = False  # Qwen 3, Gemma 3
    positions: str = "angles"  # learned, angles, tables, pairs, alibi
    rotary_dim: Optional[int] = None
    turn_before_split: bool = False  # rotary on [B, S, H, D]
    qkv: str = "separate"  # or: thirds (GPT-2), heads (GPT-NeoX), groups (Falcon)
    qkv_bias: bool = False
    out_bias: bool = False
    feed_forward: str = "gated"
    activation: str = "silu"
    feed_forward_bias: bool = False
    parallel: Optional[str] = None  # one_norm (Falcon, Phi, GPT-J), two_norms (GPT-NeoX)
    mask: str = "filled"
    window: Optional[int] = None
    score_cap: Optional[float] = None
    logit_cap: Optional[float] = None
    query_scale: Optional[float] = None
    embedding_scale: bool = False
    repeat: str = "expand"  # how k and v reach their group's heads: a row of REPEATS, or by the product's broadcasting
    scores: str = "matmul"  # or: where (GPT-2), baddbmm (GPT-NeoX, Bloom)
    takes_positions: bool = True


def expanded(x, group_size):
    """repeat_kv of the hub's Llama"""
    batch, kv_heads, tokens, head_dim = x.shape
    x = x[:, :, None, :, :].expand(batch, kv_heads, group_size, tokens, head_dim)
    return x.reshape(batch, kv_heads * group_size, tokens, head_dim)


def tiled(x, group_size):
    """As PyTorch 2 exports repeat_interleave; 1.13 exports it wrong over axes before one of unknown size."""
    return x.unsqueeze(2).repeat(1, 1, group_size, 1, 1).flatten(1, 2)


REPEATS = {"expand": expanded, "tile": tiled}  # [B, G, T, D] -> [B, H, T, D]


class Projections(nn.Module):
    """x [B, S, width] -> q [B, S, H, D], k and v [B, S, G, D]"""

    def __init__(self, config):
        super().__init__()
        self.config = c = config
        q_width, kv_width = c.head_count * c.head_dim, c.kv_head_count * c.head_dim
        if c.qkv == "separate":
            self.q_proj = linear(c.width, q_width, c.qkv_bias)
            self.k_proj, self.v_proj = linear(c.width, kv_width, c.qkv_bias), linear(c.width, kv_width, c.qkv_bias)
        else:
            self.query_key_value = linear(c.width, q_width + 2 * kv_width, c.qkv_bias)

    def _separate(self, x):
        shape = x.shape[:-1] + (-1, self.config.head_dim)
        return self.q_proj(x).view(shape), self.k_proj(x).view(shape), self.v_proj(x).view(shape)

    def _thirds(self, x):
        c = self.config
        parts = self.query_key_value(x).split([n * c.head_dim for n in (c.head_count, c.kv_head_count, c.kv_head_count)],
                                              dim=2)
        return tuple(part.view(x.shape[:-1] + (-1, c.head_dim)) for part in parts)

    def _heads(self, x):
        c = self.config
        fused = self.query_key_value(x)
        fused = fused.view(fused.size()[:-1] + (c.head_count, 3 * c.head_dim))
        return fused[..., : c.head_dim], fused[..., c.head_dim : 2 * c.head_dim], fused[..., 2 * c.head_dim :]

    def _groups(self, x):
        c = self.config
        batch, tokens, _ = x.shape
        fused = self.query_key_value(x)
        fused = fused.view(batch, tokens, c.kv_head_count, c.head_count // c.kv_head_count + 2, c.head_dim)
        return fused[:, :, :, :-2].flatten(2, 3), fused[:, :, :, [-2]].flatten(2, 3), fused[:, :, :, [-1]].flatten(2, 3)

    def forward(self, x):
        return getattr(self, "_" + self.config.qkv)(x)


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.projections = Projections(c)
        self.o_proj = linear(c.head_count * c.head_dim, c.width, c.out_bias)
        if c.qk_norm:
            self.q_norm, self.k_norm = NORMS[c.norm](c.head_dim), NORMS[c.norm](c.head_dim)
        self.scale = c.query_scale if c.query_scale else c.head_dim**-0.5
        if c.scores == "where":
            triangle = torch.tril(torch.ones((c.context_tokens, c.context_tokens), dtype=torch.bool))
            self.register_buffer("bias", triangle.view(1, 1, *triangle.shape), persistent=False)

    def _turn(self, x, angles, head_axis):
        c = self.config
        cos, sin = angles
        turn = turn_pairs if c.positions == "pairs" else turn_halves
        if not c.rotary_dim or c.rotary_dim == c.head_dim:
            return turn(x, cos, sin, head_axis)
        turned, passed = x[..., : c.rotary_dim], x[..., c.rotary_dim :]
        return torch.cat([turn(turned, cos, sin, head_axis), passed], dim=-1)

    def _heads(self, x, angles):
        c = self.config
        query, key, value = self.projections(x)
        if c.qk_norm:
            query, key = self.q_norm(query), self.k_norm(key)
        if angles and c.turn_before_split:
            query, key = self._turn(query, angles, 2), self._turn(key, angles, 2)
        query, key, value = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
        if angles and not c.turn_before_split:
            query, key = self._turn(query, angles, 1), self._turn(key, angles, 1)
        return query, key, value

    def _baddbmm(self, query, key, bias):
        """bias [B or 1, H or 1, S, T] and scores through [B * H, S, T]."""
        batch, heads, tokens, head_dim = query.shape
        total = key.shape[2]
        query, key = query.reshape(batch * heads, tokens, head_dim), key.reshape(batch * heads, total, head_dim)
        scores = torch.zeros(batch * heads, tokens, total, dtype=query.dtype)
        scores = torch.baddbmm(scores, query, key.transpose(1, 2), beta=1.0, alpha=self.scale)
        return scores.view(batch, heads, tokens, total) + bias

    def _weights(self, query, key, mask):
        c = self.config
        if c.scores == "baddbmm":
            return nn.functional.softmax(self._baddbmm(query, key, mask), -1)
        if c.scores == "where":
            scores = torch.matmul(query, key.transpose(-1, -2))
            scores = scores / torch.full([], key.size(-1) ** 0.5, dtype=scores.dtype)
            s, t = query.size(-2), key.size(-2)
            causal = self.bias[:, :, t - s : t, :t]
            return nn.functional.softmax(torch.where(causal, scores, torch.full([], LOWEST)) + mask, dim=-1)
        if c.query_scale:
            scores = torch.matmul(query, key.transpose(2, 3)) * self.scale
        else:
            scores = torch.matmul(query, key.transpose(2, 3)) / math.sqrt(c.head_dim)
        if c.score_cap:
            scores = torch.tanh(scores / c.score_cap) * c.score_cap
        return nn.functional.softmax(scores + mask, dim=-1, dtype=torch.float32).to(query.dtype)

    def forward(self, x, mask, angles, past_key, past_value):
        c = self.config
        batch, tokens, _ = x.shape
        query, key, value = self._heads(x, angles)
        if past_key is not None:
            key, value = torch.cat([past_key, key], dim=2), torch.cat([past_value, value], dim=2)
        group_size = c.head_count // c.kv_head_count
        all_key, all_value = key, value
        if group_size > 1 and c.repeat in REPEATS:
            all_key, all_value = REPEATS[c.repeat](key, group_size), REPEATS[c.repeat](value, group_size)
        out = torch.matmul(self._weights(query, all_key, mask), all_value)
        out = out.transpose(1, 2).contiguous().reshape(batch, tokens, c.head_count * c.head_dim)
        return self.o_proj(out), key, value


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        norm = NORMS[c.norm]
        self.input_layernorm = norm(c.width)
        self.self_attn = Attention(c)
        if c.parallel != "one_norm":
            self.post_attention_layernorm = norm(c.width)
        if c.post_norm:
            self.after_attention, self.after_feed_forward = norm(c.width), norm(c.width)
        self.mlp = FEED_FORWARDS[c.feed_forward](c.width, c.inner, c.activation, c.feed_forward_bias)

    def forward(self, x, *rest):
        c = self.config
        normal = self.input_layernorm(x)
        attended, key, value = self.self_attn(normal, *rest)
        if c.parallel:
            more = self.mlp(normal if c.parallel == "one_norm" else self.post_attention_layernorm(x))
            return (attended + more) + x, key, value
        x = x + (self.after_attention(attended) if c.post_norm else attended)
        more = self.mlp(self.post_attention_layernorm(x))
        return x + (self.after_feed_forward(more) if c.post_norm else more), key, value


class CausalLM(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.embed_tokens = nn.Embedding(c.vocab_size, c.width)
        if c.positions == "learned":
            self.embed_positions = nn.Embedding(c.context_tokens, c.width)
        elif c.positions == "alibi":
            self.register_buffer("slopes", alibi_slopes(c.head_count), persistent=False)
        else:
            kind = {"angles": RotaryAngles, "tables": RotaryTables, "pairs": InterleavedTables}[c.positions]
            room = () if c.positions == "angles" else (c.context_tokens,)
            self.rotary_emb = kind(c.rotary_dim or c.head_dim, *room)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.layer_count))
        self.norm = NORMS[c.norm](c.width)
        self.lm_head = nn.Linear(c.width, c.vocab_size, bias=False)
        nn.init.normal_(self.lm_head.weight, std=1.0 / math.sqrt(c.width))
        if c.embedding_scale:
            self.lm_head.weight = self.embed_tokens.weight
            nn.init.normal_(self.embed_tokens.weight, std=1.0 / math.sqrt(c.width))

    def _embed(self, input_ids, position_ids):
        x = self.embed_tokens(input_ids)
        if self.config.embedding_scale:
            x = x * torch.tensor(self.config.width**0.5, dtype=x.dtype)
        return x + self.embed_positions(position_ids) if self.config.positions == "learned" else x

    def _alibi(self, attention_mask):
        """Bloom's: slope times the key's position among unpadded ones: [B, H, 1, T]"""
        positions = ((attention_mask.cumsum(dim=-1) - 1) * attention_mask)[:, None, :]
        alibi = self.slopes[..., None] * positions
        return alibi.reshape(attention_mask.shape[0], self.config.head_count, 1, attention_mask.shape[1])

    def forward(self, input_ids, attention_mask, *rest):
        c = self.config
        past = rest[1:] if c.takes_positions else rest
        tokens, past_tokens = input_ids.shape[1], past[0].shape[2] if past else 0
        position_ids = rest[0] if c.takes_positions else torch.arange(past_tokens, past_tokens + tokens)[None]
        mask = MASKS[c.mask](attention_mask, tokens, past_tokens, c.window)
        angles = self.rotary_emb(position_ids) if c.positions in ("angles", "tables", "pairs") else None
        if c.positions == "alibi":
            mask = mask + self._alibi(attention_mask)
        x = self._embed(input_ids, position_ids)
        present = []
        for index, layer in enumerate(self.layers):
            x, key, value = layer(x, mask, angles, *(past[2 * index : 2 * index + 2] if past else (None, None)))
            present += [key, value]
        logits = self.lm_head(self.norm(x)).float()
        if c.logit_cap:
            logits = torch.tanh(logits / c.logit_cap) * c.logit_cap
        return (logits, *present)
