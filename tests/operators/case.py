"""Rows of the operator tables: one node, its inputs, and where its expected outputs come from.

A row is Case(sizes, inputs, attributes, ...). An input's shape is a text like "B 2*S 64": names and expressions of them are
symbolic dims of the model, whose values are in `sizes`; numbers are fixed dims. weight(...) makes an input an initializer.
"""

from dataclasses import dataclass, field, replace
from typing import Callable, Optional

import numpy as np

# TensorProto.DataType of what numpy has no dtype for; the array given holds one element per byte.
UINT4, INT4 = 21, 22


@dataclass(frozen=True)
class Input:
    dtype: type
    shape: str
    values: Callable  # (numpy Generator, shape) -> array
    is_weight: bool = False
    onnx_type: Optional[int] = None  # UINT4, INT4: packed two to a byte

    def dims(self):
        """Symbols and numbers, as the model declares them."""
        return [int(token) if token.isdigit() else token for token in self.shape.split()]

    def array(self, random, sizes):
        shape = [token if isinstance(token, int) else eval(token, {}, sizes) for token in self.dims()]
        return np.array(np.broadcast_to(np.asarray(self.values(random, shape), self.dtype), shape), order="C")


def normal(shape, scale=1.0, mean=0.0):
    """f32 of a normal distribution."""
    return Input(np.float32, shape, lambda random, dims: mean + scale * random.standard_normal(dims))


def integers(dtype, shape, low, high, **more):
    """Whole numbers from low to high, both included."""
    return Input(dtype, shape, lambda random, dims: random.integers(low, high + 1, dims), **more)


def given(dtype, shape, values):
    """The values written here, broadcast to the shape."""
    return Input(dtype, shape, lambda random, dims: values)


def weight(tensor):
    return replace(tensor, is_weight=True)


@dataclass(frozen=True)
class Case:
    sizes: dict
    inputs: list  # of Input; None where an optional one is absent
    attributes: dict = field(default_factory=dict)
    outputs: tuple = ("y",)  # "" where an optional one is absent; "name: float32" where its type is not inferred
    domain: str = "com.microsoft"
    version: int = 1  # of the domain's opset
    is_fixed: bool = False  # symbols are numbers in the model
    reference: Optional[Callable] = None  # (arrays, attributes) -> outputs, where ONNX Runtime has no CPU kernel

    def output_names(self):
        return [output.partition(":")[0] for output in self.outputs]
