/* dispatch.c: from a node's domain, operator and opset to its importer. */
#include "onnx/import.h"

#include <stdlib.h>
#include <string.h>

static const onnx_op_table *const families[] = {
#define X(family) &onnx_##family##_ops,
    ONNX_FAMILIES(X)
#undef X
};
enum { FAMILY_COUNT = sizeof families / sizeof *families };

static int compare_rows(const void *x, const void *y) {
  const onnx_op_row *a = *(const onnx_op_row *const *)x, *b = *(const onnx_op_row *const *)y;
  int order = strcmp(a->domain, b->domain);
  if (!order) order = strcmp(a->op_type, b->op_type);
  return order ? order : a->since - b->since;
}

/* All rows, sorted by domain, operator and opset. */
static const onnx_op_row **sorted_rows(arena *a, size_t *count) {
  size_t total = 0;
  for (size_t i = 0; i < FAMILY_COUNT; i++) total += families[i]->count;
  const onnx_op_row **sorted = ARENA_ARRAY(a, const onnx_op_row *, total);
  *count = 0;
  for (size_t i = 0; i < FAMILY_COUNT; i++) {
    for (size_t k = 0; k < families[i]->count; k++) sorted[(*count)++] = &families[i]->rows[k];
  }
  qsort(sorted, total, sizeof *sorted, compare_rows);
  return sorted;
}

void onnx_index_operators(onnx_model *model) {
  model->rows = sorted_rows(model->arena, &model->row_count);
}

/* The first row that is not less than (domain, op_type). */
static size_t lower_bound(const onnx_model *model, const char *domain, const char *op_type) {
  size_t low = 0, high = model->row_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const onnx_op_row *row = model->rows[middle];
    int order = strcmp(row->domain, domain);
    if (!order) order = strcmp(row->op_type, op_type);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

status onnx_find_operator(onnx_model *model, const Onnx__NodeProto *node, int64_t opset,
                          const onnx_op_row **result) {
  arena *a = model->arena;
  const char *domain = onnx_text(node->domain), *op_type = onnx_text(node->op_type);
  if (strcmp(domain, "ai.onnx") == 0) domain = "";
  if (!opset && *domain) opset = 1; /* exporters forget to import com.microsoft */
  if (!opset) return fail(a, STATUS_INPUT, "the model imports no opset of the domain '%s'", domain);
  bool known = false;
  for (size_t i = lower_bound(model, domain, op_type); i < model->row_count; i++) {
    const onnx_op_row *row = model->rows[i];
    if (strcmp(row->domain, domain) != 0 || strcmp(row->op_type, op_type) != 0) break;
    known = true;
    if (opset < row->since || (row->until && opset > row->until)) continue;
    *result = row;
    return OK;
  }
  if (known) {
    return fail(a, STATUS_INPUT, "operator '%s' is not supported in opset %lld", op_type, (long long)opset);
  }
  const char *why = onnx_why_left_out(domain, op_type);
  if (why) {
    status s = fail(a, STATUS_INPUT, "operator '%s' is left out on purpose: it %s", op_type, why);
    return fail_hint(a, s,
                     "docs/operators.md lists the operators that smelt knows and those that it leaves out");
  }
  status s = fail(a, STATUS_INPUT, "unknown operator '%s' (domain '%s', opset %lld)", op_type, domain,
                  (long long)opset);
  return fail_hint(a, s, "docs/operators.md lists the operators that smelt knows");
}

void onnx_print_operators(text *t) {
  arena a = {0};
  size_t count;
  const onnx_op_row **sorted = sorted_rows(&a, &count);
  text_print(
      t,
      "# ONNX operators\n\n"
      "Written from the tables in `compiler/onnx/import_*.c`. Opsets are those in which smelt knows the\n"
      "operator; all of them follow the specification's semantics for the opset that the model imports.\n\n"
      "| domain | operator | from opset | to opset |\n|---|---|---|---|\n");
  for (size_t i = 0; i < count; i++) {
    const onnx_op_row *row = sorted[i];
    text_print(t, "| %s | %s | %d | ", *row->domain ? row->domain : "ai.onnx", row->op_type, row->since);
    if (row->until) text_print(t, "%d", row->until);
    text_print(t, " |\n");
  }
  onnx_print_left_out(t);
  arena_free(&a);
}
