/* attention.h: pieces that the attention, rotary and norm operators of all domains share. Private to
 * compiler/onnx. */
#ifndef SMELT_ONNX_ATTENTION_H
#define SMELT_ONNX_ATTENTION_H

#include "onnx/import.h"

/* q: [B, H, S, D], k: [B, G, T, D], v: [B, G, T, E]; H a multiple of G */
typedef struct {
  ir_value *q, *k, *v;
  ir_value *bias; /* added to the scores, broadcasts to [B, H, S, T]; NULL: none */
  bool causal;    /* key t is seen by query s iff t <= s + T - S */
  double scale;   /* 0: 1 / sqrt(D) */
  double softcap; /* 0: none; else scores become softcap * tanh(scores / softcap) before the bias */
} onnx_attention;

/* [B, H, S, E] */
ir_value *onnx_build_attention(onnx_context *c, const onnx_attention *attention);
/* Its own or 1 / sqrt(D); fails where D is not known. */
double onnx_attention_scale(onnx_context *c, const onnx_attention *attention);
/* k or v, [B, G, T, D], with each head repeated so that there are H. */
ir_value *onnx_repeat_heads(onnx_context *c, ir_value *x, ir_dim heads);

/* The same written out, with the stages of its scores [B, H, S, T] for results that ask for one. */
typedef struct {
  ir_value *products, *capped, *masked, *weights;
} onnx_attention_scores;
ir_value *onnx_spell_attention(onnx_context *c, const onnx_attention *attention,
                               onnx_attention_scores *scores);

/* Which keys t a query s sees by their places alone: those at `left` before it to `right` behind it. */
typedef struct {
  ir_value *first;     /* where query 0 stands among the keys: i64 [1 or B, 1, 1, 1] */
  ir_value *length;    /* how many keys each sequence has, likewise; NULL: all there are */
  int64_t left, right; /* -1: at any distance */
} onnx_places;
/* [1 or B, 1, S, T] bool; NULL: all keys. */
ir_value *onnx_seen_by_place(onnx_context *c, const onnx_attention *attention, const onnx_places *places);
/* Adds the bias that hides the others. */
void onnx_hide_by_place(onnx_context *c, onnx_attention *attention, const onnx_places *places);
/* Hides keys behind their query; attention->k holds the new keys `fresh_k` behind the past, if there is one.
 */
void onnx_apply_causal(onnx_context *c, onnx_attention *attention, const ir_value *fresh_k);

/* [B, S, H * D] to [B, H, S, D] and back. */
ir_value *onnx_split_heads(onnx_context *c, ir_value *x, int64_t heads);
ir_value *onnx_merge_heads(onnx_context *c, ir_value *x);

/* past [B, G, P, D] (NULL: none) and the new keys or values joined along the sequence: the present. */
ir_value *onnx_with_past(onnx_context *c, ir_value *past, ir_value *fresh);

/* A bool mask (true: seen) as 0 and -inf of `dtype`; others unchanged. */
ir_value *onnx_mask_to_bias(onnx_context *c, ir_value *mask, ir_dtype dtype);

/* x: [B, H, S, D]; cos, sin: [1 or B, S, R/2] */
ir_value *onnx_build_rotary(onnx_context *c, ir_value *x, ir_value *cos, ir_value *sin, bool interleaved);

/*
 * LAYER_NORM or RMS_NORM over the axes of x from `axis` on (import_normalisation.c). gain and bias may be
 * NULL.
 */
ir_value *onnx_build_norm(onnx_context *c, ir_op op, ir_value *x, ir_value *gain, ir_value *bias, int axis,
                          double epsilon);

#endif
