"""A GPT-2 decoder written the way hub implementations are, so that its ONNX export has their shape.

Projections are y = x W + b with W [in, out] (exported as Gemm over flattened rows), the causal mask is a slice of a
constant triangle, the padding mask is additive, and GELU is the tanh form spelled out.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Gpt2Config:
    vocab_size: int
    width: int
    layer_count: int
    head_count: int
    context_tokens: int
    layer_norm_epsilon: float = 1e-5

    @property
    def head_dim(self):
        return self.width // self.head_count

    @property
    def weight_std(self):
        """Larger than where training starts: blocks must outweigh the embeddings, or greedy repeats one token."""
        return 2.0 / math.sqrt(self.width)

    @property
    def embedding_std(self):
        return 0.5 / math.sqrt(self.width)


class Projection(nn.Module):
    """x: [B, S, in] -> [B, S, out]"""

    def __init__(self, in_width, out_width, std):
        super().__init__()
        self.out_width = out_width
        self.weight = nn.Parameter(torch.empty(in_width, out_width).normal_(std=std))
        self.bias = nn.Parameter(torch.empty(out_width).normal_(std=std))

    def forward(self, x):
        out_shape = x.size()[:-1] + (self.out_width,)
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(out_shape)


def gelu_new(x):
    """The tanh approximation of GELU (Hendrycks and Gimpel, 2016, section 2)."""
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        triangle = torch.tril(torch.ones((config.context_tokens, config.context_tokens), dtype=torch.bool))
        self.register_buffer("bias", triangle.view(1, 1, *triangle.shape), persistent=False)
        self.c_attn = Projection(config.width, 3 * config.width, config.weight_std)
        self.c_proj = Projection(config.width, config.width, config.weight_std)

    def _split_heads(self, x):
        shape = x.size()[:-1] + (self.config.head_count, self.config.head_dim)
        return x.view(shape).permute(0, 2, 1, 3)

    def _scores(self, query, key, padding_mask):
        scores = torch.matmul(query, key.transpose(-1, -2))
        scores = scores / torch.full([], key.size(-1) ** 0.5, dtype=scores.dtype)
        query_tokens, key_tokens = query.size(-2), key.size(-2)
        causal = self.bias[:, :, key_tokens - query_tokens : key_tokens, :key_tokens]
        lowest = torch.full([], torch.finfo(scores.dtype).min, dtype=scores.dtype)
        return torch.where(causal, scores, lowest) + padding_mask

    def forward(self, x, padding_mask, past_key, past_value):
        query, key, value = self.c_attn(x).split(self.config.width, dim=2)
        query, key, value = self._split_heads(query), self._split_heads(key), self._split_heads(value)
        key = torch.cat((past_key, key), dim=-2)
        value = torch.cat((past_value, value), dim=-2)
        weights = nn.functional.softmax(self._scores(query, key, padding_mask), dim=-1)
        out = torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous()
        return self.c_proj(out.view(out.size()[:-2] + (self.config.width,))), key, value


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c_fc = Projection(config.width, 4 * config.width, config.weight_std)
        self.c_proj = Projection(4 * config.width, config.width, config.weight_std)

    def forward(self, x):
        return self.c_proj(gelu_new(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.width, eps=config.layer_norm_epsilon)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.width, eps=config.layer_norm_epsilon)
        self.mlp = FeedForward(config)

    def forward(self, x, padding_mask, past_key, past_value):
        attended, key, value = self.attn(self.ln_1(x), padding_mask, past_key, past_value)
        x = attended + x
        return x + self.mlp(self.ln_2(x)), key, value


class Gpt2LMHeadModel(nn.Module):
    """lm_head shares wte, as trained GPT-2 does; the exporter decides how the file holds that."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.width)
        self.wpe = nn.Embedding(config.context_tokens, config.width)
        self.h = nn.ModuleList(Block(config) for _ in range(config.layer_count))
        self.ln_f = nn.LayerNorm(config.width, eps=config.layer_norm_epsilon)
        self.lm_head = nn.Linear(config.width, config.vocab_size, bias=False)
        nn.init.normal_(self.wte.weight, std=config.embedding_std)
        nn.init.normal_(self.wpe.weight, std=config.embedding_std)
        self.lm_head.weight = self.wte.weight
        self._spread_norms()

    def _spread_norms(self):
        """Trained norms are not all ones and zeros; neither may these be, or a test could not see them."""
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                nn.init.normal_(module.weight, mean=1.0, std=0.1)
                nn.init.normal_(module.bias, std=0.02)

    def forward(self, input_ids, attention_mask, position_ids, *past):
        padding_mask = attention_mask[:, None, None, :].to(torch.float32)
        padding_mask = (1.0 - padding_mask) * torch.finfo(torch.float32).min
        x = self.wte(input_ids) + self.wpe(position_ids)
        present = []
        for index, block in enumerate(self.h):
            x, key, value = block(x, padding_mask, past[2 * index], past[2 * index + 1])
            present += [key, value]
        return (self.lm_head(self.ln_f(x)), *present)
