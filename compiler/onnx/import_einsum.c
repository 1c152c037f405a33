/*
 * import_einsum.c: Einsum as matrix products. Operands are contracted from the
 * left, two at a time: each axis carries a label, and a pair becomes
 * [batch, M, K] x [batch, K, N] by transposes and reshapes.
 */
#include "onnx/import.h"

#include <string.h>

/* A tensor whose axis i carries label[i]. Letters stand for themselves, ELLIPSIS + k for the k-th of "...".
 */
typedef struct {
  ir_value *x;
  int rank;
  uint8_t label[IR_MAX_RANK];
  ir_dim size[IR_MAX_RANK];
} labelled;

enum { ELLIPSIS = 128 };

static int find_label(const labelled *t, uint8_t label) {
  for (int i = 0; i < t->rank; i++) {
    if (t->label[i] == label) return i;
  }
  return -1;
}

static bool is_letter(char ch) {
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

/*
 * Labels of one term, up to ',' or '-'. ellipsis: how many axes "..." stands for, the last of them ELLIPSIS +
 * 7; -1 if it must be found from `rank`. Returns the rest of the equation, or NULL if the term makes no
 * sense.
 */
static const char *read_term(const char *at, int rank, int ellipsis, labelled *t) {
  int letters = 0;
  for (const char *p = at; *p && *p != ',' && *p != '-'; p++) letters += is_letter(*p);
  if (ellipsis < 0) ellipsis = rank - letters;
  if (ellipsis < 0 || ellipsis > IR_MAX_RANK) return NULL;
  t->rank = 0;
  for (; *at && *at != ',' && *at != '-'; at++) {
    if (*at == ' ') continue;
    if (strncmp(at, "...", 3) == 0) {
      if (t->rank + ellipsis > IR_MAX_RANK) return NULL;
      for (int k = 0; k < ellipsis; k++)
        t->label[t->rank++] = (uint8_t)(ELLIPSIS + IR_MAX_RANK - ellipsis + k);
      at += 2;
    } else if (is_letter(*at) && t->rank < IR_MAX_RANK) {
      t->label[t->rank++] = (uint8_t)*at;
    } else {
      return NULL;
    }
  }
  return at;
}

/* ---- single operands ---- */

static void sum_axis(onnx_context *c, labelled *t, int axis) {
  t->x = ir_reduce(c->b, IR_REDUCE_SUM, t->x, 1u << axis);
  t->rank--;
  for (int i = axis; i < t->rank; i++) {
    t->label[i] = t->label[i + 1];
    t->size[i] = t->size[i + 1];
  }
  t->x = ir_reshape(c->b, t->x, t->size, t->rank);
}

/* Where a label stands twice, only the diagonal counts: the rest is made 0 and summed away. */
static void take_diagonals(onnx_context *c, labelled *t) {
  for (int i = 0; i < t->rank; i++) {
    for (int k = t->rank - 1; k > i; k--) {
      if (t->label[k] != t->label[i]) continue;
      ir_dim row_shape[IR_MAX_RANK], column_shape[IR_MAX_RANK];
      for (int j = 0; j < t->rank; j++) row_shape[j] = column_shape[j] = onnx_dim(c, 1);
      row_shape[i] = t->size[i];
      column_shape[k] = t->size[k];
      ir_value *row = ir_iota(c->b, row_shape, t->rank, i, onnx_dim(c, 0), 1);
      ir_value *column = ir_iota(c->b, column_shape, t->rank, k, onnx_dim(c, 0), 1);
      ir_value *diagonal = ir_binary(c->b, IR_EQ, row, column);
      t->x = ir_select(c->b, diagonal, t->x, onnx_number_like(c, c->in[0], 0));
      sum_axis(c, t, k);
    }
  }
}

/* Axes in the order of `labels`, all of which t has, and t no others. */
static void arrange(onnx_context *c, labelled *t, const uint8_t *labels) {
  int perm[IR_MAX_RANK];
  labelled result = {.rank = t->rank};
  bool moved = false;
  for (int i = 0; i < t->rank; i++) {
    perm[i] = find_label(t, labels[i]);
    if (perm[i] < 0) {
      onnx_fail(c, "its equation is not understood");
      return;
    }
    moved |= perm[i] != i;
    result.label[i] = labels[i];
    result.size[i] = t->size[perm[i]];
  }
  result.x = moved ? ir_transpose(c->b, t->x, perm) : t->x;
  *t = result;
}

/* ---- pairs ---- */

/* The labels of a pair by their role, each in the order of its first operand. */
typedef struct {
  uint8_t batch[IR_MAX_RANK], rows[IR_MAX_RANK], columns[IR_MAX_RANK], summed[IR_MAX_RANK];
  int batch_count, row_count, column_count, summed_count;
} roles;

static roles assign_roles(const labelled *x, const labelled *y, const bool *kept) {
  roles r = {0};
  for (int i = 0; i < x->rank; i++) {
    uint8_t label = x->label[i];
    bool shared = find_label(y, label) >= 0;
    if (!shared) {
      r.rows[r.row_count++] = label;
    } else if (kept[label]) {
      r.batch[r.batch_count++] = label;
    } else {
      r.summed[r.summed_count++] = label;
    }
  }
  for (int i = 0; i < y->rank; i++) {
    if (find_label(x, y->label[i]) < 0) r.columns[r.column_count++] = y->label[i];
  }
  return r;
}

/* t as [batch..., product of first, product of second]; the batch as one axis if there are too many. */
static ir_value *as_matrices(onnx_context *c, labelled *t, const roles *r, const uint8_t *first,
                             int first_count, const uint8_t *second, int second_count) {
  uint8_t labels[3 * IR_MAX_RANK];
  memcpy(labels, r->batch, (size_t)r->batch_count);
  memcpy(labels + r->batch_count, first, (size_t)first_count);
  memcpy(labels + r->batch_count + first_count, second, (size_t)second_count);
  arrange(c, t, labels);
  int batch = r->batch_count, split = batch + first_count;
  ir_dim dims[IR_MAX_RANK];
  int rank = 0;
  if (batch > IR_MAX_RANK - 2) {
    dims[rank++] = onnx_dim_product(c, t->size, 0, batch);
  } else {
    for (; rank < batch; rank++) dims[rank] = t->size[rank];
  }
  dims[rank++] = onnx_dim_product(c, t->size, batch, split);
  dims[rank++] = onnx_dim_product(c, t->size, split, split + second_count);
  return ir_reshape(c->b, t->x, dims, rank);
}

/* Sizes of shared labels made equal: 1 is repeated (only "..." axes may differ). */
static bool match_sizes(onnx_context *c, labelled *x, labelled *y) {
  for (int i = 0; i < x->rank; i++) {
    int k = find_label(y, x->label[i]), rank;
    ir_dim size;
    if (k < 0) continue;
    if (!onnx_broadcast(c, &x->size[i], 1, &y->size[k], 1, &size, &rank)) return false;
    x->size[i] = y->size[k] = size;
  }
  if (x->rank) x->x = ir_expand(c->b, x->x, x->size, x->rank);
  if (y->rank) y->x = ir_expand(c->b, y->x, y->size, y->rank);
  return true;
}

/* Labels that only t has and nobody asks for are summed first. */
static void sum_private(onnx_context *c, labelled *t, const labelled *other, const bool *kept) {
  for (int i = t->rank - 1; i >= 0; i--) {
    if (!kept[t->label[i]] && find_label(other, t->label[i]) < 0) sum_axis(c, t, i);
  }
}

static labelled contract(onnx_context *c, labelled x, labelled y, const bool *kept) {
  labelled result = {0};
  sum_private(c, &x, &y, kept);
  sum_private(c, &y, &x, kept);
  if (!match_sizes(c, &x, &y)) return x;
  roles r = assign_roles(&x, &y, kept);
  if (r.batch_count + r.row_count + r.column_count > IR_MAX_RANK) {
    onnx_fail(c, "an intermediate result has more than %d dims", IR_MAX_RANK);
    return x;
  }
  ir_value *left = as_matrices(c, &x, &r, r.rows, r.row_count, r.summed, r.summed_count);
  ir_value *right = as_matrices(c, &y, &r, r.summed, r.summed_count, r.columns, r.column_count);
  for (int i = 0; i < r.batch_count + r.row_count; i++) {
    result.label[result.rank] = x.label[i];
    result.size[result.rank++] = x.size[i];
  }
  for (int i = 0; i < r.column_count; i++) {
    result.label[result.rank] = r.columns[i];
    result.size[result.rank++] = y.size[r.batch_count + r.summed_count + i];
  }
  result.x = ir_reshape(c->b, ir_matmul(c->b, left, right), result.size, result.rank);
  return result;
}

/* ---- the operator ---- */

/* Without "->": "..." first, then the letters that stand once, in alphabetical order. */
static void implicit_output(const labelled *operands, int count, labelled *output) {
  int uses[256] = {0};
  for (int i = 0; i < count; i++) {
    for (int k = 0; k < operands[i].rank; k++) uses[operands[i].label[k]]++;
  }
  output->rank = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int label = pass ? 0 : ELLIPSIS; label < (pass ? ELLIPSIS : 256); label++) {
      bool wanted = pass ? uses[label] == 1 : uses[label] > 0;
      if (wanted && output->rank < IR_MAX_RANK) output->label[output->rank++] = (uint8_t)label;
    }
  }
}

