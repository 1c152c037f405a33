"""Trains a tagger of people, places and organisations on one CPU core, scores it on names it has never seen, and writes the
folder `model` as hubs lay it out.

    /usr/bin/python3 train.py
"""

import json
import math
import os
import random
import sys

import torch
from torch import nn

from sentences import draw

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(FOLDER))
from byte_level_bpe import CHARACTER_BYTES, Tokenizer, learn_merges  # noqa: E402

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]
SPECIAL_TOKENS = ["<pad>", "<s>", "</s>"]
PAD, START, END = 0, 1, 2
VOCABULARY, WIDTH, HEADS, LAYERS, POSITIONS = 700, 64, 4, 2, 128
SEED, STEPS, BATCH, PEAK_RATE = 7, 1200, 48, 2e-3
HELD_OUT = 500


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def split(self, x):
        return x.view(x.size(0), x.size(1), HEADS, WIDTH // HEADS).permute(0, 2, 1, 3)

    def forward(self, x, bias):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(WIDTH // HEADS) + bias
        mixed = torch.matmul(torch.softmax(scores, -1), value).permute(0, 2, 1, 3).reshape(x.shape)
        x = self.norm1(x + self.out(mixed))
        return self.norm2(x + self.down(nn.functional.gelu(self.up(x))))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.norm, self.layers = nn.LayerNorm(WIDTH), nn.ModuleList(Layer() for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, len(LABELS))

    def forward(self, input_ids, attention_mask):
        bias = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -1e9
        x = self.norm(self.words(input_ids) + self.positions.weight[: input_ids.shape[1]])
        for layer in self.layers:
            x = layer(x, bias)
        return self.head(x)


def encode(tokenizer, text, spans):
    """Ids and labels; a token belongs to the span that its first character but for a space lies in."""
    ids, labels, at, byte_at, before = [START], [-100], 0, [], None
    for index, c in enumerate(text):
        byte_at += [index] * len(c.encode())
    for id in tokenizer.encode(text):
        spelling = bytes(CHARACTER_BYTES[c] for c in tokenizer.tokens[id])
        first = at + (len(spelling) > 1 and spelling.startswith(b" "))
        inside = [(kind, start) for kind, start, end in spans if start <= byte_at[first] < end]
        label = "O" if not inside else ("I-" if inside[0] == before else "B-") + inside[0][0]
        before = inside[0] if inside else None
        ids.append(id)
        labels.append(LABELS.index(label))
        at += len(spelling)
    return [*ids, END], [*labels, -100]


def batch_of(rows):
    pad = lambda columns, value: nn.utils.rnn.pad_sequence([torch.tensor(c) for c in columns], batch_first=True, padding_value=value)
    ids = pad([ids for ids, _ in rows], PAD)
    return ids, (ids != PAD).to(torch.int64), pad([labels for _, labels in rows], -100)


def train(model, rows):
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE)
    random_source = random.Random(SEED)
    for step in range(STEPS):
        rate = PEAK_RATE * min((step + 1) / 100, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        ids, mask, labels = batch_of(random_source.sample(rows, BATCH))
        loss = nn.functional.cross_entropy(model(ids, mask).flatten(0, 1), labels.flatten(), ignore_index=-100)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}/{STEPS}  loss {loss.item():.4f}", flush=True)


def write_folder(model, tokenizer):
    folder = os.path.join(FOLDER, "model")
    os.makedirs(folder, exist_ok=True)
    ids = torch.ones(2, 5, dtype=torch.int64)
    axes = {0: "batch_size", 1: "sequence_length"}
    torch.onnx.export(model, (ids, ids), os.path.join(folder, "model.onnx"), input_names=["input_ids", "attention_mask"],
                      output_names=["logits"], opset_version=14,
                      dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": axes})
    config = {"architectures": ["NamesForTokenClassification"], "model_type": "names", "pad_token_id": PAD,
              "id2label": {str(i): label for i, label in enumerate(LABELS)}, "max_position_embeddings": POSITIONS}
    path = os.path.join(folder, "tokenizer.json")
    tokenizer.save(path)
    with open(path, encoding="utf-8") as file:
        described = json.load(file)
    special = {name: {"id": name, "ids": [id], "tokens": [name]} for id, name in ((START, "<s>"), (END, "</s>"))}
    piece = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    text = lambda name: {"Sequence": {"id": name, "type_id": 0}}
    template = {"type": "TemplateProcessing", "single": [piece("<s>"), text("A"), piece("</s>")],
                "pair": [piece("<s>"), text("A"), text("B"), piece("</s>")], "special_tokens": special}
    described["post_processor"] = {"type": "Sequence", "processors": [described["post_processor"], template]}
    for name, value in (("config.json", config), ("tokenizer.json", described),
                        ("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>",
                                                   "bos_token": "<s>", "eos_token": "</s>"})):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.write("\n")


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    drawn = draw(20000, False, SEED)
    merges = learn_merges([text for text, _ in drawn[:4000]], VOCABULARY - 256 - len(SPECIAL_TOKENS))
    tokenizer = Tokenizer(merges, SPECIAL_TOKENS, special_first=True)
    model = Tagger()
    train(model, [encode(tokenizer, *sentence) for sentence in drawn])
    held_out = draw(HELD_OUT, True, SEED + 1)
    ids, mask, labels = batch_of([encode(tokenizer, *sentence) for sentence in held_out])
    model.eval()
    with torch.no_grad():
        best = model(ids, mask).argmax(-1)
    known = labels != -100
    print(f"held-out tokens: {(best == labels)[known].float().mean().item():.4f} right")
    write_folder(model, tokenizer)
    with open(os.path.join(FOLDER, "heldout.tsv"), "w", encoding="utf-8") as file:
        for text, spans in held_out:
            file.write("\t".join([text, *(f"{kind} {start} {end}" for kind, start, end in spans)]) + "\n")


if __name__ == "__main__":
    main()
