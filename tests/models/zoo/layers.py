"""Norms, activations and feed-forward layers in the spellings of hub implementations."""

import math

import torch
from torch import nn


class RmsNorm(nn.Module):
    """Llama's: pow, mean, rsqrt, then the gain; gain_offset 1 is Gemma's, which trains the gain's distance from 1."""

    def __init__(self, width, eps=1e-6, gain_offset=0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width) * 0.1 + (1.0 - gain_offset))
        self.eps, self.gain_offset = eps, gain_offset

    def forward(self, x):
        x = x.to(torch.float32)
        normal = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        if self.gain_offset:
            return normal * (self.gain_offset + self.weight.float())
        return self.weight * normal.to(torch.float32)


def layer_norm(width, eps=1e-5):
    norm = nn.LayerNorm(width, eps=eps)
    nn.init.normal_(norm.weight, mean=1.0, std=0.1)
    nn.init.normal_(norm.bias, std=0.1)
    return norm


NORMS = {
    "layer": layer_norm,
    "rms": RmsNorm,
    "gemma": lambda width, eps=1e-6: RmsNorm(width, eps, gain_offset=1.0),
}


def gelu_new(x):
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def gelu_fast(x):
    return 0.5 * x * (1.0 + torch.tanh(x * 0.7978845608 * (1.0 + 0.044715 * x * x)))


def gelu_erf(x):
    return x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS = {
    "gelu": nn.functional.gelu,
    "gelu_erf": gelu_erf,
    "gelu_new": gelu_new,
    "gelu_fast": gelu_fast,
    "quick_gelu": quick_gelu,
    "relu": nn.functional.relu,
    "silu": nn.functional.silu,
}


def linear(in_width, out_width, bias=True):
    """Larger weights than training starts from: blocks must outweigh the embeddings, or greedy repeats one token."""
    layer = nn.Linear(in_width, out_width, bias=bias)
    nn.init.normal_(layer.weight, std=1.5 / math.sqrt(in_width))
    if bias:
        nn.init.normal_(layer.bias, std=0.2)
    return layer


class FeedForward(nn.Module):
    def __init__(self, width, inner, activation, bias=True):
        super().__init__()
        self.fc1, self.fc2 = linear(width, inner, bias), linear(inner, width, bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x)))


class GatedFeedForward(nn.Module):
    def __init__(self, width, inner, activation, bias=False):
        super().__init__()
        self.gate_proj, self.up_proj = linear(width, inner, bias), linear(width, inner, bias)
        self.down_proj = linear(inner, width, bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))


class JoinedGatedFeedForward(nn.Module):
    """Phi-3's: gate and value come out of one projection."""

    def __init__(self, width, inner, activation, bias=False):
        super().__init__()
        self.gate_up_proj, self.down_proj = linear(width, 2 * inner, bias), linear(inner, width, bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(up * self.activation(gate))


FEED_FORWARDS = {"plain": FeedForward, "gated": GatedFeedForward, "joined": JoinedGatedFeedForward}
