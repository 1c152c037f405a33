"""Encoder-decoders: T5, BART, Marian, Whisper. The decoder keeps its own keys and values and those of the encoder's
result, as hub exports do: without past it computes both, with past it is given both."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from zoo.layers import FEED_FORWARDS, NORMS, linear
from zoo.masks import LOWEST, filled
from zoo.positions import relative_bucket


@dataclass
class Seq2SeqConfig:
    vocab_size: int = 300
    width: int = 64
    inner: int = 128
    layer_count: int = 2
    head_count: int = 4
    head_dim: int = 16
    context_tokens: int = 128
    norm: str = "layer"
    norm_first: bool = False
    bias: bool = True
    positions: str = "learned"  # learned (BART: from 2), sinusoid (Marian), buckets (T5)
    position_offset: int = 0
    feed_forward: str = "plain"
    activation: str = "gelu"
    attention: str = "bmm"  # bmm (BART), t5
    scale_scores: bool = True
    embedding_scale: bool = False
    logits_bias: bool = False
    mel_bins: int = 0  # Whisper: the encoder reads features [B, mel_bins, frames] through two convolutions


class CrossOrSelfAttention(nn.Module):
    """Past and encoder given: keys and values of the encoder as they are; only encoder: made from it; neither: self."""

    def __init__(self, config):
        super().__init__()
        self.config = c = config
        inner = c.head_count * c.head_dim
        self.q_proj, self.k_proj = linear(c.width, inner, c.bias), linear(c.width, inner, c.bias and not c.mel_bins)
        self.v_proj, self.out_proj = linear(c.width, inner, c.bias), linear(inner, c.width, c.bias)

    def _shape(self, x):
        return x.view(x.shape[0], -1, self.config.head_count, self.config.head_dim).transpose(1, 2).contiguous()

    def _keys_and_values(self, x, encoded, past):
        if encoded is not None:
            return past if past is not None else (self._shape(self.k_proj(encoded)), self._shape(self.v_proj(encoded)))
        key, value = self._shape(self.k_proj(x)), self._shape(self.v_proj(x))
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        return key, value

    def _bmm(self, query, key, value, mask):
        batch, heads, tokens, head_dim = query.shape
        flat = (batch * heads, -1, head_dim)
        query, keys, values = query.view(*flat), key.reshape(*flat), value.reshape(*flat)
        scores = torch.bmm(query, keys.transpose(1, 2))
        if mask is not None:
            scores = scores.view(batch, heads, tokens, -1) + mask
            scores = scores.view(batch * heads, tokens, -1)
        out = torch.bmm(nn.functional.softmax(scores, dim=-1), values)
        return out.view(batch, heads, tokens, head_dim)

    def forward(self, x, mask, encoded=None, past=None):
        c = self.config
        query = self.q_proj(x)
        query = self._shape(query * c.head_dim**-0.5 if c.scale_scores else query)
        key, value = self._keys_and_values(x, encoded, past)
        if c.attention == "bmm":
            out = self._bmm(query, key, value, mask)
        else:
            scores = torch.matmul(query, key.transpose(3, 2))
            scores = scores if mask is None else scores + mask
            out = torch.matmul(nn.functional.softmax(scores.float(), dim=-1).type_as(scores), value)
        out = out.transpose(1, 2).reshape(x.shape[0], x.shape[1], c.head_count * c.head_dim)
        return self.out_proj(out), key, value


class Layer(nn.Module):
    def __init__(self, config, has_cross):
        super().__init__()
        self.config = c = config
        self.self_attn, self.norm1 = CrossOrSelfAttention(c), NORMS[c.norm](c.width)
        if has_cross:
            self.cross_attn, self.norm2 = CrossOrSelfAttention(c), NORMS[c.norm](c.width)
        self.mlp, self.norm3 = FEED_FORWARDS[c.feed_forward](c.width, c.inner, c.activation, c.bias), NORMS[c.norm](c.width)

    def _added(self, x, norm, block):
        """x + block(norm(x)) or norm(x + block(x)), and what else the block returns"""
        result, *rest = block(norm(x) if self.config.norm_first else x)
        x = x + result
        return (x if self.config.norm_first else norm(x), *rest)

    def forward(self, x, mask, encoded=None, cross_mask=None, past=None):
        own, cross = (past[:2], past[2:]) if past else (None, None)
        x, *present = self._added(x, self.norm1, lambda y: self.self_attn(y, mask, None, own))
        if encoded is not None:
            x, *more = self._added(x, self.norm2, lambda y: self.cross_attn(y, cross_mask, encoded, cross))
            present += more
        x, = self._added(x, self.norm3, lambda y: (self.mlp(y),))
        return (x, *present)


def padding(mask, tokens=1):
    return (1.0 - mask[:, None, None, :].to(torch.float32)) * LOWEST


class Embeddings(nn.Module):
    def __init__(self, config, shared):
        super().__init__()
        self.config, self.tokens = config, shared
        c = config
        self.scale = math.sqrt(c.width) if c.embedding_scale else 1.0
        self.norm = NORMS[c.norm](c.width) if not c.norm_first else None
        if c.positions == "learned":
            self.positions = nn.Embedding(c.context_tokens + c.position_offset, c.width)
        elif c.positions == "sinusoid":
            angles = torch.arange(c.context_tokens)[:, None] / 10000 ** (torch.arange(0, c.width, 2) / c.width)
            self.positions = nn.Embedding.from_pretrained(torch.cat([angles.sin(), angles.cos()], 1))

    def forward(self, ids, past_tokens):
        c = self.config
        x = self.tokens(ids)
        x = x * self.scale if c.embedding_scale else x
        if c.positions != "buckets":
            tokens = ids.shape[1]
            x = x + self.positions(torch.arange(past_tokens, past_tokens + tokens) + c.position_offset)
        return x if self.norm is None or c.positions == "sinusoid" else self.norm(x)


class Bucketed(nn.Module):
    def __init__(self, config, bidirectional):
        super().__init__()
        self.bidirectional = bidirectional
        self.embedding = nn.Embedding(32, config.head_count)

    def forward(self, past_tokens, tokens):
        """[1, H, S, P + S]; with past T5 computes it for all positions and keeps the last ones."""
        total = past_tokens + tokens
        distance = torch.arange(total)[None, :] - torch.arange(total)[:, None]
        values = self.embedding(relative_bucket(distance, self.bidirectional))
        return values.permute([2, 0, 1]).unsqueeze(0)[:, :, -tokens:, :]


class Stack(nn.Module):
    """Encoder or decoder."""

    def __init__(self, config, shared, is_decoder):
        super().__init__()
        self.config, self.is_decoder = config, is_decoder
        c = config
        if c.mel_bins and not is_decoder:
            self.conv1 = nn.Conv1d(c.mel_bins, c.width, kernel_size=3, padding=1)
            self.conv2 = nn.Conv1d(c.width, c.width, kernel_size=3, stride=2, padding=1)
            self.frames = nn.Embedding(c.context_tokens, c.width)
        else:
            self.embed = Embeddings(c, shared)
        self.bias = Bucketed(c, not is_decoder) if c.positions == "buckets" else None
        self.layers = nn.ModuleList(Layer(c, is_decoder) for _ in range(c.layer_count))
        self.norm = NORMS[c.norm](c.width) if c.norm_first else None

    def _start(self, ids, past_tokens):
        if not (self.config.mel_bins and not self.is_decoder):
            return self.embed(ids, past_tokens)
        x = nn.functional.gelu(self.conv2(nn.functional.gelu(self.conv1(ids)))).permute(0, 2, 1)
        return x + self.frames.weight  # [context_tokens, width]: as many as there are frames

    def forward(self, ids, mask=None, encoded=None, cross_mask=None, past=None):
        past_tokens = past[0].shape[2] if past else 0
        x = self._start(ids, past_tokens)
        tokens = x.shape[1]
        if self.is_decoder:
            mask = filled(torch.ones(ids.shape[0], past_tokens + tokens), tokens, past_tokens)
        elif mask is not None:
            mask = padding(mask)
        if self.bias is not None:
            mask = self.bias(past_tokens, tokens) + mask
        present = []
        for index, layer in enumerate(self.layers):
            x, *made = layer(x, mask, encoded, cross_mask, past[4 * index : 4 * index + 4] if past else None)
            present += made
        return (x if self.norm is None else self.norm(x), *present)


class Seq2Seq(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.shared = nn.Embedding(c.vocab_size, c.width)
        self.encoder, self.decoder = Stack(c, self.shared, False), Stack(c, self.shared, True)
        self.lm_head = nn.Linear(c.width, c.vocab_size, bias=False)
        nn.init.normal_(self.lm_head.weight, std=1.0 / math.sqrt(c.width))
        self.register_buffer("final_logits_bias", torch.randn(1, c.vocab_size) * 0.1)


class EncoderPart(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.encoder = model.encoder

    def forward(self, ids, attention_mask=None):
        return self.encoder(ids, attention_mask)[0]


class DecoderPart(nn.Module):
    """without past: (input_ids, encoder_attention_mask?, encoder_hidden_states); with: the same and keys and values.
    Whisper has no mask of its encoder. Present keys and values of the encoder come out only where they were made."""

    def __init__(self, model, with_past):
        super().__init__()
        self.model, self.with_past = model, with_past

    def forward(self, input_ids, encoder_hidden_states, *rest):
        c = self.model.config
        mask = None if c.mel_bins else padding(rest[0])
        past = rest[0 if c.mel_bins else 1 :] if self.with_past else None
        x, *present = self.model.decoder(input_ids, None, encoder_hidden_states, mask, past)
        if self.with_past:
            present = [p for index, p in enumerate(present) if index % 4 < 2]
        logits = self.model.lm_head(x)
        return (logits + self.model.final_logits_bias if c.logits_bias else logits, *present)
