"""The encoder-decoder Transformer of "Attention Is All You Need" (Vaswani et al. 2017), small.

As in the paper: embeddings times sqrt(E), sinusoidal positions, normalisation after each residual sum, relu
in the feed-forward, and one matrix that serves as both embeddings and, transposed, as the output scores.

Shapes: B batch, T encoder tokens, S decoder tokens in this call, P decoder tokens already in the cache,
H heads, D head size, E = H * D.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn

BLOCKED = torch.finfo(torch.float32).min


@dataclass(frozen=True)
class Config:
    vocab_size: int = 400
    d_model: int = 128
    heads: int = 4
    layers: int = 2  # in the encoder, and again in the decoder
    ffn_dim: int = 512
    max_positions: int = 96

    @property
    def head_dim(self):
        return self.d_model // self.heads


def sinusoids(length, width):
    """Positions [length, width]: sines in even columns, cosines in odd ones (section 3.5 of the paper)."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(length, width)


class Embedding(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.scale = math.sqrt(config.d_model)
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        nn.init.normal_(self.tokens.weight, std=config.d_model**-0.5)
        self.register_buffer("positions", sinusoids(config.max_positions, config.d_model), persistent=False)

    def forward(self, ids, past_length):
        return self.tokens(ids) * self.scale + self.positions[past_length : past_length + ids.size(1)]


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads, self.head_dim = config.heads, config.head_dim
        self.q_proj = nn.Linear(config.d_model, config.d_model)
        self.k_proj = nn.Linear(config.d_model, config.d_model)
        self.v_proj = nn.Linear(config.d_model, config.d_model)
        self.out_proj = nn.Linear(config.d_model, config.d_model)

    def split_heads(self, x):
        """[B, S, E] -> [B, H, S, D]"""
        return x.view(x.size(0), x.size(1), self.heads, self.head_dim).transpose(1, 2)

    def keys_and_values(self, x):
        return self.split_heads(self.k_proj(x)), self.split_heads(self.v_proj(x))

    def forward(self, x, key, value, mask):
        """x: [B, S, E]; key, value: [B, H, K, D]; mask: added to the scores, broadcasts to [B, H, S, K]."""
        query = self.split_heads(self.q_proj(x) * self.head_dim**-0.5)
        weights = torch.softmax(torch.matmul(query, key.transpose(2, 3)) + mask, dim=-1)
        merged = torch.matmul(weights, value).transpose(1, 2)
        return self.out_proj(merged.reshape(x.size(0), x.size(1), self.heads * self.head_dim))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.fc1 = nn.Linear(config.d_model, config.ffn_dim)
        self.fc2 = nn.Linear(config.ffn_dim, config.d_model)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class EncoderLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self_attn = Attention(config)
        self.self_attn_norm = nn.LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config)
        self.final_norm = nn.LayerNorm(config.d_model)

    def forward(self, x, mask):
        x = self.self_attn_norm(x + self.self_attn(x, *self.self_attn.keys_and_values(x), mask))
        return self.final_norm(x + self.feed_forward(x))


class DecoderLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self_attn = Attention(config)
        self.self_attn_norm = nn.LayerNorm(config.d_model)
        self.cross_attn = Attention(config)
        self.cross_attn_norm = nn.LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config)
        self.final_norm = nn.LayerNorm(config.d_model)

    def forward(self, x, past, causal_mask, encoded, encoder_mask):
        key, value = self.self_attn.keys_and_values(x)
        if past is not None:
            key = torch.cat([past[0], key], dim=2)
            value = torch.cat([past[1], value], dim=2)
        x = self.self_attn_norm(x + self.self_attn(x, key, value, causal_mask))
        cross_key, cross_value = self.cross_attn.keys_and_values(encoded)
        x = self.cross_attn_norm(x + self.cross_attn(x, cross_key, cross_value, encoder_mask))
        return self.final_norm(x + self.feed_forward(x)), (key, value)


def padding_mask(attention_mask):
    """[B, T] of 1 (token) and 0 (padding) -> what to add to scores, [B, 1, 1, T]."""
    return (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * BLOCKED


def causal_mask(past_length, length):
    """What to add to the scores of `length` new tokens over P + S: [S, P + S]."""
    queries = torch.arange(past_length, past_length + length)
    keys = torch.arange(past_length + length)
    return torch.zeros(length, past_length + length).masked_fill(keys[None, :] > queries[:, None], BLOCKED)


class Encoder(nn.Module):
    def __init__(self, config, embedding):
        super().__init__()
        self.embedding = embedding
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))

    def forward(self, input_ids, attention_mask):
        """input_ids, attention_mask: [B, T] -> [B, T, E]"""
        x = self.embedding(input_ids, 0)
        mask = padding_mask(attention_mask)
        for layer in self.layers:
            x = layer(x, mask)
        return x


class Decoder(nn.Module):
    def __init__(self, config, embedding):
        super().__init__()
        self.embedding = embedding
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))

    def forward(self, input_ids, encoded, encoder_attention_mask, past_key_values=None):
        """(scores [B, S, vocabulary], [(key, value) of each layer's self-attention, [B, H, P + S, D]])

        input_ids: [B, S]; encoded: [B, T, E]; encoder_attention_mask: [B, T]; past_key_values: as returned.
        """
        past_length = 0 if past_key_values is None else past_key_values[0][0].size(2)
        x = self.embedding(input_ids, past_length)
        self_mask = causal_mask(past_length, input_ids.size(1))
        cross_mask = padding_mask(encoder_attention_mask)
        presents = []
        for index, layer in enumerate(self.layers):
            past = None if past_key_values is None else past_key_values[index]
            x, present = layer(x, past, self_mask, encoded, cross_mask)
            presents.append(present)
        return nn.functional.linear(x, self.embedding.tokens.weight), presents


class DateReader(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        embedding = Embedding(config)
        self.encoder = Encoder(config, embedding)
        self.decoder = Decoder(config, embedding)

    def forward(self, input_ids, attention_mask, decoder_input_ids):
        """Scores of every next token, [B, S, vocabulary], given the right answer so far."""
        encoded = self.encoder(input_ids, attention_mask)
        return self.decoder(decoder_input_ids, encoded, attention_mask)[0]
