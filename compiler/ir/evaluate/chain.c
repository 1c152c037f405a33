/* chain.c: rows of elements through elementwise operators over floats. */
#include "ir/evaluate/chain.h"
#include "ir/evaluate/scalar.h"

/* What is computed at once: rows of all links stay in the first cache. */
enum { ROW = 256 };

/* The dtype that the node computes in: of select's second operand, since the first is bool. */
static ir_dtype computed_dtype(const ir_node *node) {
  return node->operands[node->operand_count == 3 ? 1 : 0]->type.dtype;
}

bool chain_computes(const ir_node *node) {
  return (node->op == IR_CAST || scalar_knows(node->op)) && node->operand_count <= 3 &&
         ir_dtype_is_float(computed_dtype(node));
}

bool chain_links(const ir_node *node) {
  return chain_computes(node) && node->result->type.dtype == SMELT_F32;
}

static bool aim(chain *c, const ir_tensor *out) {
  if (!c->node) {
    if (!walk_broadcast(c->memory, out, c->strides)) return false;
    c->step = out->rank ? c->strides[out->rank - 1] : 0;
    return true;
  }
  for (int i = 0; i < c->node->operand_count; i++)
    if (!aim(c->in[i], out)) return false;
  return true;
}

static void start_row(chain *c, int rank, const int64_t *index) {
  if (!c->node) c->at = walk_offset(rank, index, c->strides);
  for (int i = 0; c->node && i < c->node->operand_count; i++) start_row(c->in[i], rank, index);
}

/* Elements from `first` on of a row, not rounded to the dtype of c's result. */
static void compute(const chain *c, int64_t first, int64_t count, double *x);

static void operand_row(const chain *c, int64_t first, int64_t count, double *x) {
  if (!c->node) {
    element_doubles(c->memory->dtype, c->memory->data, c->at + first * c->step, c->step, count, x);
    return;
  }
  compute(c, first, count, x);
  for (int64_t i = 0; i < count; i++) x[i] = (float)x[i]; /* as if it had been stored */
}

static void compute(const chain *c, int64_t first, int64_t count, double *x) {
  double y[ROW], z[ROW];
  const chain *const *in = (const chain *const *)c->in;
  operand_row(in[0], first, count, x);
  if (c->node->operand_count > 1) operand_row(in[1], first, count, y);
  if (c->node->operand_count > 2) operand_row(in[2], first, count, z);
  if (c->node->op == IR_CAST) return;
  scalar_floats(c->node->op, x, c->node->operand_count > 1 ? y : x, c->node->operand_count > 2 ? z : x,
                count);
}

status chain_evaluate(arena *scratch, chain *last, ir_tensor *out) {
  int64_t index[IR_MAX_RANK] = {0}, to = 0, length = out->rank ? out->dims[out->rank - 1] : 1;
  if (!aim(last, out)) return walk_misfit(scratch, last->node, "operands do not fit each other");
  if (ir_tensor_count(out) == 0) return OK;
  ir_tensor firsts = *out; /* one element for each row along the last axis */
  if (out->rank) firsts.dims[out->rank - 1] = 1;
  do {
    start_row(last, out->rank, index);
    for (int64_t done = 0; done < length; done += ROW) {
      double x[ROW];
      int64_t count = length - done < ROW ? length - done : ROW;
      compute(last, done, count, x);
      element_set_doubles(out->dtype, out->data, to + done, count, x);
    }
    to += length;
  } while (walk_next(&firsts, index));
  return OK;
}
