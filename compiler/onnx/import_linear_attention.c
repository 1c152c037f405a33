/*
 * import_linear_attention.c: LinearAttention and the CausalConvWithState before it (opset 27): layers that
 * keep a state of fixed size instead of all keys and values. The recurrence over tokens is a loop (ir.h,
 * Control flow).
 */
#include "onnx/import.h"

#include <math.h>
#include <string.h>

enum { MOST_TAPS = 256 };

/* ---- CausalConvWithState: y[t] = sum over j of w[j] * x[t + j - (k - 1)], per channel ---- */

/* What comes before the input: its past, or k - 1 zeros. [B, C, k - 1 + L] */
static ir_value *with_state(onnx_context *c, int64_t kept) {
  ir_value *x = c->in[0];
  if (c->in[3]) return ir_concat(c->b, (ir_value *[]){c->in[3], x}, 2, 2);
  ir_attrs pad = {.rank = 3, .start = {onnx_dim(c, 0), onnx_dim(c, 0), onnx_dim(c, kept)}};
  memcpy(pad.shape, x->type.dims, 3 * sizeof *pad.shape);
  pad.shape[2] = ir_dim_add(c->m, x->type.dims[2], onnx_dim(c, kept));
  return ir_build(c->b, IR_PAD, &x, 1, &pad);
}

/* input [B, C, L], weight [C, 1, k], bias [C], past_state [B, C, k - 1] */
static ir_value *import_causal_conv(onnx_context *c) {
  ir_value *x = c->in[0], *w = c->in[1], *sum = NULL;
  const char *activation = onnx_attr_text(c, "activation", "none");
  bool silu = strcmp(activation, "silu") == 0 || strcmp(activation, "swish") == 0;
  int64_t taps;
  if (!silu && strcmp(activation, "none") != 0) return onnx_fail(c, "unknown activation '%s'", activation);
  if (x->type.rank != 3 || w->type.rank != 3 || (c->in[3] && c->in[3]->type.rank != 3))
    return onnx_fail(c, "its input, weight and state must have rank 3");
  if (!ir_dim_is_const(ir_dim_resolve(c->m, w->type.dims[2]), &taps) || taps < 1 || taps > MOST_TAPS)
    return onnx_fail(c, "the size of its kernel must be known and at most %d", MOST_TAPS);
  ir_value *padded = with_state(c, taps - 1);
  ir_dim length = x->type.dims[2], column[2] = {w->type.dims[0], onnx_dim(c, 1)};
  for (int64_t j = 0; j < taps; j++) {
    ir_value *part = ir_slice_axis(c->b, padded, 2, onnx_dim(c, j), length);
    ir_value *tap = ir_reshape(c->b, ir_slice_axis(c->b, w, 2, onnx_dim(c, j), onnx_dim(c, 1)), column, 2);
    ir_value *term = ir_binary(c->b, IR_MUL, ir_cast(c->b, part, SMELT_F32), ir_cast(c->b, tap, SMELT_F32));
    sum = sum ? ir_binary(c->b, IR_ADD, sum, term) : term;
  }
  if (c->in[2])
    sum = ir_binary(c->b, IR_ADD, sum, ir_cast(c->b, ir_reshape(c->b, c->in[2], column, 2), SMELT_F32));
  c->out[1] = ir_slice_axis(c->b, padded, 2, length, onnx_dim(c, taps - 1));
  return ir_cast(c->b, silu ? ir_unary(c->b, IR_SILU, sum) : sum, x->type.dtype);
}

/* ---- LinearAttention ---- */

/*
 * The tokens, f32, with G heads of the state and R queries for each: query [B, T, G, R, K], key [B, T, G, K],
 * value [B, T, G, V], decay [B, T, G, K or 1] and beta [B, T, G or 1, 1], both NULL where the rule has none.
 */
enum { QUERY, KEY, VALUE, DECAY, BETA, PART_COUNT };
typedef struct {
  ir_value *parts[PART_COUNT];
  ir_dim batch, length, heads, shared, key_size, value_size; /* B, T, G, R, K, V */
} linear_tokens;

