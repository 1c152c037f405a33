"""Moonshine: an encoder that reads samples through three convolutions, and a decoder; both turn the first part of queries
and keys by their positions, pairs of neighbours together, and fill heads up to a multiple of 8."""

import torch
from torch import nn

WIDTH, HEADS, HEAD_DIM, PADDED, TURNED, LAYERS, INNER = 72, 2, 36, 40, 32, 2, 144


def turn(x, positions):
    """x: [B, H, T, HEAD_DIM], its first TURNED elements turned"""
    angles = positions[:, None] / 10000 ** (torch.arange(0, TURNED, 2) / TURNED)
    cosine, sine = (torch.stack((f(angles), f(angles)), dim=2).flatten(1) for f in (torch.cos, torch.sin))
    first, rest = x[..., :TURNED], x[..., TURNED:]
    turned = torch.stack((-first[..., 1::2], first[..., 0::2]), dim=4).flatten(3)
    return torch.cat([first * cosine + turned * sine, rest], dim=-1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))

    def heads(self, x):
        return x.view(x.shape[0], -1, HEADS, HEAD_DIM).transpose(1, 2)

    def attend(self, x, query, key, value, mask):
        query, key, value = (nn.functional.pad(t, (0, PADDED - HEAD_DIM)) for t in (query, key, value))
        scores = torch.matmul(query, key.transpose(2, 3)) * HEAD_DIM**-0.5
        weights = nn.functional.softmax(scores if mask is None else scores + mask, dim=-1)
        out = torch.matmul(weights, value)[..., :HEAD_DIM]
        return self.o_proj(out.transpose(1, 2).reshape(x.shape[0], -1, WIDTH))

    def self_attend(self, x, past, is_causal):
        before = past[0].shape[2] if past else 0
        positions = torch.arange(before, before + x.shape[1]).to(torch.float32)
        query, key, value = turn(self.heads(self.q_proj(x)), positions), turn(self.heads(self.k_proj(x)), positions), \
            self.heads(self.v_proj(x))
        if past:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        mask = None
        if is_causal:
            later = torch.arange(before + x.shape[1])[None, :] > torch.arange(before, before + x.shape[1])[:, None]
            mask = torch.zeros(1, 1, 1, 1).masked_fill(later[None, None], torch.finfo(torch.float32).min)
        return self.attend(x, query, key, value, mask), key, value

    def cross_attend(self, x, encoded, past):
        key, value = past if past else (self.heads(self.k_proj(encoded)), self.heads(self.v_proj(encoded)))
        return self.attend(x, self.heads(self.q_proj(x)), key, value, None), key, value


def norm():
    made = nn.LayerNorm(WIDTH)
    made.register_parameter("bias", None)
    return made


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.norm1, self.norm2 = Attention(), norm(), norm()
        self.fc1, self.fc2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def forward(self, x):
        x = x + self.self_attn.self_attend(self.norm1(x), None, False)[0]
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm2(x))))


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.encoder_attn = Attention(), Attention()
        self.norm1, self.norm2, self.norm3 = norm(), norm(), norm()
        self.fc1, self.fc2 = nn.Linear(WIDTH, 2 * INNER), nn.Linear(INNER, WIDTH)

    def forward(self, x, encoded, past):
        attended, *present = self.self_attn.self_attend(self.norm1(x), past[:2] if past else None, True)
        x = x + attended
        attended, *cross = self.encoder_attn.cross_attend(self.norm2(x), encoded, past[2:] if past else None)
        x = x + attended
        hidden, gate = self.fc1(self.norm3(x)).chunk(2, dim=-1)
        return (x + self.fc2(nn.functional.silu(gate) * hidden), *present, *cross)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, WIDTH, kernel_size=127, stride=64, bias=False)
        self.conv2 = nn.Conv1d(WIDTH, 2 * WIDTH, kernel_size=7, stride=3)
        self.conv3 = nn.Conv1d(2 * WIDTH, WIDTH, kernel_size=3, stride=2)
        self.groupnorm = nn.GroupNorm(num_groups=1, num_channels=WIDTH, eps=1e-5)
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(LAYERS))
        self.norm = norm()

    def forward(self, samples):
        x = self.groupnorm(torch.tanh(self.conv1(samples.unsqueeze(1))))
        x = nn.functional.gelu(self.conv3(nn.functional.gelu(self.conv2(x)))).permute(0, 2, 1)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class Decoder(nn.Module):
    """(input_ids, encoder_hidden_states, keys and values if with_past) -> logits and those that are new."""

    def __init__(self, vocab_size):
        super().__init__()
        self.embed, self.norm = nn.Embedding(vocab_size, WIDTH), norm()
        self.layers = nn.ModuleList(DecoderLayer() for _ in range(LAYERS))
        self.proj_out = nn.Linear(WIDTH, vocab_size, bias=False)

    def forward(self, ids, encoded, *past):
        x, present = self.embed(ids), []
        for index, layer in enumerate(self.layers):
            x, *made = layer(x, encoded, past[4 * index : 4 * index + 4] if past else None)
            present += made[:2] if past else made
        return (self.proj_out(self.norm(x)), *present)
