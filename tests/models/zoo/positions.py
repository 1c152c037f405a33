"""How hub implementations tell positions apart: rotary embeddings (whole, partial, interleaved), ALiBi, T5's buckets."""

import math

import torch
from torch import nn


class RotaryAngles(nn.Module):
    """Computed from position_ids in every call, as Llama and its descendants do: cos, sin [B, S, rotary_dim]."""

    def __init__(self, rotary_dim, theta=10000.0):
        super().__init__()
        inv_freq = 1.0 / (theta ** (torch.arange(0, rotary_dim, 2).float() / rotary_dim))
        self.register_buffer("inv_freq", inv_freq, persistent=False)

    def forward(self, position_ids):
        inv_freq = self.inv_freq[None, :, None].float().expand(position_ids.shape[0], -1, 1)
        angles = (inv_freq.float() @ position_ids[:, None, :].float()).transpose(1, 2)
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos(), angles.sin()


class RotaryTables(nn.Module):
    """Kept for all positions and gathered, as GPT-NeoX and older Llama code do: cos, sin [B, S, rotary_dim]."""

    def __init__(self, rotary_dim, context_tokens, theta=10000.0):
        super().__init__()
        inv_freq = 1.0 / (theta ** (torch.arange(0, rotary_dim, 2).float() / rotary_dim))
        angles = torch.einsum("i,j->ij", torch.arange(context_tokens).float(), inv_freq)
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos_cached", angles.cos(), persistent=False)
        self.register_buffer("sin_cached", angles.sin(), persistent=False)

    def forward(self, position_ids):
        return self.cos_cached[position_ids], self.sin_cached[position_ids]


class InterleavedTables(nn.Module):
    """GPT-J's: one table [P, rotary_dim], sines left and cosines right, gathered and repeated pairwise."""

    def __init__(self, rotary_dim, context_tokens):
        super().__init__()
        inv_freq = 1.0 / (10000 ** (torch.arange(0, rotary_dim, 2) / rotary_dim))
        angles = torch.einsum("i , j -> i j", torch.arange(context_tokens).float(), inv_freq).float()
        table = torch.cat((torch.sin(angles), torch.cos(angles)), dim=1)
        self.half = rotary_dim // 2
        self.register_buffer("embed_positions", table, persistent=False)

    def forward(self, position_ids):
        table = self.embed_positions.repeat(position_ids.shape[0], 1, 1)
        index = position_ids.unsqueeze(-1).repeat(1, 1, table.shape[-1])
        sin, cos = torch.split(torch.gather(table, 1, index), self.half, dim=-1)
        return cos, sin


def rotate_half(x):
    left = x[..., : x.shape[-1] // 2]
    right = x[..., x.shape[-1] // 2 :]
    return torch.cat((-right, left), dim=-1)


def turn_halves(x, cos, sin, head_axis=1):
    cos, sin = cos.unsqueeze(head_axis), sin.unsqueeze(head_axis)
    return (x * cos) + (rotate_half(x) * sin)


def rotate_every_two(x):
    x1 = x[:, :, :, ::2]
    x2 = x[:, :, :, 1::2]
    return torch.stack((-x2, x1), dim=-1).flatten(-2)


def turn_pairs(x, cos, sin, head_axis=1):
    sin, cos = (table.unsqueeze(head_axis).repeat_interleave(2, 3) for table in (sin, cos))
    return (x * cos) + (rotate_every_two(x) * sin)


def alibi_slopes(head_count):
    closest = 2 ** math.floor(math.log2(head_count))
    base = 2 ** (-(2 ** -(math.log2(closest) - 3)))
    return torch.pow(torch.tensor(base), torch.arange(1, 1 + closest))[:head_count].float()


def relative_bucket(distance, bidirectional, bucket_count=32, max_distance=128):
    """T5's buckets: small distances each their own, large ones in logarithmic steps."""
    buckets = torch.zeros_like(distance)
    if bidirectional:
        bucket_count //= 2
        buckets = buckets + (distance > 0).to(torch.long) * bucket_count
        distance = torch.abs(distance)
    else:
        distance = -torch.min(distance, torch.zeros_like(distance))
    max_exact = bucket_count // 2
    is_small = distance < max_exact
    large = max_exact + (torch.log(distance.float() / max_exact) / math.log(max_distance / max_exact)
                         * (bucket_count - max_exact)).to(torch.long)
    large = torch.min(large, torch.full_like(large, bucket_count - 1))
    return buckets + torch.where(is_small, distance, large)