/* Part `index` of token `at`, its axis of tokens dropped and the last one standing up if `column`. */
static ir_value *token_part(ir_builder *b, ir_value *x, ir_dim at, bool column) {
  ir_module *m = b->graph->module;
  ir_dim dims[IR_MAX_RANK] = {NULL}, one = ir_dim_const(m, 1);
  int rank = x->type.rank;
  ir_value *slice = ir_slice_axis(b, x, 1, at, one);
  dims[0] = x->type.dims[0];
  for (int i = 2; i < rank; i++) dims[i - 1] = x->type.dims[i];
  if (rank == 5) return ir_reshape(b, slice, dims, 4);
  dims[3] = column ? one : dims[2];
  dims[2] = column ? dims[2] : one;
  return ir_reshape(b, slice, dims, 4);
}

/*
 * One token: *state [B, G, K, V] becomes e^decay * state + key (x) update, the update being the value or,
 * with beta, beta * (value - state^T key). The result: query state, [B, G, R, V].
 */
static ir_value *linear_step(ir_builder *b, ir_value *const *parts, ir_dim at, ir_value **state) {
  ir_value *key = token_part(b, parts[KEY], at, true), *update = token_part(b, parts[VALUE], at, false);
  if (parts[DECAY]) {
    ir_value *kept = ir_unary(b, IR_EXP, token_part(b, parts[DECAY], at, true));
    *state = ir_binary(b, IR_MUL, *state, kept);
  }
  if (parts[BETA]) {
    ir_value *held = ir_matmul(b, token_part(b, parts[KEY], at, false), *state);
    update = ir_binary(b, IR_MUL, token_part(b, parts[BETA], at, false), ir_binary(b, IR_SUB, update, held));
  }
  *state = ir_binary(b, IR_ADD, *state, ir_binary(b, IR_MUL, key, update));
  return ir_matmul(b, token_part(b, parts[QUERY], at, false), *state);
}

/* All tokens in turn: [T, B, G, R, V]; *state becomes the last. */
static ir_value *linear_loop(onnx_context *c, const linear_tokens *t, ir_value **state) {
  onnx_body body;
  ir_value *parts[PART_COUNT];
  onnx_body_begin_turns(c, &body, "token", t->length);
  ir_builder *b = &body.builder;
  ir_value *carried = ir_graph_add_input(body.graph, "state", &(*state)->type);
  for (int i = 0; i < PART_COUNT; i++)
    parts[i] = t->parts[i] ? onnx_body_capture(c->model, &body, t->parts[i]) : NULL;
  ir_value *result = linear_step(b, parts, body.turn, &carried);
  ir_graph_add_output(body.graph, "next_state", carried);
  ir_graph_add_output(body.graph, "token", result);
  if (b->failed) return ir_build_fail(c->b, b->failed);
  ir_value *loop = onnx_body_loop(c, &body, ir_dim_scalar(c->b, t->length), NULL, state, 1);
  ir_type last = {.dtype = SMELT_F32, .rank = 4, .dims = {t->batch, t->heads, t->key_size, t->value_size}};
  ir_type all = {
      .dtype = SMELT_F32, .rank = 5, .dims = {t->length, t->batch, t->heads, t->shared, t->value_size}};
  *state = onnx_body_part(c, loop, 0, &last);
  return onnx_body_part(c, loop, 1, &all);
}

/* x [B, T, heads * size] as f32 [B, T, heads, size] */
static ir_value *heads_of(onnx_context *c, ir_value *x, ir_dim heads, ir_dim size) {
  ir_dim dims[4] = {x->type.dims[0], x->type.dims[1], heads, size};
  return ir_cast(c->b, ir_reshape(c->b, x, dims, 4), SMELT_F32);
}

/* The parts that update_rule asks for must be there, and no others. */
static bool check_rule(onnx_context *c) {
  static const struct {
    const char *name;
    bool decays, corrects;
  } rules[] = {
      {"linear", false, false}, {"gated", true, false}, {"delta", false, true}, {"gated_delta", true, true}};
  const char *name = onnx_attr_text(c, "update_rule", "gated_delta");
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (strcmp(rules[i].name, name) != 0) continue;
    if (rules[i].decays == !!c->in[4] && rules[i].corrects == !!c->in[5]) return true;
    onnx_fail(c, "its decay or beta is not what the update rule '%s' takes", name);
    return false;
  }
  onnx_fail(c, "unknown update_rule '%s'", name);
  return false;
}

