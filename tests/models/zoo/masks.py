"""Causal and padding masks in the spellings of hub implementations: [B, 1, S, P + S], 0 where a query may look."""

import torch

LOWEST = torch.finfo(torch.float32).min


def _expanded(attention_mask, tokens):
    batch, total = attention_mask.shape
    hidden = 1.0 - attention_mask[:, None, None, :].expand(batch, 1, tokens, total).to(torch.float32)
    return hidden.masked_fill(hidden.to(torch.bool), LOWEST)


def filled(attention_mask, tokens, past_tokens, window=None):
    """Llama's of 2023 (_make_causal_mask): masked_fill over counters, zeros before for the past."""
    causal = torch.full((tokens, tokens), LOWEST)
    column = torch.arange(tokens)
    causal = causal.masked_fill(column < (column + 1).view(tokens, 1), 0)
    causal = torch.cat([torch.zeros(tokens, past_tokens), causal], dim=-1)
    total = past_tokens + tokens
    causal = causal[None, None, :, :].expand(attention_mask.shape[0], 1, tokens, total)
    return _expanded(attention_mask, tokens) + causal


def filled_if_many(attention_mask, tokens, past_tokens, window=None):
    """OPT's and BART's of 2022: a single token needs no causal mask, and a trace with one never has it."""
    return filled(attention_mask, tokens, past_tokens) if tokens > 1 else _expanded(attention_mask, tokens)


def positions(attention_mask, tokens, past_tokens, window=None):
    """The static-cache form of 2024 (_update_causal_mask): triu times a comparison with cache positions."""
    total = attention_mask.shape[1]
    cache_position = torch.arange(past_tokens, past_tokens + tokens)
    causal = torch.full((tokens, total), LOWEST)
    keys = torch.arange(total)
    hidden = keys > cache_position.reshape(-1, 1)
    if window is not None:
        hidden = torch.logical_or(hidden, keys <= (cache_position.reshape(-1, 1) - window))
    causal = causal * hidden
    causal = causal[None, None, :, :].expand(attention_mask.shape[0], 1, -1, -1)
    padding = causal + attention_mask[:, None, None, :].to(torch.float32)
    return causal.masked_fill(padding == 0, LOWEST)


def padding_only(attention_mask, tokens=None, past_tokens=None, window=None):
    """GPT-2's and the encoders': [B, 1, 1, T]; what is causal is hidden elsewhere."""
    return (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * LOWEST


MASKS = {"filled": filled, "filled_if_many": filled_if_many, "positions": positions, "padding": padding_only}
