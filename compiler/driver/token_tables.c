/* token_tables.c: the tables that a graph reads at a text's tokens: how many ids they have rows for, and how
 * many places. */
#include "driver/reader.h"

#include <string.h>

/* Whether v's elements are those of the graph's input, whatever their dtype and shape. */
static bool is_input(const ir_value *v, const char *input) {
  while (v->def && (v->def->op == IR_CAST || v->def->op == IR_RESHAPE || v->def->op == IR_IDENTITY))
    v = v->def->operands[0];
  return !v->def && strcmp(v->name, input) == 0;
}

/* The rows of the table that the node reads; 0: none, or not known. */
static int64_t table_rows(const ir_node *n) {
  int64_t rows;
  if (n->op != IR_GATHER || !ir_dim_is_const(n->operands[0]->type.dims[n->attrs.axis], &rows)) return 0;
  return rows;
}

int64_t reader_id_count(const ir_graph *g, const char *input) {
  int64_t least = 0;
  for (const ir_node *n = g->first; n; n = n->next) {
    int64_t rows = table_rows(n);
    if (rows > 0 && is_input(n->operands[1], input) && (!least || rows < least)) least = rows;
  }
  return least;
}

/* Whether v is made of the input by nodes of one operand, or of one and constants. */
static bool is_made_of(const ir_value *v, const char *input) {
  while (v->def && v->def->operand_count > 0 && v->def->operands[0]) v = v->def->operands[0];
  return !v->def && strcmp(v->name, input) == 0;
}

/*
 * RoBERTa's places: those of the tokens that are no padding are counted, from a first one on. *first is what
 * is added to the count. False: v is something else.
 */
static bool counts_tokens(const ir_value *v, const char *input, int64_t *first) {
  double number;
  *first = 0;
  for (; v->def; v = v->def->operands[0]) {
    const ir_node *n = v->def;
    if (n->op == IR_CUMSUM) return is_made_of(n->operands[0], input);
    if (n->op == IR_CAST || n->op == IR_RESHAPE || n->op == IR_MUL) continue; /* by 0 or 1 */
    if ((n->op != IR_ADD && n->op != IR_SUB) || !ir_value_scalar(n->operands[1], &number)) return false;
    *first += (int64_t)(n->op == IR_ADD ? number : -number);
  }
  return false;
}

int64_t reader_place_count(const ir_graph *g, const char *input) {
  int64_t least = 0, first;
  for (const ir_node *n = g->first; n; n = n->next) {
    int64_t rows = table_rows(n);
    if (!rows || !counts_tokens(n->operands[1], input, &first)) continue;
    int64_t places = rows - 1 - first; /* the first token's count is 1 */
    if (!least || places < least) least = places > 1 ? places : 1;
  }
  return least;
}
