/* import_recurrent.c: RNN, GRU and LSTM: their attributes, layouts and directions around recurrence.h. */
#include "onnx/recurrence.h"

#include <string.h>

enum { X, WEIGHT, RECURRENT_WEIGHT, BIAS, LENGTHS, INITIAL_HIDDEN, INITIAL_MEMORY, PEEPHOLE };
enum { MOST_DIRECTIONS = 2, MOST_UNROLLED = 32 };

/* What distinguishes the three. */
typedef struct {
  const char *op_type;
  recurrent_step *step;
  int gates, activation_count;
  const char *activations[RECURRENT_MAX_ACTIVATIONS]; /* where the node names none */
  bool has_memory;
} recurrent_kind;

static const recurrent_kind kinds[] = {
    {"RNN", recurrent_simple_step, 1, 1, {"Tanh"}, false},
    {"GRU", recurrent_gru_step, 3, 2, {"Sigmoid", "Tanh"}, false},
    {"LSTM", recurrent_lstm_step, 4, 3, {"Sigmoid", "Tanh", "Tanh"}, true},
};

/* A layer: a cell per direction, over steps that are the same for both. */
typedef struct {
  const recurrent_kind *kind;
  int directions;
  bool first_is_backward, batch_first;
  recurrent_cell cells[MOST_DIRECTIONS];
  ir_dim steps, batch, hidden_size;
} recurrent_layer;

/* ---- attributes ---- */

static bool read_direction(onnx_context *c, recurrent_layer *l) {
  const char *direction = onnx_attr_text(c, "direction", "forward");
  l->first_is_backward = strcmp(direction, "reverse") == 0;
  l->directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
  l->batch_first = onnx_attr_int(c, "layout", 0) != 0;
  if (l->directions == 1 && !l->first_is_backward && strcmp(direction, "forward") != 0) {
    onnx_fail(c, "unknown direction '%s'", direction);
  }
  return !onnx_failed(c);
}

/* The next number of a list of parameters; a function's own where the list has ended. */
static double next_parameter(const float *list, int count, int *at, double fallback) {
  return *at < count ? (double)list[(*at)++] : fallback;
}

/* Names for each direction in turn; alphas and betas only for those functions that have them. */
static bool read_activations(onnx_context *c, recurrent_layer *l) {
  int name_count, alpha_count, beta_count, alpha_at = 0, beta_at = 0, each = l->kind->activation_count;
  const char *const *names = onnx_attr_texts(c, "activations", &name_count);
  const float *alphas = onnx_attr_floats(c, "activation_alpha", &alpha_count);
  const float *betas = onnx_attr_floats(c, "activation_beta", &beta_count);
  if (name_count && name_count != each * l->directions) {
    onnx_fail(c, "it names %d activations, not %d", name_count, each * l->directions);
    return false;
  }
  for (int i = 0; i < each * l->directions; i++) {
    const char *name = name_count ? names[i] : l->kind->activations[i % each];
    const onnx_activation *f = onnx_find_activation(name);
    recurrent_cell *cell = &l->cells[i / each];
    if (!f) {
      onnx_fail(c, "unknown activation '%s'", name);
      return false;
    }
    cell->activations[i % each].formula = f->formula;
    cell->activations[i % each].alpha =
        f->parameters > 0 ? next_parameter(alphas, alpha_count, &alpha_at, f->alpha) : f->alpha;
    cell->activations[i % each].beta =
        f->parameters > 1 ? next_parameter(betas, beta_count, &beta_at, f->beta) : f->beta;
  }
  return !onnx_failed(c);
}

/* ---- operands ---- */

/* An input of the given shape, or absent. */
static bool has_shape(onnx_context *c, int index, const char *what, const ir_dim *dims, int rank) {
  const ir_value *v = c->in[index];
  if (!v) return true;
  bool fits = v->type.rank == rank;
  fits &= index == LENGTHS ? !onnx_is_float(v) : v->type.dtype == c->in[X]->type.dtype;
  for (int i = 0; i < rank && fits; i++) fits = ir_dim_unify(c->m, v->type.dims[i], dims[i]);
  if (!fits) onnx_fail(c, "its %s (input %d) does not fit the others", what, index);
  return fits;
}

