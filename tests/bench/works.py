"""What the bench measures, what the machine's limit for it is, and the goals set for it."""

from dataclasses import dataclass

from shapes import BYTES

GENERATED_TOKENS = 16
TEXT_PROMPT_TOKENS = 128  # of the text after which a program's memory is looked at; GENERATED_TOKENS follow
TEXT_TOKENS = TEXT_PROMPT_TOKENS + GENERATED_TOKENS
LEAST_MS = 250  # shorter runs are repeated for as long within one sample

# What a precision of smelt's is compared with; of several formats of llama.cpp the fastest counts.
PEERS = {
    "f32": {"ort": ("f32",), "llama": ("f32",)},
    "bf16": {"ort": ("f32",), "llama": ("bf16", "f16", "q8_0")},
    "int8": {"ort": ("f32",), "llama": ("q8_0",)},
    "int4": {"ort": ("f32",), "llama": ("q4_0",)},
}

# The arithmetic that a precision may use: the fastest that the machine has.
ARITHMETIC = {"f32": ("f32",), "bf16": ("bf16", "f32"), "int8": ("int8", "f32"), "int4": ("int8", "f32")}


@dataclass(frozen=True)
class Work:
    """kind: prompt, generate, encode; sizes: its command's numbers. A larger figure is better, but for encode (ms)."""

    kind: str
    sizes: tuple
    label: str
    operations: float
    bytes_of: dict  # by precision: what must be read from memory at least

    @property
    def command(self):
        return (self.kind, *self.sizes) if self.kind == "generate" else (self.kind, *self.sizes, LEAST_MS)

    @property
    def unit(self):
        return "ms" if self.kind == "encode" else "tokens/s"

    def figure(self, ns):
        if self.kind == "encode":
            return ns / 1e6
        return (self.sizes[0] if self.kind == "prompt" else 1) * 1e9 / ns

    def limit(self, machine, rates, precision):
        """The figure of a program that is as fast as memory and arithmetic allow, whichever takes longer. What fits the
        cache need not be read from memory: then generation has no limit that is measured here."""
        size = self.bytes_of[precision]
        fits_cache = size < machine["cache_bytes"]
        if fits_cache and self.kind == "generate":
            return None
        peak = max(rates.get(name, 0) for name in ARITHMETIC[precision])
        return self.figure(1e9 * max(self.operations / peak, 0 if fits_cache else size / rates["read"]))

    def speedup(self, ours, theirs):
        return theirs / ours if self.unit == "ms" else ours / theirs


def works_of(shape, quick):
    def by_precision(function):
        return {precision: function(precision) for precision in PEERS}

    works = []
    weights = shape.matrix_weights
    for tokens in shape.prompts if shape.is_decoder else ():
        if tokens <= shape.context and not (quick and tokens not in (16, 128)):
            works.append(Work("prompt", (tokens,), f"prompt {tokens}", shape.prompt_operations(tokens),
                              by_precision(lambda p: weights * BYTES[p])))
    for batch, tokens in shape.texts:
        if not (quick and (batch, tokens) not in ((1, 128), (8, 128))):
            works.append(Work("encode", (batch, tokens), f"encode {batch} x {tokens}",
                              shape.encoder_operations(batch, tokens),
                              by_precision(lambda p: shape.layers * shape.layer_weights * BYTES[p])))
    for context in shape.contexts if shape.kind != "bert" else ():
        if context + GENERATED_TOKENS <= shape.context and not (quick and context != 16):
            works.append(Work("generate", (context, GENERATED_TOKENS), shape.generation_label(context), 2 * weights,
                              by_precision(lambda p, c=context: shape.token_bytes(c, p))))
    return works


# ---- goals: (model or None, precision, kind, sizes or None) -> least --------------------------------------------------

GOALS_REACHED = {
    (None, "f32", "prompt", (128,)): 0.85,
    (None, "f32", "prompt", (512,)): 0.85,
    (None, "f32", "generate", None): 0.90,
    (None, "int8", "generate", None): 0.85,
}
GOALS_ORT = {
    (None, "f32", "prompt", (128,)): 1.2,
    (None, "f32", "prompt", (512,)): 1.2,
    (None, "f32", "generate", None): 1.5,
    (None, "bf16", "prompt", None): 6.0,
    ("minilm", "f32", "encode", (1, 128)): 1.3,
    ("minilm", "bf16", "encode", (1, 128)): 4.0,
}
GOALS_LLAMA = {
    (None, "bf16", "prompt", None): 1.3,
    (None, "int8", "prompt", None): 1.3,
    (None, "int8", "generate", None): 1.3,
    (None, "int4", "generate", None): 1.2,
}
THREADS_GOAL = 1.9  # two threads against one, of prompts


def goal(table, model, precision, work):
    for (of_model, of_precision, kind, sizes), least in table.items():
        if of_model in (None, model) and (of_precision, kind) == (precision, work.kind):
            if sizes in (None, work.sizes):
                return least
    return None
