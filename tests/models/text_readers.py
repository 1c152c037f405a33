#!/usr/bin/python3
"""text_readers.py FOLDER MINILM: model folders of graphs that read text, one of each head, small, with seeded weights.

MINILM is the folder of a WordPiece tokenizer. tests/program/readers_check.py builds the same modules and computes what
the programs must answer.
"""

import os
import shutil
import sys

from hub_export import dump_json, export_onnx, need_file  # first: it skips where PyTorch is absent

import torch

from byte_tokenizer import BYTE_COUNT, byte_tokenizer
from zoo.causal import CausalConfig, CausalLM
from zoo.encoder import Encoder, EncoderConfig

LABELS = {"0": "joy", "1": "anger", "2": "a \"quoted\" label", "3": "fear", "4": "nichts"}
ODD_LABELS = {**LABELS, "4": "two\tcolumns,\nand lines"}
TAGS = {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}
BYTES = dict(vocab_size=BYTE_COUNT + 1, context_tokens=66)
WORDS = dict(vocab_size=30522, width=32, inner=64, token_types=True)
WITH_WORDS = ("states", "prompts", "tags", "fill", "answer")  # WordPiece; the others have a token for each byte
FIXED_TOKENS = 32

# kind: the module's configuration, its output, config.json
KINDS = {
    "states": (WORDS, "last_hidden_state",
               {"architectures": ["BertModel"], "pad_token_id": 0}),
    "cls": (BYTES, "last_hidden_state", {"architectures": ["BertModel"]}),
    "fixed": (dict(BYTES, token_types=True), "token_embeddings", {"pad_token_id": 7}),
    "dense": (BYTES, "last_hidden_state", {}),
    "vector": (dict(BYTES, head="mean"), "sentence_embedding", {}),
    "labels": (dict(BYTES, head="labels"), "logits",
               {"architectures": ["BertForSequenceClassification"], "id2label": ODD_LABELS}),
    "multi": (dict(BYTES, head="labels"), "logits", {"problem_type": "multi_label_classification", "id2label": ODD_LABELS}),
    "token_labels": (dict(BYTES, head="token_labels"), "logits",
                     {"architectures": ["BertForTokenClassification"], "id2label": LABELS}),
    "masked": (dict(BYTES, head="token_labels"), "logits", {"architectures": ["BertForMaskedLM"]}),
    "narrow": (dict(BYTES, token_types=True), "last_hidden_state", {}),  # its ids are int32
    "tags": (dict(WORDS, head="token_labels"), "logits", {"architectures": ["BertForTokenClassification"], "id2label": TAGS}),
    "fill": (dict(WORDS, head="vocabulary"), "logits", {"architectures": ["BertForMaskedLM"]}),
    "answer": (dict(WORDS, head="answers"), "start_logits", {"architectures": ["BertForQuestionAnswering"]}),
    "causal": (None, "logits", {"architectures": ["LlamaForCausalLM"]}),
    "prompts": (WORDS, "last_hidden_state", {}),
    "rank": (dict(BYTES, head="labels", label_count=1, position_offset=2), "logits",  # RoBERTa as a cross-encoder that sentence-transformers saved
             {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"},
              "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "4.1.0"}}),
}
NAMED_POOLING = {"narrow": "weightedmean"}
# config_sentence_transformers.json
PROMPTS = {
    "states": {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": None},
    "prompts": {"__version__": {"sentence_transformers": "3.0.0"}, "default_prompt_name": "question",
                "prompts": {"question": "represent this question for a search: ", "nothing": "", "text": "text:"}},
}


def module(kind):
    torch.manual_seed(1 + list(KINDS).index(kind))
    made = CausalLM(CausalConfig(takes_positions=True)) if kind == "causal" else Encoder(EncoderConfig(**KINDS[kind][0]))
    return made.eval()


def inputs_of(kind, ids):
    """{name: tensor} of a text, as the module takes them in order"""
    row = torch.tensor([ids], dtype=torch.int32 if kind == "narrow" else torch.int64)
    inputs = {"input_ids": row, "attention_mask": torch.ones_like(row)}
    if kind == "causal":
        inputs["position_ids"] = torch.arange(len(ids)).unsqueeze(0)
    elif KINDS[kind][0].get("token_types"):
        inputs["token_type_ids"] = torch.zeros_like(row)
    return inputs


def write_tokenizer(folder, kind, minilm):
    if kind in WITH_WORDS:
        shutil.copy(need_file(os.path.join(minilm, "tokenizer.json")), folder)
    else:
        dump_json(folder, "tokenizer.json", byte_tokenizer())


def write_modules(folder, kind):
    """sentence-transformers' files."""
    module_row = {"name": "", "path": "", "type": "sentence_transformers.models."}
    names = {"states": ("Transformer", "Pooling", "Normalize"), "cls": ("Transformer", "Pooling"), "prompts": ("Transformer", "Pooling"),
             "narrow": ("Transformer", "Pooling"), "dense": ("Transformer", "Pooling", "Dense")}.get(kind, ())
    pooling = {"word_embedding_dimension": 64, "pooling_mode_cls_token": kind == "cls", "pooling_mode_mean_tokens": kind != "cls",
               "pooling_mode_max_tokens": False, **({"include_prompt": False} if kind == "prompts" else {})}
    if kind in NAMED_POOLING:  # as files are since 2026
        pooling = {"embedding_dimension": 64, "pooling_mode": NAMED_POOLING[kind], "include_prompt": True}
    if names:
        dump_json(folder, "modules.json", [{**module_row, "idx": i, "type": module_row["type"] + name,
                                            "path": f"{i}_{name}" if i else ""} for i, name in enumerate(names)])
        os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
        dump_json(os.path.join(folder, "1_Pooling"), "config.json", pooling)
    if kind in PROMPTS:
        dump_json(folder, "config_sentence_transformers.json", PROMPTS[kind])
    if kind == "states":
        dump_json(folder, "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": False})


def write_folder(folder, kind, minilm):
    os.makedirs(folder, exist_ok=True)
    _, output, config = KINDS[kind]
    symbols = {0: "batch_size"} if kind == "fixed" else {0: "batch_size", 1: "sequence_length"}
    count = FIXED_TOKENS if kind == "fixed" else 5
    made = module(kind)
    inputs = {name: (tensor.expand(2, -1), symbols) for name, tensor in inputs_of(kind, [1] * count).items()}
    with torch.no_grad():
        answers = made(*(tensor for tensor, _ in inputs.values()))
    # What else a decoder gives, its keys and values, has names of its own.
    names = [output, "end_logits"] if kind == "answer" else [output] + [f"present.{i}" for i in range(len(answers) - 1)]
    outputs = {name: {0: "batch_size"} if answer.dim() == 2 and kind != "answer" else symbols if name in (output, "end_logits") else {0: "batch_size", 2: "sequence_length"}
               for name, answer in zip(names, answers)}
    export_onnx(made, os.path.join(folder, "model.onnx"), inputs, outputs)
    dump_json(folder, "config.json", config)
    write_tokenizer(folder, kind, minilm)
    write_modules(folder, kind)


def main():
    folder, minilm = sys.argv[1:]
    for kind in KINDS:
        write_folder(os.path.join(folder, kind), kind, minilm)


if __name__ == "__main__":
    main()
