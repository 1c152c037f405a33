/* print.c: the text form of graphs; parse.c reads it. */
#include "ir/attributes.h"
#include "ir/element.h"
#include "ir/lexical.h"
#include "base/name_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_ELEMENTS = 16, INPUTS_PER_LINE = 4 };

/* Each value's name in the text: its own, or v1, v2 ... where it has none or another value has it already. */
typedef struct {
  arena memory;
  pointer_map names;
} naming;

/* ---- names ---- */

static bool has_free_name(const name_map *taken, const ir_value *v) {
  return v->name && *v->name && !name_map_get(taken, v->name);
}

static void set_name(naming *n, name_map *taken, const ir_value *v, const char *name) {
  name_map_set(&n->memory, taken, name, n);
  pointer_map_set(&n->memory, &n->names, v, (void *)(uintptr_t)name);
}

static void make_name(naming *n, name_map *taken, const ir_value *v, int *next) {
  if (pointer_map_get(&n->names, v)) return;
  const char *name;
  do {
    name = arena_format(&n->memory, "v%d", (*next)++);
  } while (name_map_get(taken, name));
  set_name(n, taken, v, name);
}

/* Own names go first, so that no made-up name takes one of them. */
static void name_values(naming *n, const ir_graph *g) {
  name_map taken = {0};
  int next = 1;
  for (size_t i = 0; i < g->input_count; i++) {
    if (has_free_name(&taken, g->inputs[i])) set_name(n, &taken, g->inputs[i], g->inputs[i]->name);
  }
  for (const ir_node *node = g->first; node; node = node->next) {
    if (has_free_name(&taken, node->result)) set_name(n, &taken, node->result, node->result->name);
  }
  for (size_t i = 0; i < g->input_count; i++) make_name(n, &taken, g->inputs[i], &next);
  for (const ir_node *node = g->first; node; node = node->next) make_name(n, &taken, node->result, &next);
}

/* Words that mean something where a value's name may stand are quoted. */
static void print_value_name(text *t, const char *name) {
  if (strcmp(name, "return") == 0 || strcmp(name, "_") == 0) {
    lexical_print_quoted(t, name, '"');
  } else {
    lexical_print_name(t, name, '"');
  }
}

/* Without a naming, values without a name are "?": only messages print single nodes. */
static void print_value(text *t, const naming *names, const ir_value *v) {
  const char *name = names ? pointer_map_get(&names->names, v) : v->name;
  if (name && *name) {
    print_value_name(t, name);
  } else {
    text_print(t, "?");
  }
}

/* ---- numbers ---- */

/* The shortest text from which the same number is read. */
static void print_real(text *t, double x, bool is_f64) {
  if (isnan(x) || isinf(x)) {
    text_print(t, "%s", isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
    return;
  }
  char digits[40];
  for (int precision = 1; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, x);
    double back = strtod(digits, NULL);
    if (is_f64 ? back == x : (float)back == (float)x) break;
  }
  text_print(t, "%s", digits);
}

static void print_elements(text *t, const ir_constant *c, int64_t count) {
  ir_dtype dtype = c->type.dtype;
  text_print(t, "{");
  for (int64_t i = 0; i < count; i++) {
    if (i) text_print(t, ", ");
    if (ir_dtype_is_float(dtype)) {
      print_real(t, element_double(dtype, c->data, i), dtype == SMELT_F64);
    } else if (dtype == SMELT_U64) {
      text_print(t, "%llu", (unsigned long long)element_integer(dtype, c->data, i));
    } else {
      text_print(t, "%lld", (long long)element_integer(dtype, c->data, i));
    }
  }
  text_print(t, "}");
}

static void print_constant(text *t, const ir_constant *c) {
  int64_t count;
  if (!c) return;
  if (c->name) {
    text_print(t, " ");
    lexical_print_quoted(t, c->name, '"');
  }
  if (c->data && ir_type_is_static(&c->type, &count) && count >= 0 && count <= PRINTED_ELEMENTS) {
    text_print(t, " ");
    print_elements(t, c, count);
  }
}

/* ---- attributes ---- */

static void print_dims(text *t, const ir_dim *dims, int64_t count) {
  text_print(t, "[");
  for (int64_t i = 0; i < count; i++) {
    if (i) text_print(t, ", ");
    if (dims[i]) ir_dim_print(t, dims[i]);
  }
  text_print(t, "]");
}

