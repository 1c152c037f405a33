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


def logarithm(attention_mask, tokens, past_tokens, window=None):
    """Mistral's first (4.34), which lets the past be seen whole: what it hides depends on how a text is cut."""
    band = torch.triu(torch.tril(torch.full((tokens, tokens), 1.0), diagonal=0), diagonal=-window)
    causal = torch.cat([torch.zeros(tokens, past_tokens), torch.log(band)], dim=-1)
    causal = causal[None, None, :, :].expand(attention_mask.shape[0], 1, tokens, past_tokens + tokens)
    return _expanded(attention_mask, tokens) + causal


def _converted(attention_mask, tokens, past_tokens, context):
    """AttentionMaskConverter's: a causal mask, filled where `context` of it says so, then where there is padding."""
    causal = torch.full((tokens, tokens), LOWEST)
    column = torch.arange(tokens)
    causal = causal.masked_fill(column < (column + 1).view(tokens, 1), 0)
    causal = torch.cat([torch.zeros(tokens, past_tokens), causal], dim=-1)
    causal = causal.masked_fill(context(causal), LOWEST)
    causal = causal[None, None, :, :].expand(attention_mask.shape[0], 1, tokens, past_tokens + tokens)
    hidden = 1.0 - attention_mask[:, None, None, :].expand_as(causal).to(torch.float32)
    return causal.masked_fill(hidden.to(torch.bool), LOWEST)


def filled_outside(attention_mask, tokens, past_tokens, window=None):
    """Of 4.36: an upper triangle of ints."""
    diagonal = past_tokens - window + 1
    return _converted(attention_mask, tokens, past_tokens,
                      lambda mask: (1 - torch.triu(torch.ones_like(mask, dtype=torch.int), diagonal=diagonal)).bool())


def filled_below(attention_mask, tokens, past_tokens, window=None):
    """Of 4.39: a lower triangle of bools."""
    diagonal = past_tokens - window
    return _converted(attention_mask, tokens, past_tokens,
                      lambda mask: torch.tril(torch.ones_like(mask, dtype=torch.bool), diagonal=diagonal))


def chosen_below(attention_mask, tokens, past_tokens, window=None):
    """Gemma 2's layers choose between the model's mask and the lowest number."""
    mask = positions(attention_mask, tokens, past_tokens)
    below = torch.tril(torch.ones_like(mask, dtype=torch.bool), diagonal=past_tokens - window)
    return torch.where(below, torch.full([], LOWEST), mask)


def distances(attention_mask, tokens, past_tokens, window=None):
    """Keys at most window - 1 before the query, by differences; padding and distance as one bool."""
    query = torch.arange(past_tokens, past_tokens + tokens)[:, None]
    distance = query - torch.arange(past_tokens + tokens)[None, :]
    seen = (distance >= 0) & (distance < window)
    seen = seen[None, None, :, :] & attention_mask[:, None, None, :].to(torch.bool)
    return torch.where(seen, torch.full([], 0.0), torch.full([], LOWEST))


def counted(attention_mask, tokens, past_tokens, window=None):
    """Positions counted among unpadded tokens."""
    place = attention_mask.cumsum(-1) - 1
    place = place.masked_fill(attention_mask == 0, 1)
    query = place[:, past_tokens:]
    key = place[:, None, None, :]
    seen = (key <= query[:, None, :, None]) & (key > query[:, None, :, None] - window)
    return (1.0 - (seen & (attention_mask[:, None, None, :] > 0)).to(torch.float32)) * LOWEST


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


MASKS = {"filled": filled, "filled_if_many": filled_if_many, "positions": positions, "padding": padding_only,
         "logarithm": logarithm, "filled_outside": filled_outside, "filled_below": filled_below,
         "chosen_below": chosen_below, "distances": distances, "counted": counted}
