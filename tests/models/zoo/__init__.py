"""Transformers written the way hub implementations are, so that their ONNX exports have that shape. Each module holds
one family; what its members do differently are fields of one configuration."""