static void print_axes(text *t, uint32_t axes) {
  const char *separator = "[";
  for (int i = 0; i < 32; i++) {
    if (!(axes >> i & 1)) continue;
    text_print(t, "%s%d", separator, i);
    separator = ", ";
  }
  text_print(t, axes ? "]" : "[]");
}

static void print_integers(text *t, const ir_node *n, const attr_row *row, int count) {
  text_print(t, "[");
  for (int i = 0; i < count; i++) {
    int64_t x = row->form == ATTR_PERM ? n->attrs.perm[i] : n->attrs.step[i];
    text_print(t, "%s%lld", i ? ", " : "", (long long)x);
  }
  text_print(t, "]");
}

/* Whether the attribute has the value that a reader of the text assumes without it. */
static bool is_default(const ir_node *n, const attr_row *row) {
  const void *member = (const char *)&n->attrs + row->offset;
  int length = attr_list_length(n->op, n->result->type.rank);
  switch (row->form) {
  case ATTR_CONSTANT:
    return true;
  case ATTR_SHAPE:
    return n->attrs.rank == n->result->type.rank &&
           memcmp(n->attrs.shape, n->result->type.dims, (size_t)n->attrs.rank * sizeof n->attrs.shape[0]) ==
               0;
  case ATTR_DIMS:
    for (int i = 0; i < length; i++) {
      if (n->attrs.start[i] && !ir_dim_is(n->attrs.start[i], 0)) return false;
    }
    return true;
  case ATTR_STEPS:
    for (int i = 0; i < length; i++) {
      if (n->attrs.step[i] != 1) return false;
    }
    return true;
  case ATTR_REAL: /* 0 is a number like others but for softcap, where it means none */
    return row->offset == offsetof(ir_attrs, softcap) && *(const double *)member == 0;
  case ATTR_FLAG:
    return !*(const bool *)member;
  case ATTR_OP:
    return *(const ir_op *)member == IR_IDENTITY || *(const ir_op *)member == IR_CONST;
  default:
    return false;
  }
}

/* States are known by name only in a graph's context. */
static void print_state(text *t, const ir_module *m, int state) {
  if (m && state >= 0 && (size_t)state < m->state_count) {
    lexical_print_name(t, m->states[state].name, '"');
  } else {
    text_print(t, "%d", state);
  }
}

static void print_attribute(text *t, const ir_module *m, const ir_node *n, const attr_row *row) {
  const void *member = (const char *)&n->attrs + row->offset;
  int length = attr_list_length(n->op, n->result->type.rank);
  text_print(t, "%s = ", row->name);
  switch (row->form) {
  case ATTR_CONSTANT:
    break;
  case ATTR_DTYPE:
    text_print(t, "%s", ir_dtype_name(*(const ir_dtype *)member));
    break;
  case ATTR_INTEGER:
    text_print(t, "%d", *(const int *)member);
    break;
  case ATTR_AXIS_SET:
    print_axes(t, *(const uint32_t *)member);
    break;
  case ATTR_PERM:
    print_integers(t, n, row, n->result->type.rank);
    break;
  case ATTR_SHAPE:
    print_dims(t, n->attrs.shape, n->attrs.rank);
    break;
  case ATTR_DIMS:
    print_dims(t, n->attrs.start, length);
    break;
  case ATTR_STEPS:
    print_integers(t, n, row, length);
    break;
  case ATTR_DIM_LIST:
    print_dims(t, n->attrs.dim_list, n->attrs.dim_count);
    break;
  case ATTR_REAL:
    print_real(t, *(const double *)member, true);
    break;
  case ATTR_FLAG:
    text_print(t, "true");
    break;
  case ATTR_OP:
    text_print(t, "%s", ir_op_describe(*(const ir_op *)member)->name);
    break;
  case ATTR_STATE:
    print_state(t, m, *(const int *)member);
    break;
  case ATTR_GRAPH:
    print_value_name(t, (*(ir_graph *const *)member)->name);
    break;
  case ATTR_COUNT_OF:
    text_print(t, "%d", *(const int *)member);
    break;
  }
}

