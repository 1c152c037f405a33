/* Dedicated kernels against the reference evaluator, with odd sizes, on every level of this machine. */
#include "codegen_harness.h"

static void norms(void **state) {
  (void)state;
  harness_run("graph layer(x: f32[S, 77], g: f32[77], b: f32[77]) {\n"
              "  y = layer_norm x, g, b {epsilon = 1e-5} : f32[S, 77]\n"
              "  return y = y\n"
              "}\n"
              "graph layer_plain(x: f32[2, S, 64]) {\n"
              "  y = layer_norm x {epsilon = 1e-5} : f32[2, S, 64]\n"
              "  return y = y\n"
              "}\n"
              "graph rms(x: f32[S, 40], g: f32[40]) {\n"
              "  y = rms_norm x, g {epsilon = 1e-6} : f32[S, 40]\n"
              "  return y = y\n"
              "}\n"
              "graph rms_half(x: f16[S, 40], g: f16[40]) {\n"
              "  y = rms_norm x, g {epsilon = 1e-6} : f16[S, 40]\n"
              "  return y = y\n"
              "}\n"
              "graph layer_wide(x: f64[S, 33], g: f64[33]) {\n"
              "  y = layer_norm x, g {epsilon = 1e-5} : f64[S, 33]\n"
              "  return y = y\n"
              "}\n");
}

static void softmaxes(void **state) {
  (void)state;
  harness_run("graph rows(x: f32[3, S, 77]) {\n"
              "  y = softmax x : f32[3, S, 77]\n"
              "  return y = y\n"
              "}\n"
              "graph growing(x: f32[2, S, P + S], p: f32[P]) {\n"
              "  y = softmax x : f32[2, S, P + S]\n"
              "  return y = y\n"
              "}\n"
              "graph brain(x: bf16[S, 21]) {\n"
              "  y = softmax x : bf16[S, 21]\n"
              "  return y = y\n"
              "}\n");
}

static void rotaries(void **state) {
  (void)state;
  harness_run("graph half(x: f32[1, 3, S, 16], c: f32[1, S, 8], s: f32[1, S, 8]) {\n"
              "  y = rotary x, c, s : f32[1, 3, S, 16]\n"
              "  return y = y\n"
              "}\n"
              "graph pairs(x: f32[1, 3, S, 16], c: f32[1, S, 8], s: f32[1, S, 8]) {\n"
              "  y = rotary x, c, s {interleaved = true} : f32[1, 3, S, 16]\n"
              "  return y = y\n"
              "}\n"
              "graph partial(x: f32[2, 3, S, 20], c: f32[2, S, 3], s: f32[2, S, 3]) {\n"
              "  y = rotary x, c, s : f32[2, 3, S, 20]\n"
              "  return y = y\n"
              "}\n");
}

static void running_sums(void **state) {
  (void)state;
  harness_run("graph last(x: i64[3, S]) {\n"
              "  y = cumsum x {axis = 1} : i64[3, S]\n"
              "  return y = y\n"
              "}\n"
              "graph first(x: f32[S, 7]) {\n"
              "  y = cumsum x {axis = 0} : f32[S, 7]\n"
              "  return y = y\n"
              "}\n"
              "graph product(x: f32[3, 9]) {\n"
              "  y = cumprod x {axis = 1} : f32[3, 9]\n"
              "  return y = y\n"
              "}\n"
              "graph product_int(x: i32[S, 5]) {\n"
              "  y = cumprod x {axis = 0} : i32[S, 5]\n"
              "  return y = y\n"
              "}\n");
}

static void best_elements(void **state) {
  (void)state;
  harness_run("graph some(x: f32[S, 50]) {\n"
              "  y = top_k x {shape = [S, 7], axis = 1} : i64[S, 7]\n"
              "  return y = y\n"
              "}\n"
              "graph sorted(x: f64[3, S, 2]) {\n"
              "  y = top_k x {shape = [3, S, 2], axis = 1} : i64[3, S, 2]\n"
              "  return y = y\n"
              "}\n"
              "graph ties(x: i8[4, 90]) {\n"
              "  y = top_k x {shape = [4, 61], axis = 1} : i64[4, 61]\n"
              "  return y = y\n"
              "}\n"
              "graph unsigned(x: u8[40, 3]) {\n"
              "  y = top_k x {shape = [1, 3], axis = 0} : i64[1, 3]\n"
              "  return y = y\n"
              "}\n");
}

/* Indices are within [-8, 8): some outside, many twice. */
static void scattered_rows(void **state) {
  (void)state;
  static const char *const OPS[] = {"scatter", "scatter_add", "scatter_mul", "scatter_min", "scatter_max"};
  static const char *const DTYPES[] = {"f32", "i32", "f16"};
  text t = {0};
  for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++)
    for (size_t d = 0; d < sizeof DTYPES / sizeof *DTYPES; d++)
      text_print(&t,
                 "graph %s_%s(x: %s[S, 19], i: i64[11], u: %s[11, 19]) {\n  y = %s x, i, u : %s[S, 19]\n"
                 "  return y = y\n}\n",
                 OPS[i], DTYPES[d], DTYPES[d], DTYPES[d], OPS[i], DTYPES[d]);
  text_print(&t,
             "graph elements(x: f32[7, 1], i: i64[S], u: f32[S, 1]) {\n  y = scatter x, i, u : f32[7, 1]\n"
             "  return y = y\n}\n");
  harness_run(t.bytes);
  text_free(&t);
}

