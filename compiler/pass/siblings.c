/*
 * siblings.c: linears of one input become one, so that the input is read
 * once and the threads have one large product to share.
 *
 *   q = linear x, w_q : f32[1, s, 64]        y = linear x, w : f32[1, s, 128]        w = [w_q w_k w_v]
 *   k = linear x, w_k : f32[1, s, 32]   ->   q = slice y {start = [0, 0, 0]} : f32[1, s, 64]
 *   v = linear x, w_v : f32[1, s, 32]        k = slice y {start = [0, 0, 64]} : f32[1, s, 32]
 *                                            v = slice y {start = [0, 0, 96]} : f32[1, s, 32]
 */
#include "pass/columns.h"

/* Wider ones gain nothing more, and one weight must fit in memory while it is packed. */
enum { MAX_SIBLINGS = 64, MAX_COLUMNS = 1 << 16 };

/* Linears from n on that read n's input, with no more than MAX_COLUMNS columns together. */
static int find_siblings(ir_module *m, ir_node *n, ir_node **siblings) {
  int count = 0;
  int64_t columns = 0, more;
  for (ir_node *other = n; other && count < MAX_SIBLINGS; other = other->next) {
    if (other->op != IR_LINEAR || other->operands[0] != n->operands[0] || !columns_are_bare(other)) continue;
    if (!ir_dim_is_const(other->operands[1]->type.dims[1], &more) || columns + more > MAX_COLUMNS) continue;
    if (!ir_dim_equal(m, other->operands[1]->type.dims[0], n->operands[1]->type.dims[0])) continue;
    columns += more;
    siblings[count++] = other;
  }
  return count;
}

static bool join_siblings(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_node *siblings[MAX_SIBLINGS];
  column_range ranges[MAX_SIBLINGS];
  int count = columns_are_bare(n) ? find_siblings(m, n, siblings) : 0;
  if (count < 2 || siblings[0] != n) return false;
  for (int i = 0; i < count; i++) {
    ir_dim columns = siblings[i]->operands[1]->type.dims[1];
    ranges[i] = (column_range){n->operands[0], siblings[i], ir_dim_const(m, 0), columns};
  }
  ir_value *joined = columns_join(b, ranges, count, &(ir_attrs){.activation = IR_IDENTITY});
  if (!joined) return false;
  ir_dim start = ir_dim_const(m, 0);
  for (int i = 0; i < count; i++) {
    ir_value *part = ir_slice_axis(b, joined, joined->type.rank - 1, start, ranges[i].count);
    part->name = siblings[i]->result->name;
    siblings[i]->result->name = NULL;
    ir_replace_uses(b->graph, siblings[i]->result, part);
    start = ir_dim_add(m, start, ranges[i].count);
  }
  return true;
}

bool pass_siblings(ir_graph *g, pass_report *report) {
  int before = report->rewrites;
  for (ir_node *n = g->first; n && !report->failed; n = n->next) {
    if (n->op != IR_LINEAR || n->result->use_count == 0) continue;
    ir_builder b = {.graph = g, .before = n, .origin = n->origin};
    report->rewrites += join_siblings(&b, n);
    report->failed = b.failed;
  }
  ir_remove_dead(g);
  return report->rewrites > before;
}