static bool check_operands(onnx_context *c, recurrent_layer *l) {
  const ir_type *x = &c->in[X]->type, *R = &c->in[RECURRENT_WEIGHT]->type;
  if (x->rank != 3 || R->rank != 3 || !onnx_is_float(c->in[X])) {
    onnx_fail(c, "it needs floats [steps, sequences, inputs] and weights of rank 3");
    return false;
  }
  ir_dim D = onnx_dim(c, l->directions), B = x->dims[!l->batch_first], H = R->dims[2];
  ir_dim rows = ir_dim_mul(c->m, H, onnx_dim(c, l->kind->gates));
  ir_dim weight[3] = {D, rows, x->dims[2]}, recurrent[3] = {D, rows, H};
  ir_dim bias[2] = {D, ir_dim_mul(c->m, rows, onnx_dim(c, 2))};
  ir_dim state[3] = {l->batch_first ? B : D, l->batch_first ? D : B, H};
  ir_dim peephole[2] = {D, ir_dim_mul(c->m, H, onnx_dim(c, 3))};
  l->steps = ir_dim_resolve(c->m, x->dims[l->batch_first]);
  l->batch = B;
  l->hidden_size = H;
  return has_shape(c, WEIGHT, "weight", weight, 3) &&
         has_shape(c, RECURRENT_WEIGHT, "recurrent weight", recurrent, 3) &&
         has_shape(c, BIAS, "bias", bias, 2) && has_shape(c, LENGTHS, "sequence_lens", &B, 1) &&
         has_shape(c, INITIAL_HIDDEN, "initial_h", state, 3) &&
         has_shape(c, INITIAL_MEMORY, "initial_c", state, 3) && has_shape(c, PEEPHOLE, "P", peephole, 2);
}

/* Element `index` of an axis, which goes. */
static ir_value *pick(onnx_context *c, ir_value *v, int axis, int index) {
  ir_dim dims[IR_MAX_RANK];
  int rank = 0;
  if (!v || onnx_failed(c)) return v;
  for (int i = 0; i < v->type.rank; i++) {
    if (i != axis) dims[rank++] = v->type.dims[i];
  }
  return ir_reshape(c->b, ir_slice_axis(c->b, v, axis, onnx_dim(c, index), onnx_dim(c, 1)), dims, rank);
}

/* The state that direction d starts from: zeros where none is given. */
static ir_value *initial(onnx_context *c, const recurrent_layer *l, int index, int d) {
  ir_dim shape[2] = {l->batch, l->hidden_size};
  if (c->in[index]) return pick(c, c->in[index], l->batch_first, d);
  return ir_expand(c->b, onnx_number_like(c, c->in[X], 0), shape, 2);
}

/*
 * The biases [2 * G * H] of inputs and state together, [G * H]: they are added to the same sums. Only with
 * linear_before_reset the state's bias of the new value has to stay with the state.
 */
static ir_value *join_biases(onnx_context *c, recurrent_cell *cell, ir_value *bias) {
  int gates = cell->gates;
  ir_dim H = cell->hidden_size, rows = ir_dim_mul(c->m, H, onnx_dim(c, gates));
  ir_value *inputs = ir_slice_axis(c->b, bias, 0, onnx_dim(c, 0), rows);
  ir_value *state = ir_slice_axis(c->b, bias, 0, rows, rows);
  if (cell->linear_before_reset) {
    ir_dim others = ir_dim_mul(c->m, H, onnx_dim(c, gates - 1));
    cell->bias = ir_slice_axis(c->b, state, 0, others, H);
    ir_value *parts[2] = {ir_slice_axis(c->b, state, 0, onnx_dim(c, 0), others),
                          ir_expand(c->b, onnx_number_like(c, bias, 0), &H, 1)};
    state = ir_concat(c->b, parts, 2, 0);
  }
  return ir_binary(c->b, IR_ADD, inputs, state);
}

/* ---- the layer ---- */

