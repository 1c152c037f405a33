/*
 * attention.c: scaled dot-product attention (Vaswani et al. 2017, 3.2.1) with
 * grouped heads (Ainslie et al. 2023), and rotary positions (Su et al. 2021).
 */
#include "ir/evaluate/walk.h"

#include <math.h>

/* x: [B, H, S, D]; cos and sin: [1|B, S, R/2]; features beyond R pass through. */
status ir_evaluate_rotary(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *x = in[0], *cosines = in[1], *sines = in[2];
  int64_t B = x->dims[0], H = x->dims[1], S = x->dims[2], D = x->dims[3], half = cosines->dims[2];
  bool fits = x->rank == 4 && cosines->rank == 3 && sines->rank == 3 && cosines->dims[1] == S &&
              2 * half <= D && (cosines->dims[0] == 1 || cosines->dims[0] == B) &&
              ir_tensor_count(out) == ir_tensor_count(x) && (sines->dims[0] == 1 || sines->dims[0] == B) &&
              sines->dims[1] == S && sines->dims[2] == half;
  if (!fits) return walk_misfit(scratch, node, "operands do not fit each other");
  for (int64_t row = 0; row < B * H * S; row++) {
    int64_t b = row / (H * S), s = row % S;
    int64_t cosine_row = (cosines->dims[0] == 1 ? 0 : b) * S + s,
            sine_row = (sines->dims[0] == 1 ? 0 : b) * S + s;
    for (int64_t d = 2 * half; d < D; d++) walk_copy(out, row * D + d, x, row * D + d);
    for (int64_t i = 0; i < half; i++) {
      int64_t first = row * D + (node->attrs.interleaved ? 2 * i : i);
      int64_t second = first + (node->attrs.interleaved ? 1 : half);
      double a = element_double(x->dtype, x->data, first), b2 = element_double(x->dtype, x->data, second);
      double c = element_double(cosines->dtype, cosines->data, cosine_row * half + i);
      double sine = element_double(sines->dtype, sines->data, sine_row * half + i);
      element_set_double(out->dtype, out->data, first, a * c - b2 * sine);
      element_set_double(out->dtype, out->data, second, b2 * c + a * sine);
    }
  }
  return OK;
}

static double capped(double score, double softcap) {
  return softcap == 0 ? score : softcap * tanh(score / softcap);
}

/* scores[T] to weights in place; all -inf gives zeros. */
static void softmax(double *scores, int64_t T) {
  double largest = -INFINITY, sum = 0;
  for (int64_t t = 0; t < T; t++) largest = fmax(largest, scores[t]);
  if (largest == -INFINITY) largest = 0;
  for (int64_t t = 0; t < T; t++) sum += scores[t] = exp(scores[t] - largest);
  for (int64_t t = 0; t < T; t++) scores[t] = sum > 0 || isnan(sum) ? scores[t] / sum : 0;
}

/* Operand i, rows of `width`, as doubles, multiplied by their scales if it has some. */
static double *scaled_rows(arena *temporary, const ir_node *node, const ir_tensor *const *in, int i,
                           int64_t width) {
  double *rows = walk_doubles(temporary, in[i]);
  const ir_tensor *scales = node->operand_count > i + 3 ? in[i + 3] : NULL;
  for (int64_t k = 0; scales && k < ir_tensor_count(in[i]); k++)
    rows[k] *= element_double(scales->dtype, scales->data, k / width);
  return rows;
}

/* q: [B, H, S, D], k: [B, G, T, D], v: [B, G, T, E], bias: broadcast to [B, H, S, T]; out: [B, H, S, E]. */
status ir_evaluate_attention(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                             const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *q = in[0], *k = in[1], *v = in[2], *bias = node->operand_count > 3 ? in[3] : NULL;
  int64_t B = q->dims[0], H = q->dims[1], S = q->dims[2], D = q->dims[3];
  int64_t G = k->dims[1], T = k->dims[2], E = v->dims[3];
  ir_tensor scores_type = {.rank = 4, .dims = {B, H, S, T}};
  int64_t bias_strides[IR_MAX_RANK] = {0};
  bool fits = q->rank == 4 && k->rank == 4 && v->rank == 4 && k->dims[0] == B && v->dims[0] == B && G > 0 &&
              H % G == 0 && v->dims[1] == G && k->dims[3] == D && v->dims[2] == T &&
              ir_tensor_count(out) == B * H * S * E &&
              (!bias || walk_broadcast(bias, &scores_type, bias_strides));
  if (!fits) return walk_misfit(scratch, node, "operands do not fit each other");
  arena temporary = {0};
  double *qs = walk_doubles(&temporary, q), *ks = scaled_rows(&temporary, node, in, 1, D),
         *vs = scaled_rows(&temporary, node, in, 2, E);
  double *scores = ARENA_ARRAY(&temporary, double, (size_t)T),
         *sum = ARENA_ARRAY(&temporary, double, (size_t)E);
  for (int64_t row = 0; row < B * H * S; row++) {
    int64_t b = row / (H * S), h = row / S % H, s = row % S, group = b * G + h / (H / G);
    for (int64_t t = 0; t < T; t++) {
      const double *key = ks + (group * T + t) * D;
      double dot = 0;
      for (int64_t d = 0; d < D; d++) dot += qs[row * D + d] * key[d];
      scores[t] = capped(dot * node->attrs.scale, node->attrs.softcap);
      int64_t at = walk_offset(4, (int64_t[]){b, h, s, t}, bias_strides);
      if (bias) scores[t] += element_double(bias->dtype, bias->data, at);
      if (node->attrs.causal && t > s + (T - S)) scores[t] = -INFINITY;
    }
    softmax(scores, T);
    for (int64_t e = 0; e < E; e++) sum[e] = 0;
    for (int64_t t = 0; t < T; t++) {
      for (int64_t e = 0; e < E; e++) sum[e] += scores[t] * vs[(group * T + t) * E + e];
    }
    for (int64_t e = 0; e < E; e++) element_set_double(out->dtype, out->data, row * E + e, sum[e]);
  }
  arena_free(&temporary);
  return OK;
}
