"""Writes a decoder-only PyTorch module as the folder that model hubs serve.

The names are those of hub exports: input_ids, attention_mask, position_ids, past_key_values.N.key/value in;
logits, present.N.key/value out. Every sequence axis is symbolic.
"""

import json
import os
import warnings

EXIT_SKIPPED = 77  # what ctest's SKIP_RETURN_CODE says

try:
    import onnx
    import torch
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(EXIT_SKIPPED)


def need_file(path):
    """Ends the script with a line "SKIP: ..." where a file that is not part of the repository is absent."""
    if not os.path.isfile(path):
        print(f"SKIP: {path} is absent")
        raise SystemExit(EXIT_SKIPPED)
    return path


def dump_json(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False, indent=1)
        f.write("\n")


def cache_names(prefix, layer_count):
    """As hubs name the keys and values of a decoder-only model."""
    return [f"{prefix}.{layer}.{part}" for layer in range(layer_count) for part in ("key", "value")]


def export_onnx(model, path, inputs, outputs, opset=14):
    """Traces `model` into `path`. inputs: {name: (tensor, {axis: symbol})}, outputs: {name: {axis: symbol}}, in order."""
    model.eval()
    axes = {name: axes for name, (_, axes) in inputs.items() if axes}
    axes.update({name: axes for name, axes in outputs.items() if axes})
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            tuple(tensor for tensor, _ in inputs.values()),
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=opset,
            do_constant_folding=True,
        )


def export_decoder(model, folder, *, layer_count, kv_head_count, head_dim, opset=14, external_data=False,
                   takes_positions=True, file="model.onnx", with_past=True, sequence=3):
    """Traces `model(input_ids, attention_mask, position_ids, *past)` into folder/file.

    past is a flat list of key, value per layer, each [B, kv_head_count, P, head_dim]; without past there is none.
    sequence is the number of tokens to trace with.
    external_data moves the weights to folder/model.onnx_data, as exports above 2 GB have them.
    """
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, file)
    batch, past = 2, 5 if with_past else 0
    tokens = {0: "batch_size", 1: "sequence_length"}
    total = "past_sequence_length + sequence_length" if with_past else "sequence_length"
    inputs = {
        "input_ids": (torch.zeros(batch, sequence, dtype=torch.int64), tokens),
        "attention_mask": (torch.ones(batch, past + sequence, dtype=torch.int64), {0: "batch_size", 1: total}),
        "position_ids": (torch.arange(past, past + sequence).unsqueeze(0).expand(batch, -1), tokens),
    }
    if not takes_positions:
        del inputs["position_ids"]
    cache = torch.zeros(batch, kv_head_count, past, head_dim)
    for name in cache_names("past_key_values", layer_count) if with_past else ():
        inputs[name] = (cache, {0: "batch_size", 2: "past_sequence_length"})
    outputs = {"logits": tokens}
    for name in cache_names("present", layer_count):
        outputs[name] = {0: "batch_size", 2: total}
    export_onnx(model, path, inputs, outputs, opset)
    if external_data:
        _move_weights_out(path)


def _move_weights_out(path):
    data_name = os.path.basename(path) + "_data"
    model = onnx.load(path)
    onnx.save_model(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=data_name,
                    size_threshold=1024)