static void print_attributes(text *t, const ir_module *m, const ir_node *n) {
  const char *separator = " {";
  for (int i = 0; i < ATTR_COUNT; i++) {
    if (!(ir_op_describe(n->op)->attrs >> i & 1) || is_default(n, &attr_rows[i])) continue;
    text_print(t, "%s", separator);
    print_attribute(t, m, n, &attr_rows[i]);
    separator = ", ";
  }
  if (*separator == ',') text_print(t, "}");
}

/* ---- nodes, graphs, modules ---- */

static void print_node(text *t, const ir_module *m, const naming *names, const ir_node *n) {
  print_value(t, names, n->result);
  text_print(t, " = %s", ir_op_describe(n->op)->name);
  for (int i = 0; i < n->operand_count; i++) {
    text_print(t, i ? ", " : " ");
    if (n->operands[i]) {
      print_value(t, names, n->operands[i]);
    } else {
      text_print(t, "_");
    }
  }
  if (n->op == IR_CONST) print_constant(t, n->attrs.constant);
  print_attributes(t, m, n);
  text_print(t, " : ");
  ir_type_print(t, &n->result->type);
}

void ir_print_node(text *t, const ir_node *n) {
  print_node(t, NULL, NULL, n);
}

static void print_inputs(text *t, const naming *names, const ir_graph *g) {
  bool lines = g->input_count > INPUTS_PER_LINE;
  for (size_t i = 0; i < g->input_count; i++) {
    text_print(t, lines ? "\n    " : i ? " " : "");
    print_value(t, names, g->inputs[i]);
    text_print(t, ": ");
    ir_type_print(t, &g->inputs[i]->type);
    if (i + 1 < g->input_count) text_print(t, ",");
  }
}

static void print_outputs(text *t, const naming *names, const ir_graph *g) {
  bool lines = g->output_count > INPUTS_PER_LINE;
  text_print(t, "  return");
  for (size_t i = 0; i < g->output_count; i++) {
    text_print(t, lines ? "\n    " : " ");
    print_value_name(t, g->outputs[i].name);
    text_print(t, " = ");
    print_value(t, names, g->outputs[i].value);
    if (i + 1 < g->output_count) text_print(t, ",");
  }
}

void ir_print(text *t, ir_graph *g) {
  naming names = {0};
  name_values(&names, g);
  text_print(t, g->is_body ? "body " : "graph ");
  lexical_print_name(t, g->name, '"');
  text_print(t, "(");
  print_inputs(t, &names, g);
  text_print(t, ") {\n");
  for (const ir_node *n = g->first; n; n = n->next) {
    text_print(t, "  ");
    print_node(t, g->module, &names, n);
    text_print(t, "\n");
  }
  print_outputs(t, &names, g);
  text_print(t, "\n}\n");
  arena_free(&names.memory);
}

static void print_limit(text *t, ir_dim symbol, const char *relation, ir_dim limit) {
  text_print(t, "limit ");
  ir_dim_print(t, symbol);
  text_print(t, " %s ", relation);
  ir_dim_print(t, limit);
  text_print(t, "\n");
}

/* Of symbols with limits: limit past <= 2048. Returns whether there were any. */
static bool print_limits(text *t, ir_module *m) {
  size_t before = t->count;
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    int64_t minimum = ir_dim_minimum(m, symbol), maximum = ir_dim_maximum(m, symbol);
    ir_dim limit = ir_dim_limit(m, symbol);
    if (minimum > 0) print_limit(t, symbol, ">=", ir_dim_const(m, minimum));
    if (!limit && maximum < INT64_MAX) limit = ir_dim_const(m, maximum);
    if (limit) print_limit(t, symbol, "<=", ir_dim_resolve(m, limit));
  }
  return t->count > before;
}

void ir_print_module(text *t, ir_module *m) {
  bool any = print_limits(t, m);
  for (size_t i = 0; i < m->state_count; i++) {
    const ir_state *state = &m->states[i];
    text_print(t, "state ");
    lexical_print_name(t, state->name, '"');
    text_print(t, ": ");
    ir_type_print(t, &state->type);
    if (state->append_axis >= 0) text_print(t, " {append_axis = %d}", state->append_axis);
    text_print(t, "\n");
    any = true;
  }
  for (size_t i = 0; i < m->graph_count; i++) {
    if (i || any) text_print(t, "\n");
    ir_print(t, m->graphs[i]);
  }
}