static const char *read_operands(onnx_context *c, const char *at, labelled *operands) {
  for (int i = 0; i < c->in_count; i++) {
    labelled *t = &operands[i];
    if (!c->in[i]) return NULL;
    if (i && *at++ != ',') return NULL;
    at = read_term(at, c->in[i]->type.rank, -1, t);
    if (!at || t->rank != c->in[i]->type.rank) return NULL;
    t->x = c->in[i];
    memcpy(t->size, c->in[i]->type.dims, sizeof t->size);
  }
  return at;
}

static bool read_output(const char *at, const labelled *operands, int count, labelled *output) {
  int ellipsis = 0;
  for (int i = 0; i < count; i++) {
    int own = 0;
    for (int k = 0; k < operands[i].rank; k++) own += operands[i].label[k] >= ELLIPSIS;
    if (own > ellipsis) ellipsis = own;
  }
  if (!*at) {
    implicit_output(operands, count, output);
    return true;
  }
  if (strncmp(at, "->", 2) != 0) return false;
  at = read_term(at + 2, 0, ellipsis, output);
  return at && !*at;
}

static ir_value *import_einsum(onnx_context *c) {
  const char *equation = onnx_attr_text(c, "equation", "");
  labelled *operands = ARENA_ARRAY(c->a, labelled, (size_t)c->in_count), output = {0};
  const char *rest = read_operands(c, equation, operands);
  if (!rest || !read_output(rest, operands, c->in_count, &output)) {
    return onnx_fail(c, "its equation '%s' does not fit its inputs", equation);
  }
  labelled sum = operands[0];
  take_diagonals(c, &sum);
  for (int i = 1; i < c->in_count && !onnx_failed(c); i++) {
    bool kept[256] = {false};
    for (int k = 0; k < output.rank; k++) kept[output.label[k]] = true;
    for (int j = i + 1; j < c->in_count; j++) {
      for (int k = 0; k < operands[j].rank; k++) kept[operands[j].label[k]] = true;
    }
    take_diagonals(c, &operands[i]);
    sum = contract(c, sum, operands[i], kept);
  }
  for (int i = sum.rank - 1; i >= 0; i--) {
    if (find_label(&output, sum.label[i]) < 0) sum_axis(c, &sum, i);
  }
  if (sum.rank != output.rank) return onnx_fail(c, "its equation '%s' is not supported", equation);
  arrange(c, &sum, output.label);
  return sum.x;
}

static const onnx_op_row rows[] = {
    {"", "Einsum", 12, 0, 1, -1, import_einsum, IR_MATMUL},
};
const onnx_op_table onnx_einsum_ops = ONNX_OP_TABLE(rows);
