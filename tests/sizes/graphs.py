"""Graphs with symbolic sizes, in ONNX's text form. {WEIGHT: shape} are seeded initializers beside them."""

HEADER = '<ir_version: 8, opset_import: ["" : 17]>\n'

# Symbols that must not be 0: there is no mean of nothing, and no row to gather in an empty table.
NEVER_EMPTY = {"mean": ["S"], "gather_rows": ["R"]}

# Symbols whose limit the graph itself lowers, and what is said of limits that let it read beyond a table.
OWN_LIMITS = {"positions": {"S": 20}}
REFUSED = {"later_positions": "P + S of at most 20"}

# name -> text, weights
TEXTS = {
    "matmul_chain": ("""chain (float[batch, M, K] a, float[batch, K, N] b, float[N, P] c) => (float[batch, M, P] y) {
        ab = MatMul(a, b)  r = Relu(ab)  y = MatMul(r, c) }""", {}),
    "linear": ("""linear (float[batch, S, 24] x) => (float[batch, S, 40] y) {
        m = MatMul(x, w)  n = Add(m, bias)  y = Tanh(n) }""", {"w": (24, 40), "bias": (40,)}),
    "feed_forward": ("""ff (float[batch, S, 24] x) => (float[batch, S, 24] y) {
        m = MatMul(x, up)  s = Sigmoid(m)  h = Mul(m, s)  d = MatMul(h, down)  a = Add(d, x)
        y = LayerNormalization <axis = -1, epsilon = 1e-5> (a, gain, bias) }""",
                     {"up": (24, 40), "down": (40, 24), "gain": (24,), "bias": (24,)}),
    "convolution": ("""convolution (float[batch, 3, H, W] x) => (float[batch, 5, H, W] y) {
        c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x, w, bias)  y = Relu(c) }""",
                    {"w": (5, 3, 3, 3), "bias": (5,)}),
    "convolution_stride": ("""convolution (float[batch, 4, T] x) => (float[batch, 6, T2] y) {
        c = Conv <kernel_shape = [3], pads = [1, 1], strides = [2]> (x, w)  y = Erf(c) }""", {"w": (6, 4, 3)}),
    "global_pool": ("""pool (float[batch, 3, H, W] x) => (float[batch, 3, 1, 1] y) { y = GlobalAveragePool(x) }""", {}),
    "reduce": ("""reduce (float[batch, S, 7] x) => (float[batch, 7] sums, float[batch, 1, 7] squares, float[batch, S] norms) {
        axis = Constant <value_ints = [1]> ()  sums = ReduceSum <keepdims = 0> (x, axis)
        squares = ReduceSumSquare <axes = [1]> (x)  norms = ReduceL2 <axes = [2], keepdims = 0> (x) }""", {}),
    "product": ("""product (float[batch, S] x) => (float[batch, 1] y) { y = ReduceProd <axes = [1]> (x) }""", {}),
    "mean": ("""mean (float[batch, S, 7] x) => (float[batch, 7] y) { y = ReduceMean <axes = [1], keepdims = 0> (x) }""", {}),
    "largest": ("""largest (float[batch, S] x) => (float[batch] y) { y = ReduceMax <axes = [1], keepdims = 0> (x) }""", {}),
    "concat": ("""concat (float[batch, N] a, float[batch, M] b, float[batch, 3] c) => (float[batch, L] y, float[batch2, N] z) {
        y = Concat <axis = 1> (a, b, c, a)  z = Concat <axis = 0> (a, a) }""", {}),
    "softmax": ("""softmax (float[batch, S, T] x) => (float[batch, S, T] y, float[batch, S, T] z, float[batch, S, T] u) {
        y = Softmax <axis = 2> (x)  z = Softmax <axis = 1> (x)  u = LogSoftmax <axis = 2> (x) }""", {}),
    "attention": ("""attention (float[batch, 2, S, 16] q, float[batch, 2, T, 16] k, float[batch, 2, T, 16] v)
        => (float[batch, 2, S, 16] y) {
        kt = Transpose <perm = [0, 1, 3, 2]> (k)  s = MatMul(q, kt)  p = Softmax <axis = 3> (s)  y = MatMul(p, v) }""", {}),
    "masked_attention": ("""attention (float[batch, 2, S, 16] q, float[batch, 2, T, 16] k, float[batch, 2, T, 16] v,
        float[batch, 1, S, T] mask) => (float[batch, S, 32] y) {
        kt = Transpose <perm = [0, 1, 3, 2]> (k)  s = MatMul(q, kt)  m = Add(s, mask)  p = Softmax <axis = 3> (m)
        o = MatMul(p, v)  ot = Transpose <perm = [0, 2, 1, 3]> (o)
        shape = Constant <value_ints = [0, 0, 32]> ()  y = Reshape(ot, shape) }""", {}),
    "gather": ("""gather (int64[batch, N] ids) => (float[batch, N, 6] y) { y = Gather(table, ids) }""", {"table": (11, 6)}),
    "gather_rows": ("""gather (float[R, 6] table, float[N] like) => (float[N, 6] y) {
        shape = Shape(like)  zero = Constant <value = int64[1] {0}> ()  ids = Expand(zero, shape)
        y = Gather(table, ids) }""", {}),
    "elementwise": ("""elementwise (float[batch, S] a, float[S] b) => (float[batch, S] y) {
        s = Add(a, b)  e = Exp(s)  g = Greater(a, b)  y = Where(g, e, s) }""", {}),
    "broadcast": ("""broadcast (float[batch, 1, S] a, float[T, 1] b) => (float[batch, T, S] y) { y = Mul(a, b) }""", {}),
    "movement": ("""movement (float[batch, S, 12] x) => (float[S, batch, 12] t, float[rows, 4] r, float[batch, S2, 12] p,
        float[batch, half, 12] h) {
        t = Transpose <perm = [1, 0, 2]> (x)  shape = Constant <value_ints = [-1, 4]> ()
        flat = Constant <value_ints = [3, -1]> ()  xt = Transpose <perm = [2, 0, 1]> (x)
        r0 = Reshape(xt, flat)  r = Reshape(x, shape)
        pads = Constant <value_ints = [0, 1, 0, 0, 2, 0]> ()  p = Pad(x, pads)
        starts = Constant <value_ints = [0]> ()  ends = Constant <value_ints = [9223372036854775807]> ()
        axes = Constant <value_ints = [1]> ()  steps = Constant <value_ints = [2]> ()
        h = Slice(x, starts, ends, axes, steps) }""", {}),
    "tail": ("""tail (float[batch, S] x) => (float[batch, last] y, float[batch, rest] z) {
        minus = Constant <value_ints = [-3]> ()  end = Constant <value_ints = [9223372036854775807]> ()
        one = Constant <value_ints = [1]> ()  y = Slice(x, minus, end, one)
        zero = Constant <value_ints = [0]> ()  z = Slice(x, zero, minus, one) }""", {}),
    "counting": ("""counting (float[batch, S] x) => (int64[S] y, float[batch, S] sums, int64[batch, 1] best) {
        shape = Shape <start = 1> (x)  zero = Constant <value_int = 0> ()  one = Constant <value_int = 1> ()
        at = Constant <value_ints = [0]> ()  n = Squeeze(shape, at)  y = Range(zero, n, one)
        sums = CumSum(x, one)  best = ArgMax <axis = 1> (x) }""", {}),
    "top_k": ("""top (float[batch, S] x) => (float[batch, 3] values, int64[batch, 3] ids) {
        more = Constant <value_float = -9.0> ()  pads = Constant <value_ints = [0, 0, 0, 3]> ()
        p = Pad(x, pads, more)  k = Constant <value_ints = [3]> ()  values, ids = TopK <axis = 1> (p, k) }""", {}),
    "scatter": ("""scatter (float[R, 5] data, float[N, 5] updates) => (float[R, 5] y) {
        shape = Shape(updates)  zero = Constant <value = int64[1] {0}> ()  ids = Expand(zero, shape)
        y = ScatterElements <axis = 0, reduction = "add"> (data, ids, updates) }""", {}),
    "tile": ("""tile (float[batch, S, 3] x, float[R] like) => (float[batch, SR, 3] y) {
        one = Constant <value_ints = [1]> ()  r = Shape(like)  repeats = Concat <axis = 0> (one, r, one)
        y = Tile(x, repeats) }""", {}),
    "quantised": ("""quantised (float[batch, S, 24] x) => (float[batch, S, 8] y) {
        q, scale, zero = DynamicQuantizeLinear(x)  ws = Constant <value = float {0.05}> ()
        wz = Constant <value = uint8 {128}> ()  w8 = QuantizeLinear(w, ws, wz)
        p = MatMulInteger(q, w8, zero, wz)  f = Cast <to = 1> (p)  s = Mul(scale, ws)  y = Mul(f, s) }""", {"w": (24, 8)}),
    "batch_first": ("""gemm (float[batch, 12] x) => (float[batch, 5] y) { y = Gemm(x, w, bias) }""",
                    {"w": (12, 5), "bias": (5,)}),
    "positions": ("""positions (float[batch, S, 6] x) => (float[batch, S, 6] y) {
        s = Shape <start = 1, end = 2> (x)  zero = Constant <value_ints = [0]> ()
        p = Slice(table, zero, s, zero)  y = Add(x, p) }""", {"table": (20, 6)}),
    "later_positions": ("""positions (float[batch, S, 6] x, float[batch, P, 6] past) => (float[batch, S, 6] y) {
        s = Shape <start = 1, end = 2> (x)  from = Shape <start = 1, end = 2> (past)  to = Add(from, s)
        zero = Constant <value_ints = [0]> ()  p = Slice(table, from, to, zero)  y = Add(x, p) }""", {"table": (20, 6)}),
    "group_norm": ("""norm (float[batch, 4, S] x) => (float[batch, 4, S] y) {
        y = InstanceNormalization(x, gain, bias) }""", {"gain": (4,), "bias": (4,)}),
}
