"""Encoders of token ids and of images: BERT, RoBERTa, DistilBERT, DeBERTa, CLIP's text side, ViT, sentence embedders."""

import math
from dataclasses import dataclass
from typing import Optional

import torch
from torch import nn

from zoo.layers import FeedForward, layer_norm, linear
from zoo.masks import LOWEST, filled


@dataclass
class EncoderConfig:
    vocab_size: int = 200
    width: int = 64
    inner: int = 128
    layer_count: int = 2
    head_count: int = 4
    context_tokens: int = 66
    activation: str = "gelu"
    norm_first: bool = False  # ViT, CLIP: norms before attention and feed-forward, and one at the end
    token_types: bool = False
    position_offset: Optional[int] = None  # RoBERTa: positions counted in the unpadded tokens, from pad_id + 1
    mask: str = "added"  # added (BERT), filled (DistilBERT), selected (DeBERTa), causal (CLIP), none (ViT)
    relative: bool = False  # DeBERTa: content to position and position to content
    scale: str = "scores"  # where 1 / sqrt(D) is multiplied in: scores, query
    heads: str = "permute"  # or bmm: [B * H, S, D], as CLIP and BART
    head: str = "hidden"  # what comes out: hidden, pooler, labels, token_labels, answers, vocabulary, end, mean (of unpadded tokens, length 1)
    patch: Optional[int] = None  # ViT: pixels per side of a patch of a 3-channel image
    image: int = 16
    label_count: int = 5


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.head_dim = c.width // c.head_count
        self.query, self.key = linear(c.width, c.width), linear(c.width, c.width)
        self.value, self.out = linear(c.width, c.width), linear(c.width, c.width)
        if c.relative:
            self.pos_key, self.pos_query = linear(c.width, c.width), linear(c.width, c.width)

    def _split(self, x):
        return x.view(x.size()[:-1] + (self.config.head_count, self.head_dim)).permute(0, 2, 1, 3)

    def _relative_bias(self, query, key, relative, span):
        """DeBERTa's disentangled attention: q . r_k(i - j) and k . r_q(j - i), gathered from [.., S, 2 * span]."""
        scale = math.sqrt(self.head_dim * 3)
        tokens = query.size(2)
        positions = torch.arange(tokens)
        distance = positions[:, None] - positions[None, :]
        index = torch.clamp(distance + span, 0, span * 2 - 1)[None, None]
        pos_key = self._split(self.pos_key(relative)[None])
        pos_query = self._split(self.pos_query(relative)[None])
        shape = (query.size(0), query.size(1), tokens, tokens)
        c2p = torch.matmul(query, pos_key.transpose(-1, -2))
        c2p = torch.gather(c2p, -1, index.expand(shape))
        p2c = torch.matmul(key, pos_query.transpose(-1, -2))
        p2c = torch.gather(p2c, -1, torch.clamp(-(-distance) + span, 0, span * 2 - 1)[None, None].expand(shape))
        return c2p / scale + p2c.transpose(-1, -2) / scale, scale

    def _permuted(self, x, mask, relative, span):
        c = self.config
        query, key, value = self._split(self.query(x)), self._split(self.key(x)), self._split(self.value(x))
        scale = math.sqrt(self.head_dim)
        bias = None
        if c.relative:
            bias, scale = self._relative_bias(query, key, relative, span)
        if c.scale == "query":
            scores = torch.matmul(query / scale, key.transpose(2, 3))
        else:
            scores = torch.matmul(query, key.transpose(-1, -2)) / scale
        scores = scores if bias is None else scores + bias
        if c.mask == "filled":
            hidden = (mask == 0).view(x.shape[0], 1, 1, x.shape[1]).expand_as(scores)
            scores = scores.masked_fill(hidden, LOWEST)
        elif c.mask == "selected":
            visible = (mask[:, None, None, :] * mask[:, None, :, None]).to(torch.bool)
            scores = scores.masked_fill(~visible, LOWEST)
            weights = torch.softmax(scores, -1).masked_fill(~visible, 0)
            return torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous()
        elif mask is not None:
            scores = scores + mask
        weights = nn.functional.softmax(scores, dim=-1)
        return torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous()

    def _bmm(self, x, mask):
        c = self.config
        batch, tokens, width = x.size()
        flat = (batch * c.head_count, -1, self.head_dim)

        def shape(y):
            return y.view(batch, -1, c.head_count, self.head_dim).transpose(1, 2).contiguous()

        query = shape(self.query(x) * self.head_dim**-0.5).view(*flat)
        key, value = shape(self.key(x)).view(*flat), shape(self.value(x)).view(*flat)
        scores = torch.bmm(query, key.transpose(1, 2))
        if mask is not None:
            scores = scores.view(batch, c.head_count, tokens, -1) + mask
            scores = scores.view(batch * c.head_count, tokens, -1)
        out = torch.bmm(nn.functional.softmax(scores, dim=-1), value)
        return out.view(batch, c.head_count, tokens, self.head_dim).transpose(1, 2)

    def forward(self, x, mask, relative, span):
        out = self._bmm(x, mask) if self.config.heads == "bmm" else self._permuted(x, mask, relative, span)
        return self.out(out.reshape(x.shape))


class EncoderBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.attention, self.mlp = SelfAttention(c), FeedForward(c.width, c.inner, c.activation)
        self.norm1, self.norm2 = layer_norm(c.width, 1e-12), layer_norm(c.width, 1e-12)

    def forward(self, x, *rest):
        if self.config.norm_first:
            x = x + self.attention(self.norm1(x), *rest)
            return x + self.mlp(self.norm2(x))
        x = self.norm1(self.attention(x, *rest) + x)
        return self.norm2(self.mlp(x) + x)


class TokenEmbeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.words = nn.Embedding(c.vocab_size, c.width)
        self.positions = nn.Embedding(c.context_tokens, c.width)
        self.types = nn.Embedding(2, c.width) if c.token_types else None
        self.norm = None if c.norm_first else layer_norm(c.width, 1e-12)
        self.register_buffer("position_ids", torch.arange(c.context_tokens).expand((1, -1)), persistent=False)

    def forward(self, input_ids, token_type_ids=None):
        c = self.config
        if c.position_offset is None:
            position_ids = self.position_ids[:, : input_ids.shape[1]]
        else:
            unpadded = input_ids.ne(c.position_offset - 1).int()
            position_ids = (torch.cumsum(unpadded, dim=1).type_as(unpadded) * unpadded).long() + c.position_offset - 1
        x = self.words(input_ids)
        if self.types is not None:
            x = x + self.types(token_type_ids)
        x = x + self.positions(position_ids)
        return x if self.norm is None else self.norm(x)


class PatchEmbeddings(nn.Module):
    """pixel_values [B, 3, I, I] -> [B, 1 + patches, width], a class token first"""

    def __init__(self, config):
        super().__init__()
        c = config
        self.projection = nn.Conv2d(3, c.width, kernel_size=c.patch, stride=c.patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, c.width))
        self.positions = nn.Parameter(torch.randn(1, (c.image // c.patch) ** 2 + 1, c.width))

    def forward(self, pixel_values):
        x = self.projection(pixel_values).flatten(2).transpose(1, 2)
        cls_tokens = self.cls_token.expand(pixel_values.shape[0], -1, -1)
        return torch.cat((cls_tokens, x), dim=1) + self.positions


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.embeddings = PatchEmbeddings(c) if c.patch else TokenEmbeddings(c)
        self.layers = nn.ModuleList(EncoderBlock(c) for _ in range(c.layer_count))
        self.norm = layer_norm(c.width) if c.norm_first else None
        columns = {"labels": c.label_count, "token_labels": c.label_count, "answers": 2, "vocabulary": c.vocab_size}
        self.head = linear(c.width, columns.get(c.head, c.width))
        if c.relative:
            self.span = 8
            self.relative = nn.Embedding(2 * self.span, c.width)
            self.relative_norm = layer_norm(c.width, 1e-7)

    def _mask(self, attention_mask, tokens):
        c = self.config
        if c.mask == "none":
            return None
        if c.mask == "added":
            extended = attention_mask[:, None, None, :].to(torch.float32)
            return (1.0 - extended) * LOWEST
        return filled(attention_mask, tokens, 0) if c.mask == "causal" else attention_mask

    def _head(self, x, ids, attention_mask):
        kind = self.config.head
        if kind == "pooler":
            return x, torch.tanh(self.head(x[:, 0]))
        if kind == "labels":
            return (self.head(x[:, 0]),)
        if kind in ("token_labels", "vocabulary"):
            return (self.head(x),)
        if kind == "answers":
            starts, ends = self.head(x).split(1, dim=-1)
            return starts.squeeze(-1), ends.squeeze(-1)
        if kind == "mean":
            weights = attention_mask.unsqueeze(-1).expand(x.size()).float()
            mean = torch.sum(x * weights, 1) / torch.clamp(weights.sum(1), min=1e-9)
            return (nn.functional.normalize(mean, p=2, dim=1),)
        if kind == "end":  # CLIP: the token with the highest id ends the text
            return (x[torch.arange(x.shape[0]), ids.to(torch.int).argmax(dim=-1)],)
        return (x,)

    def forward(self, ids, attention_mask=None, token_type_ids=None):
        c = self.config
        x = self.embeddings(ids, token_type_ids) if c.token_types else self.embeddings(ids)
        mask = self._mask(attention_mask, x.shape[1])
        relative = self.relative_norm(self.relative.weight) if c.relative else None
        if c.relative:
            x = x * attention_mask.unsqueeze(2).to(x.dtype)
        for layer in self.layers:
            x = layer(x, mask, relative, self.span if c.relative else 0)
        return self._head(self.norm(x) if self.norm is not None else x, ids, attention_mask)


class Clip(nn.Module):
    """Both sides of CLIP in one graph: each text compared with each image."""

    def __init__(self, text, vision):
        super().__init__()
        self.text, self.vision = Encoder(text), Encoder(vision)
        self.text_projection = nn.Linear(text.width, text.width, bias=False)
        self.visual_projection = nn.Linear(vision.width, text.width, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))

    def forward(self, input_ids, pixel_values, attention_mask):
        image_embeds = self.visual_projection(self.vision(pixel_values)[0][:, 0])
        text_embeds = self.text_projection(self.text(input_ids, attention_mask)[0])
        image_embeds = image_embeds / image_embeds.norm(p=2, dim=-1, keepdim=True)
        text_embeds = text_embeds / text_embeds.norm(p=2, dim=-1, keepdim=True)
        logits_per_text = torch.matmul(text_embeds, image_embeds.t()) * self.logit_scale.exp()
        return logits_per_text.t(), logits_per_text, text_embeds, image_embeds
