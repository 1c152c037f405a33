"""Matrix products of com.microsoft on floats."""

from case import Case, normal, weight

X, Y = {"B": 3, "M": 4}, weight(normal("16 24"))

FUSED_MATMUL = [
    Case(X, [normal("B M 16"), Y]),
    Case(X, [normal("B M 16"), Y], {"alpha": 0.5}),
    Case(X, [normal("B 16 M"), normal("B 16 24")], {"transA": 1, "alpha": 2.0}),
    Case(X, [normal("B M 16"), weight(normal("24 16"))], {"transB": 1}),
    Case(X, [normal("B 16 M"), normal("B 24 16")], {"transA": 1, "transB": 1}),
    Case({"B": 2, "M": 3, "C": 5}, [normal("B C M 16"), normal("B C 16 8")]),
    Case(X, [normal("M B 16"), normal("B 16 24")], {"transBatchA": 1}),
    Case(X, [normal("B M 16"), normal("16 B 24")], {"transBatchB": 1, "alpha": 0.125}),
    Case(X, [normal("16 B M"), normal("24 B 16")], {"transBatchA": 1, "transBatchB": 1, "transA": 1, "transB": 1}),
    Case(X, [normal("16"), Y]),
]

TABLE = {"FusedMatMul": FUSED_MATMUL}