static recurrent_state run_direction(onnx_context *c, recurrent_layer *l, ir_value *x, ir_value *lengths,
                                     int d, ir_value **outputs) {
  recurrent_cell *cell = &l->cells[d];
  bool gru = l->kind->step == recurrent_gru_step;
  cell->step = l->kind->step;
  cell->gates = l->kind->gates;
  cell->hidden_size = l->hidden_size;
  cell->clip = onnx_attr_float(c, "clip", 0);
  cell->input_forget = onnx_attr_int(c, "input_forget", 0) != 0;
  cell->linear_before_reset = gru && onnx_attr_int(c, "linear_before_reset", 0) != 0;
  cell->weight = onnx_swap_last(c, pick(c, c->in[RECURRENT_WEIGHT], 0, d));
  cell->peephole = pick(c, c->in[PEEPHOLE], 0, d);
  ir_value *bias = c->in[BIAS] ? join_biases(c, cell, pick(c, c->in[BIAS], 0, d)) : NULL;
  ir_value *inputs = recurrent_inputs(c, x, pick(c, c->in[WEIGHT], 0, d), bias);
  recurrent_state state = {.hidden = initial(c, l, INITIAL_HIDDEN, d)};
  if (l->kind->has_memory) state.memory = initial(c, l, INITIAL_MEMORY, d);
  recurrent_order order = {.backward = l->first_is_backward || d == 1, .steps = l->steps, .lengths = lengths};
  int64_t steps;
  bool few = ir_dim_is_const(l->steps, &steps) && steps >= 1 && steps <= MOST_UNROLLED;
  if (onnx_failed(c)) return state;
  return (few ? recurrent_unroll : recurrent_loop)(c, cell, inputs, &order, state, outputs);
}

/* [.., B, H] of each direction as [.., D, B, H], and with batches first as `perm` says. */
static ir_value *stack(onnx_context *c, const recurrent_layer *l, ir_value *const *each, const int *perm) {
  ir_value *apart[MOST_DIRECTIONS] = {NULL};
  if (onnx_failed(c) || !each[0]) return c->in[X];
  int rank = each[0]->type.rank;
  ir_dim shape[4] = {NULL};
  for (int i = 0; i <= rank; i++) {
    shape[i] = i == rank - 2 ? onnx_dim(c, 1) : each[0]->type.dims[i > rank - 2 ? i - 1 : i];
  }
  for (int d = 0; d < l->directions; d++) apart[d] = ir_reshape(c->b, each[d], shape, rank + 1);
  ir_value *all = ir_concat(c->b, apart, l->directions, rank - 2);
  return l->batch_first ? ir_transpose(c->b, all, perm) : all;
}

/* Results are Y [T, D, B, H], Y_h [D, B, H] and Y_c; layout 1: [B, T, D, H], [B, D, H]. */
static ir_value *import_recurrent(onnx_context *c) {
  recurrent_layer l = {.kind = kinds};
  while (strcmp(l.kind->op_type, c->row->op_type) != 0) l.kind++;
  if (!read_direction(c, &l) || !read_activations(c, &l) || !check_operands(c, &l)) return c->in[X];
  ir_value *x = c->in[X], *lengths = c->in[LENGTHS], *outputs[MOST_DIRECTIONS] = {NULL};
  ir_value *hidden[MOST_DIRECTIONS], *memory[MOST_DIRECTIONS];
  if (l.batch_first) x = ir_transpose(c->b, x, (const int[]){1, 0, 2});
  ir_dim column[2] = {l.batch, onnx_dim(c, 1)};
  if (lengths) lengths = ir_reshape(c->b, ir_cast(c->b, lengths, SMELT_I64), column, 2);
  for (int d = 0; d < l.directions; d++) {
    recurrent_state last = run_direction(c, &l, x, lengths, d, &outputs[d]);
    hidden[d] = last.hidden;
    memory[d] = last.memory;
  }
  const int states_perm[] = {1, 0, 2}, outputs_perm[] = {2, 0, 1, 3};
  c->out[1] = stack(c, &l, hidden, states_perm);
  if (l.kind->has_memory) c->out[2] = stack(c, &l, memory, states_perm);
  return stack(c, &l, outputs, outputs_perm);
}

static const onnx_op_row rows[] = {
    {"", "RNN", 7, 0, 3, 6, import_recurrent, IR_MATMUL},
    {"", "GRU", 7, 0, 3, 6, import_recurrent, IR_MATMUL},
    {"", "LSTM", 7, 0, 3, 8, import_recurrent, IR_MATMUL},
};
const onnx_op_table onnx_recurrent_ops = ONNX_OP_TABLE(rows);