static bool read_tokens(onnx_context *c, linear_tokens *t) {
  int64_t queries = onnx_attr_int(c, "q_num_heads", 0), heads = onnx_attr_int(c, "kv_num_heads", 0);
  bool good = heads > 0 && queries > 0 && queries % heads == 0;
  for (int i = 0; i < 6; i++) good = good && (!c->in[i] || c->in[i]->type.rank == (i == 3 ? 4 : 3));
  if (!good) onnx_fail(c, "its head counts or its inputs' ranks do not fit");
  if (onnx_failed(c) || !check_rule(c)) return false;
  ir_dim one = onnx_dim(c, 1);
  const ir_dim *q = c->in[0]->type.dims;
  *t = (linear_tokens){
      .batch = q[0], .length = q[1], .heads = onnx_dim(c, heads), .shared = onnx_dim(c, queries / heads)};
  t->key_size = ir_dim_div(c->m, q[2], onnx_dim(c, queries));
  t->value_size = ir_dim_div(c->m, c->in[2]->type.dims[2], t->heads);
  ir_dim query[5] = {q[0], q[1], t->heads, t->shared, t->key_size};
  t->parts[QUERY] = ir_cast(c->b, ir_reshape(c->b, c->in[0], query, 5), SMELT_F32);
  t->parts[KEY] = heads_of(c, c->in[1], t->heads, t->key_size);
  t->parts[VALUE] = heads_of(c, c->in[2], t->heads, t->value_size);
  if (c->in[4])
    t->parts[DECAY] = heads_of(c, c->in[4], t->heads, ir_dim_div(c->m, c->in[4]->type.dims[2], t->heads));
  if (c->in[5]) t->parts[BETA] = heads_of(c, c->in[5], c->in[5]->type.dims[2], one);
  return !onnx_failed(c);
}

/* [B, T, G * R * V] and the last state, computed in f32 */
static ir_value *import_linear_attention(onnx_context *c) {
  linear_tokens t;
  if (!read_tokens(c, &t)) return c->in[0];
  double scale = onnx_attr_float(c, "scale", 0);
  int64_t key_size;
  if (scale == 0 && ir_dim_is_const(ir_dim_resolve(c->m, t.key_size), &key_size) && key_size > 0)
    scale = 1 / sqrt((double)key_size);
  if (scale == 0) return onnx_fail(c, "the size of a head must be known");
  t.parts[QUERY] = ir_binary(c->b, IR_MUL, t.parts[QUERY], onnx_number_like(c, t.parts[QUERY], scale));
  ir_dim state_dims[4] = {t.batch, t.heads, t.key_size, t.value_size};
  ir_dim result_dims[3] = {t.batch, t.length,
                           ir_dim_mul(c->m, ir_dim_mul(c->m, t.heads, t.shared), t.value_size)};
  ir_value *state = c->in[3] ? ir_cast(c->b, c->in[3], SMELT_F32)
                             : ir_expand(c->b, ir_const_scalar(c->b, SMELT_F32, 0), state_dims, 4);
  ir_value *result;
  if (ir_dim_is(ir_dim_resolve(c->m, t.length), 1)) {
    result = linear_step(c->b, t.parts, onnx_dim(c, 0), &state);
  } else {
    result = ir_transpose(c->b, linear_loop(c, &t, &state), (const int[]){1, 0, 2, 3, 4});
  }
  c->out[1] = ir_cast(c->b, state, c->in[c->in[3] ? 3 : 0]->type.dtype);
  return ir_cast(c->b, ir_reshape(c->b, result, result_dims, 3), c->in[0]->type.dtype);
}

static const onnx_op_row rows[] = {
    {"", "CausalConvWithState", 27, 0, 2, 4, import_causal_conv, IR_MUL},
    {"", "LinearAttention", 27, 0, 3, 6, import_linear_attention, IR_LOOP},
};
const onnx_op_table onnx_linear_attention_ops = ONNX_OP_TABLE(rows);