static void linears(void **state) {
  (void)state;
  harness_run("graph plain(x: f32[S, 64], w: f32[64, 48]) {\n"
              "  y = linear x, w : f32[S, 48]\n"
              "  return y = y\n"
              "}\n"
              "graph bias(x: f32[1, S, 37], w: f32[37, 53], b: f32[53]) {\n"
              "  y = linear x, w, b : f32[1, S, 53]\n"
              "  return y = y\n"
              "}\n"
              "graph residual(x: f32[1, S, 600], w: f32[600, 40], b: f32[40], r: f32[1, S, 40]) {\n"
              "  y = linear x, w, b, r : f32[1, S, 40]\n"
              "  return y = y\n"
              "}\n"
              "graph gelu(x: f32[S, 32], w: f32[32, 80], b: f32[80]) {\n"
              "  y = linear x, w, b {activation = gelu_tanh} : f32[S, 80]\n"
              "  return y = y\n"
              "}\n"
              "graph gelu_deep(x: f32[S, 300], w: f32[300, 20], b: f32[20], r: f32[S, 20]) {\n"
              "  y = linear x, w, b, r {activation = relu} : f32[S, 20]\n"
              "  return y = y\n"
              "}\n"
              "graph gated(x: f32[S, 64], w: f32[64, 344], b: f32[344]) {\n"
              "  y = linear x, w, b {activation = silu, gated = true} : f32[S, 172]\n"
              "  return y = y\n"
              "}\n"
              "graph gated_odd(x: f32[S, 24], w: f32[24, 42], r: f32[S, 21]) {\n"
              "  y = linear x, w, _, r {activation = silu, gated = true} : f32[S, 21]\n"
              "  return y = y\n"
              "}\n"
              "graph decode(x: f32[1, 1, 96], w: f32[96, 200], b: f32[200]) {\n"
              "  y = linear x, w, b : f32[1, 1, 200]\n"
              "  return y = y\n"
              "}\n"
              "graph half(x: f16[S, 48], w: f16[48, 40], b: f16[40]) {\n"
              "  y = linear x, w, b : f16[S, 40]\n"
              "  return y = y\n"
              "}\n"
              "graph wide(x: f64[S, 48], w: f64[48, 40]) {\n"
              "  y = linear x, w : f64[S, 40]\n"
              "  return y = y\n"
              "}\n");
}

static void matmuls(void **state) {
  (void)state;
  harness_run("graph batched(x: f32[2, 3, S, 19], y: f32[2, 3, 19, 21]) {\n"
              "  z = matmul x, y : f32[2, 3, S, 21]\n"
              "  return z = z\n"
              "}\n"
              "graph shared(x: f32[4, S, 16], y: f32[1, 16, 32]) {\n"
              "  z = matmul x, y : f32[4, S, 32]\n"
              "  return z = z\n"
              "}\n"
              "graph growing(x: f32[2, S, P + S], y: f32[2, P + S, 8], p: f32[P]) {\n"
              "  z = matmul x, y : f32[2, S, 8]\n"
              "  return z = z\n"
              "}\n"
              "graph wide(x: f32[5, 300], y: f32[300, S]) {\n"
              "  z = matmul x, y : f32[5, S]\n"
              "  return z = z\n"
              "}\n");
}

