"""Byte-level byte-pair encoding: learn it, apply it, and write it as a Hugging Face `tokenizer.json`.

Algorithm: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016),
over the bytes of UTF-8 text cut into words as GPT-2 does (Radford et al. 2019).  Both examples use it, so
neither needs a tokenizer library.
"""

import collections
import heapq
import json
import re

# GPT-2 cuts words by \p{L} and \p{N}; Python's re has neither.  This expression cuts the same way as long as
# the text has no number-like characters beyond the decimal digits (superscripts, Roman numeral signs, ...).
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_characters():
    """The printable character that stands for each byte in the vocabulary, indexed by byte value."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    stand_ins = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        stand_ins.setdefault(byte, chr(256 + sum(code >= "\u0100" for code in stand_ins.values())))
    return [stand_ins[byte] for byte in range(256)]


BYTE_CHARACTERS = byte_characters()
CHARACTER_BYTES = {character: byte for byte, character in enumerate(BYTE_CHARACTERS)}


def spell(word):
    """The word's UTF-8 bytes, each as its printable character."""
    return tuple(BYTE_CHARACTERS[byte] for byte in word.encode())


def join_pair(pieces, pair):
    """`pieces` with every occurrence of `pair`, from the left, made one piece."""
    joined, at = [], 0
    while at < len(pieces):
        if tuple(pieces[at : at + 2]) == pair:
            joined.append(pair[0] + pair[1])
            at += 2
        else:
            joined.append(pieces[at])
            at += 1
    return tuple(joined)


def learn_merges(texts, merge_count):
    """The `merge_count` merges, most frequent pair first; equal counts go by the pair's own order."""
    counts = collections.Counter(word for text in texts for word in WORDS.findall(text))
    spelled = [[spell(word), count] for word, count in sorted(counts.items())]
    pair_counts, pair_words = collections.Counter(), collections.defaultdict(set)
    for index, (pieces, count) in enumerate(spelled):
        for pair in zip(pieces, pieces[1:]):
            pair_counts[pair] += count
            pair_words[pair].add(index)
    # The heap may hold outdated counts; an entry is true only if it agrees with pair_counts.
    heap = [(-count, pair) for pair, count in pair_counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and len(merges) < merge_count:
        negative_count, best = heapq.heappop(heap)
        if pair_counts[best] != -negative_count or negative_count == 0:
            continue
        merges.append(best)
        changed = set()
        for index in pair_words.pop(best):
            pieces, count = spelled[index]
            merged = join_pair(pieces, best)
            for pair in zip(pieces, pieces[1:]):
                pair_counts[pair] -= count
                changed.add(pair)
            for pair in zip(merged, merged[1:]):
                pair_counts[pair] += count
                pair_words[pair].add(index)
                changed.add(pair)
            spelled[index][0] = merged
        for pair in changed:
            if pair_counts[pair] > 0:
                heapq.heappush(heap, (-pair_counts[pair], pair))
    return merges


class Tokenizer:
    """Text to ids and back.  `special_first`: the special tokens take the lowest ids, not the highest."""

    def __init__(self, merges, special_tokens, special_first):
        learned = sorted(BYTE_CHARACTERS)
        learned += [left + right for left, right in merges]
        tokens = [*special_tokens, *learned] if special_first else [*learned, *special_tokens]
        self.special_tokens = special_tokens
        self.merges = [tuple(merge) for merge in merges]
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.vocabulary = {token: id for id, token in enumerate(tokens)}
        self.tokens = tokens
        self.known_words = {}

    def encode_word(self, word):
        if word not in self.known_words:
            pieces = spell(word)
            while len(pieces) > 1:
                best = min(zip(pieces, pieces[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if best not in self.ranks:
                    break
                pieces = join_pair(pieces, best)
            self.known_words[word] = [self.vocabulary[piece] for piece in pieces]
        return self.known_words[word]

    def encode(self, text):
        """Ids of plain text.  Special tokens are not looked for in it."""
        return [id for word in WORDS.findall(text) for id in self.encode_word(word)]

    def decode(self, ids):
        """Text of ids, special tokens left out."""
        spelled = "".join(self.tokens[id] for id in ids if self.tokens[id] not in self.special_tokens)
        return bytes(CHARACTER_BYTES[character] for character in spelled).decode(errors="replace")

    def save(self, path):
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        tokenizer = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {"id": self.vocabulary[token], "content": token, **plain, "special": True}
                for token in self.special_tokens
            ],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": byte_level,
            "decoder": byte_level,
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": "",
                "end_of_word_suffix": "",
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": self.vocabulary,
                "merges": [f"{left} {right}" for left, right in self.merges],
            },
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(tokenizer, file, ensure_ascii=False, indent=1)
            file.write("\n")

    @classmethod
    def load(cls, path):
        """A tokenizer that `save` wrote."""
        with open(path, encoding="utf-8") as file:
            tokenizer = json.load(file)
        added = [token["content"] for token in tokenizer["added_tokens"]]
        merges = [tuple(merge.split(" ")) for merge in tokenizer["model"]["merges"]]
        return cls(merges, added, special_first=tokenizer["added_tokens"][0]["id"] == 0)
