"""A small Vision Transformer (Dosovitskiy et al. 2020), whose patches three small convolutions see first (Xiao et al. 2021):
that learns in minutes what patches cut from the image learn in hours.

Shapes: B batch, T tokens (a class token and one for each patch), H heads, D head size, E = H * D.
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Config:
    side: int = 32
    stem: tuple = (16, 32, 64)  # channels of the convolutions, each of which halves the sides; the last is the width
    width: int = 64
    heads: int = 4
    layers: int = 3
    ffn_dim: int = 128
    labels: int = 6


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.qkv, self.out = nn.Linear(config.width, 3 * config.width), nn.Linear(config.width, config.width)
        self.up, self.down = nn.Linear(config.width, config.ffn_dim), nn.Linear(config.ffn_dim, config.width)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        scores = torch.matmul(qkv[0], qkv[1].transpose(-1, -2)) * (width // self.heads) ** -0.5
        mixed = torch.matmul(torch.softmax(scores, -1), qkv[2]).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.out(mixed)
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class ShapeReader(nn.Module):
    """pixel_values [B, 3, side, side] -> logits [B, labels]"""

    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        pairs = zip((3, *config.stem), config.stem)
        self.stem = nn.ModuleList(nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in pairs)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (config.side >> len(config.stem)) ** 2 + 1, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm, self.head = nn.LayerNorm(config.width), nn.Linear(config.width, config.labels)

    def forward(self, pixel_values):
        x = pixel_values
        for convolution in self.stem:
            x = torch.relu(convolution(x))
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])
