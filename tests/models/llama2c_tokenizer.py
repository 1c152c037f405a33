"""Turns llama2.c's tokenizer.bin into the tokenizer.json that hubs serve for Llama: BPE with byte fallback.

tokenizer.bin (llama2.c, tokenizer.py export): int32 longest token, then per token f32 score, int32 byte count, bytes;
a space stands for SentencePiece's U+2581, and <s>, </s> are wrapped in newlines.
"""

import struct

SPACE = "\u2581"
SPECIAL = ("<unk>", "<s>", "</s>")
BYTE_TOKEN_COUNT = 256


def read_pieces(path):
    """Returns [(piece, score)] in id order, pieces as SentencePiece spells them."""
    with open(path, "rb") as f:
        data = f.read()
    pieces, offset = [], 4
    while offset < len(data):
        score, length = struct.unpack_from("<fi", data, offset)
        offset += 8
        text = data[offset : offset + length].decode("utf-8")
        offset += length
        index = len(pieces)
        pieces.append((SPECIAL[index] if index < len(SPECIAL) else text.replace(" ", SPACE), score))
    return pieces


def merges_from_scores(pieces):
    """Every split of a piece into two pieces, best score of the whole first (SentencePiece merges by score)."""
    first_text = len(SPECIAL) + BYTE_TOKEN_COUNT
    ids = {piece: index for index, (piece, _) in enumerate(pieces) if index >= first_text}
    ranked = []
    for piece, score in pieces[first_text:]:
        splits = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        splits = [(left, right) for left, right in splits if left in ids and right in ids]
        splits.sort(key=lambda pair: (ids[pair[0]], ids[pair[1]]))
        ranked += [(score, pair) for pair in splits]
    ranked.sort(key=lambda item: item[0], reverse=True)
    return [f"{left} {right}" for _, (left, right) in ranked]


def _special_token(index, content):
    return {"id": index, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True}


def tokenizer_json(pieces):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_special_token(index, content) for index, content in enumerate(SPECIAL)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": SPACE},
                {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "<s>", "type_id": 1}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {piece: index for index, (piece, _) in enumerate(pieces)},
            "merges": merges_from_scores(pieces),
        },
    }


def tokenizer_config_json(context_tokens):
    return {
        "tokenizer_class": "LlamaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": None,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context_tokens,
    }
