"""A GPT-2 of two million parameters (Radford et al. 2019) whose export looks like the hub's GPT-2.

The published exports carry a causal mask cut out of a triangular buffer by runtime lengths, heads split by
view and permute, and linear layers written as addmm over flattened rows.  This model does the same, on purpose:
the graph that it exports to is what a compiler meets outside.

Shapes: B batch, S tokens in this call, P tokens already in the cache, H heads, D head size, E = H * D.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Config:
    vocab_size: int = 1536
    n_positions: int = 384
    n_embd: int = 160
    n_layer: int = 5
    n_head: int = 5
    layer_norm_epsilon: float = 1e-5

    @property
    def head_dim(self):
        return self.n_embd // self.n_head


class Conv1D(nn.Module):
    """A linear layer whose weight is stored [inputs, outputs], as GPT-2's checkpoints store it."""

    def __init__(self, inputs, outputs, scale=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * 0.02 * scale)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        rows = torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight)
        return rows.view(x.size()[:-1] + (self.weight.size(1),))


class NewGelu(nn.Module):
    """The tanh approximation of GELU, spelled out in the exported graph as published exports have it."""

    def forward(self, x):
        if self.training:
            return nn.functional.gelu(x, approximate="tanh")  # the same function, fused
        cubic = x + 0.044715 * torch.pow(x, 3.0)
        return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * cubic))


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.n_head, self.head_dim, self.n_embd = config.n_head, config.head_dim, config.n_embd
        triangle = torch.ones((1, 1, config.n_positions, config.n_positions), dtype=torch.uint8).tril()
        self.register_buffer("bias", triangle, persistent=False)
        self.c_attn = Conv1D(config.n_embd, 3 * config.n_embd)
        self.c_proj = Conv1D(config.n_embd, config.n_embd, scale=(2 * config.n_layer) ** -0.5)

    def split_heads(self, x):
        """[B, S, E] -> [B, H, S, D]"""
        return x.view(x.size()[:-1] + (self.n_head, self.head_dim)).permute(0, 2, 1, 3)

    def forward(self, x, past, attention_mask):
        query, key, value = self.c_attn(x).split(self.n_embd, dim=2)
        query, key, value = self.split_heads(query), self.split_heads(key), self.split_heads(value)
        if past is not None:
            key = torch.cat((past[0], key), dim=-2)
            value = torch.cat((past[1], value), dim=-2)

        scores = torch.matmul(query, key.transpose(-1, -2)) / (self.head_dim**0.5)
        query_length, key_length = query.size(-2), key.size(-2)
        causal = self.bias[:, :, key_length - query_length : key_length, :key_length].to(torch.bool)
        scores = torch.where(causal, scores, torch.tensor(torch.finfo(torch.float32).min))
        if attention_mask is not None:
            scores = scores + attention_mask
        weights = nn.functional.softmax(scores, dim=-1)

        merged = torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous()
        merged = merged.view(merged.size()[:-2] + (self.n_embd,))
        return self.c_proj(merged), (key, value)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.c_fc = Conv1D(config.n_embd, 4 * config.n_embd)
        self.act = NewGelu()
        self.c_proj = Conv1D(4 * config.n_embd, config.n_embd, scale=(2 * config.n_layer) ** -0.5)

    def forward(self, x, past, attention_mask):
        attended, present = self.attn(self.ln_1(x), past, attention_mask)
        x = x + attended
        return x + self.c_proj(self.act(self.c_fc(self.ln_2(x)))), present


class VerseWriter(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.n_positions, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.01)

    def forward(self, input_ids, attention_mask=None, position_ids=None, past_key_values=None):
        """(logits [B, S, vocabulary], [(key, value) of each layer, [B, H, P + S, D]]).

        input_ids, position_ids: [B, S]; attention_mask: [B, P + S], 1 where a token may be attended to;
        past_key_values: as returned, from the P tokens before, or None.  The head is the embedding.
        """
        batch_size = input_ids.size(0)
        if position_ids is None:
            position_ids = torch.arange(input_ids.size(1)).unsqueeze(0)
        if attention_mask is not None:
            attention_mask = attention_mask.view(batch_size, -1)[:, None, None, :].to(torch.float32)
            attention_mask = (1.0 - attention_mask) * torch.finfo(torch.float32).min
        x = self.wte(input_ids) + self.wpe(position_ids)
        presents = []
        for index, block in enumerate(self.h):
            past = None if past_key_values is None else past_key_values[index]
            x, present = block(x, past, attention_mask)
            presents.append(present)
        return nn.functional.linear(self.ln_f(x), self.wte.weight), presents
