"""The models of the bench: shapes of known models, which say how many operations and bytes their work is."""

from dataclasses import dataclass

BYTES = {"f32": 4, "bf16": 2, "f16": 2, "int8": 1, "q8_0": 34 / 32, "int4": 18 / 32, "q4_0": 18 / 32}


@dataclass(frozen=True)
class Shape:
    """width: hidden size; inner: of the feed-forward; gated: three feed-forward matrices and not two."""

    name: str
    title: str
    kind: str  # gpt2, llama: decoders; bert: an encoder; t5: both
    width: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int
    gated: bool = False
    rope_theta: float = 10000.0
    prompts: tuple = (16, 128, 512, 2048)
    contexts: tuple = (16, 512, 2048)
    texts: tuple = ()  # of an encoder: (batch, tokens)

    @property
    def head_dim(self):
        return self.width // self.heads

    @property
    def is_decoder(self):
        return self.kind in ("gpt2", "llama")

    @property
    def layer_weights(self):
        attention = 2 * self.width * self.width + 2 * self.width * self.kv_heads * self.head_dim
        return attention + (3 if self.gated else 2) * self.width * self.inner

    @property
    def matrix_weights(self):
        """Numbers that each generated token is multiplied with: every matrix and the head; cross-attention makes keys
        and values of the encoder's text only once."""
        cross = 2 * self.width * self.width if self.kind == "t5" else 0
        return self.layers * (self.layer_weights + cross) + self.width * self.vocabulary

    def prompt_operations(self, tokens):
        """Reading a prompt; the head sees the last token only. A multiply-add is 2."""
        attention = self.layers * 2 * self.heads * self.head_dim * tokens * (tokens + 1) / 2
        return 2 * (self.layers * self.layer_weights * tokens + attention + self.width * self.vocabulary)

    def encoder_operations(self, batch, tokens):
        attention = self.layers * 2 * self.heads * self.head_dim * tokens * tokens
        return 2 * batch * (self.layers * self.layer_weights * tokens + attention)

    def generation_label(self, context):
        """An encoder-decoder's context is its source: the decoder's own text is short."""
        return f"generate, source {context}" if self.kind == "t5" else f"generate at {context}"

    def token_bytes(self, context, precision):
        """What generating one token must read: weights in their precision, f32 keys and values of the context."""
        cache = 2 * self.layers * self.kv_heads * self.head_dim * context * 4
        return self.matrix_weights * BYTES[precision] + cache


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("gpt2", "GPT-2 124M", "gpt2", 768, 3072, 12, 12, 12, 50257, 1024),
        Shape("smollm", "SmolLM-135M", "llama", 576, 1536, 30, 9, 3, 49152, 2176, gated=True),
        Shape("llama1b", "Llama-1B, 4 layers", "llama", 2048, 8192, 4, 32, 8, 32000, 2176, gated=True,
              rope_theta=500000.0),
        Shape("long", "Llama of 2 layers, long texts", "llama", 576, 1536, 2, 9, 3, 512, 8256, gated=True,
              prompts=(512, 2048, 8192), contexts=(16, 2048, 8192)),
        Shape("stories260k", "stories260K", "llama", 64, 172, 5, 8, 4, 512, 512, gated=True),
        Shape("minilm", "MiniLM-L6", "bert", 384, 1536, 6, 12, 12, 30522, 512,
              texts=((1, 16), (1, 128), (1, 512), (8, 128))),
        Shape("bert", "BERT-base", "bert", 768, 3072, 12, 12, 12, 30522, 512, texts=((1, 16), (1, 128), (8, 128))),
        Shape("t5", "T5-small", "t5", 512, 2048, 6, 8, 8, 32128, 576, contexts=(16, 128, 512), texts=((1, 128), (1, 512))),
    )
}