static void attentions(void **state) {
  (void)state;
  harness_run(
      "graph causal(q: f32[1, 3, S, 16], k: f32[1, 3, P + S, 16], v: f32[1, 3, P + S, 16], p: f32[P]) {\n"
      "  y = attention q, k, v {scale = 0.25, causal = true} : f32[1, 3, S, 16]\n"
      "  return y = y\n"
      "}\n"
      "graph grouped(q: f32[2, 6, S, 24], k: f32[2, 2, P + S, 24], v: f32[2, 2, P + S, 24], p: f32[P]) {\n"
      "  y = attention q, k, v {scale = 0.2, causal = true} : f32[2, 6, S, 24]\n"
      "  return y = y\n"
      "}\n"
      "graph by_three(q: f32[1, 9, S, 64], k: f32[1, 3, P + S, 64], v: f32[1, 3, P + S, 64], p: f32[P]) {\n"
      "  y = attention q, k, v {scale = 0.1, causal = true} : f32[1, 9, S, 64]\n"
      "  return y = y\n"
      "}\n"
      "graph by_five(q: f32[1, 5, S, 16], k: f32[1, 1, P + S, 16], v: f32[1, 1, P + S, 16], p: f32[P]) {\n"
      "  y = attention q, k, v {scale = 0.3, causal = true} : f32[1, 5, S, 16]\n"
      "  return y = y\n"
      "}\n"
      "graph one_group(q: f32[1, 14, S, 16], k: f32[1, 1, S, 16], v: f32[1, 1, S, 16], b: f32[1, 14, S, S]) "
      "{\n"
      "  y = attention q, k, v, b {scale = 0.2} : f32[1, 14, S, 16]\n"
      "  return y = y\n"
      "}\n"
      "graph masked(q: f32[1, 2, S, 9], k: f32[1, 2, 29, 9], v: f32[1, 2, 29, 7], b: f32[1, 1, S, 29]) {\n"
      "  y = attention q, k, v, b {scale = 0.3} : f32[1, 2, S, 7]\n"
      "  return y = y\n"
      "}\n"
      "graph padded(q: f32[2, 2, S, 8], k: f32[2, 2, 29, 8], v: f32[2, 2, 29, 8], b: f32[2, 1, 1, 29]) {\n"
      "  y = attention q, k, v, b {scale = 0.3} : f32[2, 2, S, 8]\n"
      "  return y = y\n"
      "}\n"
      "graph capped(q: f32[1, 2, S, 9], k: f32[1, 2, 29, 9], v: f32[1, 2, 29, 7], b: f32[1, 1, S, 29]) {\n"
      "  y = attention q, k, v, b {scale = 0.7, softcap = 1.5} : f32[1, 2, S, 7]\n"
      "  return y = y\n"
      "}\n"
      "graph decode_capped(q: f32[1, 4, 1, 16], k: f32[1, 2, S, 16], v: f32[1, 2, S, 16]) {\n"
      "  y = attention q, k, v {scale = 0.5, softcap = 2} : f32[1, 4, 1, 16]\n"
      "  return y = y\n"
      "}\n"
      "graph decode(q: f32[1, 4, 1, 64], k: f32[1, 4, S, 64], v: f32[1, 4, S, 64]) {\n"
      "  y = attention q, k, v {scale = 0.125, causal = true} : f32[1, 4, 1, 64]\n"
      "  return y = y\n"
      "}\n"
      "graph decode_grouped(q: f32[1, 8, 1, 16], k: f32[1, 2, S, 16], v: f32[1, 2, S, 16]) {\n"
      "  y = attention q, k, v {scale = 0.25, causal = true} : f32[1, 8, 1, 16]\n"
      "  return y = y\n"
      "}\n"
      "graph full(q: f32[1, 2, S, 96], k: f32[1, 2, S, 96], v: f32[1, 2, S, 96]) {\n"
      "  y = attention q, k, v {scale = 0.1} : f32[1, 2, S, 96]\n"
      "  return y = y\n"
      "}\n"
      "graph kept(q: f32[1, 6, S, 24], k: bf16[1, 2, P + S, 24], v: bf16[1, 2, P + S, 21], p: f32[P]) {\n"
      "  y = attention q, k, v {scale = 0.2, causal = true} : f32[1, 6, S, 21]\n"
      "  return y = y\n"
      "}\n"
      "graph bytes(q: f32[1, 6, S, 24], k: i8[1, 2, P + S, 24], v: i8[1, 2, P + S, 21], p: f32[P],\n"
      "            s: f32[1, 2, P + S, 1], t: f32[1, 2, P + S, 1]) {\n"
      "  y = attention q, k, v, _, s, t {scale = 0.02, causal = true} : f32[1, 6, S, 21]\n"
      "  return y = y\n"
      "}\n"
      "graph bytes_of_one_head(q: f32[1, 2, 1, 24], k: i8[1, 2, S, 24], v: i8[1, 2, S, 21], m: f32[1, 1, 1, "
      "S],\n"
      "                        s: f32[1, 2, S, 1], t: f32[1, 2, S, 1]) {\n"
      "  y = attention q, k, v, m, s, t {scale = 0.02} : f32[1, 2, 1, 21]\n"
      "  return y = y\n"
      "}\n"
      "graph keys_of_bytes(q: f32[1, 4, S, 16], k: i8[1, 2, S, 16], v: f32[1, 2, S, 16], s: f32[1, 2, S, 1]) "
      "{\n"
      "  y = attention q, k, v, _, s {scale = 0.02} : f32[1, 4, S, 16]\n"
      "  return y = y\n"
      "}\n"
      "graph half(q: f16[1, 2, S, 16], k: f16[1, 2, S, 16], v: f16[1, 2, S, 16]) {\n"
      "  y = attention q, k, v {scale = 0.25} : f16[1, 2, S, 16]\n"
      "  return y = y\n"
      "}\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(norms),        cmocka_unit_test(softmaxes),     cmocka_unit_test(rotaries),
      cmocka_unit_test(running_sums), cmocka_unit_test(best_elements), cmocka_unit_test(scattered_rows),
      cmocka_unit_test(linears),      cmocka_unit_test(matmuls),       cmocka_unit_test(attentions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
