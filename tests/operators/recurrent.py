"""RNN, GRU and LSTM: directions, states, lengths, activations. ONNX Runtime has no layout 1 ("batchwise")."""

import numpy as np

from case import Case, given, normal, weight

SIZES, HIDDEN, INPUTS = {"T": 6, "B": 3}, 5, 4
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
ENDED_EARLY = given(np.int32, "B", [6, 2, 4])


def recurrent(operator, bias=True, lengths=None, hidden=False, memory=False, peepholes=False, steps=6, batch="B",
              scale=0.7, version=22, sizes=SIZES, **attributes):
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    rows = GATES[operator] * HIDDEN
    state = normal(f"{directions} {batch} {HIDDEN}")
    inputs = [normal(f"{steps} {batch} {INPUTS}"), weight(normal(f"{directions} {rows} {INPUTS}", scale)),
              weight(normal(f"{directions} {rows} {HIDDEN}", scale)),
              weight(normal(f"{directions} {2 * rows}")) if bias else None, lengths, state if hidden else None]
    if operator == "LSTM":
        inputs += [state if memory else None, weight(normal(f"{directions} {3 * HIDDEN}")) if peepholes else None]
    while inputs[-1] is None:
        inputs.pop()
    outputs = ("y", "y_h", "y_c") if operator == "LSTM" else ("y", "y_h")
    return Case(sizes, inputs, {"hidden_size": HIDDEN, **attributes}, outputs, domain="", version=version)


def rows_of(operator, activations):
    """What all three have, with activations of one direction that take parameters."""
    both = {"direction": "bidirectional"}
    return [
        recurrent(operator, bias=False),
        recurrent(operator, hidden=True),
        recurrent(operator, direction="reverse", hidden=True),
        recurrent(operator, **both, hidden=True),
        recurrent(operator, lengths=ENDED_EARLY, hidden=True),
        recurrent(operator, lengths=ENDED_EARLY, direction="reverse"),
        recurrent(operator, lengths=ENDED_EARLY, **both, hidden=True),
        recurrent(operator, lengths=given(np.int32, "B", [1, 0, 3])),
        recurrent(operator, clip=0.5),
        recurrent(operator, steps=1, batch=1),
        recurrent(operator, steps=40, scale=0.3, **both),
        recurrent(operator, steps="T", hidden=True),
        recurrent(operator, steps="T", direction="reverse", bias=False),
        recurrent(operator, steps="T", lengths=ENDED_EARLY, **both, hidden=True),
        recurrent(operator, steps="T", sizes={"T": 1, "B": 1}, **both),
        recurrent(operator, version=7),
        recurrent(operator, version=14),
        recurrent(operator, activations=activations[0]),
        recurrent(operator, **both, activations=activations[0] + activations[1], activation_alpha=[0.3, 0.6],
                  activation_beta=[0.4]),
    ]


RNN = rows_of("RNN", (["HardSigmoid"], ["LeakyRelu"])) + [
    recurrent("RNN", activations=[name], activation_alpha=[0.5], activation_beta=[0.25], scale=0.2)
    for name in ("Relu", "Affine", "ThresholdedRelu", "ScaledTanh", "Elu", "Softsign", "Softplus")
]
GRU = rows_of("GRU", (["HardSigmoid", "Tanh"], ["Sigmoid", "LeakyRelu"])) + [
    recurrent("GRU", linear_before_reset=1),
    recurrent("GRU", linear_before_reset=1, bias=False, hidden=True),
    recurrent("GRU", linear_before_reset=1, direction="bidirectional", lengths=ENDED_EARLY, hidden=True, clip=0.8),
    recurrent("GRU", linear_before_reset=1, steps="T"),
]
LSTM = rows_of("LSTM", (["HardSigmoid", "Tanh", "Tanh"], ["Sigmoid", "LeakyRelu", "Softsign"])) + [
    recurrent("LSTM", hidden=True, memory=True),
    recurrent("LSTM", peepholes=True),
    recurrent("LSTM", peepholes=True, memory=True, direction="bidirectional", lengths=ENDED_EARLY, hidden=True),
    recurrent("LSTM", peepholes=True, memory=True, steps="T", direction="reverse", lengths=ENDED_EARLY),
    recurrent("LSTM", input_forget=1),
    recurrent("LSTM", input_forget=1, peepholes=True, clip=0.6),
]

TABLE = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}
