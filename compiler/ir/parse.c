/*
 * parse.c: the text form back to a module, nodes as they stand: nothing is
 * folded, so that printing gives the same text again.
 *
 *   module = { "limit" symbol ( "<=" | ">=" ) size | state | graph }
 *   state  = "state" name ":" type [ "{" "append_axis" "=" integer "}" ]
 *   graph  = ( "graph" | "body" ) name "(" [ input { "," input } ] ")" "{" { node } "return" [ output { ","
 * output } ] "}" input  = name ":" type node   = name "=" operator [ operand { "," operand } ] [ "{"
 * attributes "}" ] ":" type | name "=" "const" [ string ] [ "{" numbers "}" ] ":" type output = name "="
 * value
 *
 * An operand is a value's name, or _ where an optional one is absent.
 */
#include "ir/parse.h"

#include "ir/content.h"
#include "ir/element.h"
#include "ir/lexical.h"

#include <string.h>

typedef struct {
  reader *r;
  ir_graph *graph;
  name_map values;
} graph_reader;

/* ---- values ---- */

static status define_value(graph_reader *g, size_t at, ir_value *v) {
  if (name_map_get(&g->values, v->name)) return parse_expected(g->r, at, "a name that is not taken yet");
  name_map_set(g->r->arena, &g->values, v->name, v);
  return OK;
}

/* *value is NULL for _. */
static status parse_operand(graph_reader *g, ir_value **value) {
  const char *name;
  bool is_quoted;
  parse_space(g->r);
  size_t start = g->r->at;
  TRY(parse_name(g->r, "a value's name or _", &name, &is_quoted));
  *value = NULL;
  if (!is_quoted && strcmp(name, "_") == 0) return OK;
  *value = name_map_get(&g->values, name);
  return *value ? OK : parse_expected(g->r, start, "the name of a value defined above");
}

/* ---- constants ---- */

/* Where each number of "{1, 2}" starts; read once the type is known. */
typedef struct {
  size_t *starts;
  size_t count, capacity;
  bool given;
} number_list;

static status scan_numbers(reader *r, number_list *numbers) {
  numbers->given = parse_accept(r, "{");
  if (!numbers->given || parse_accept(r, "}")) return OK;
  do {
    parse_space(r);
    size_t length = parse_number_length(r);
    if (!length) return parse_expected(r, r->at, "a number");
    ARENA_PUSH(r->arena, numbers->starts, numbers->count, numbers->capacity) = r->at;
    r->at += length;
  } while (parse_accept(r, ","));
  return parse_mark(r, "}");
}

/* u64 beyond INT64_MAX is the one number that parse_integer does not take. */
static status read_u64(reader *r, uint64_t *value) {
  size_t start = r->at;
  bool overflow = false;
  for (*value = 0; r->at < r->bytes && r->source[r->at] >= '0' && r->source[r->at] <= '9'; r->at++) {
    overflow |= __builtin_mul_overflow(*value, 10u, value);
    overflow |= __builtin_add_overflow(*value, (uint64_t)(r->source[r->at] - '0'), value);
  }
  return r->at == start || overflow ? parse_expected(r, start, "an unsigned integer of 64 bits") : OK;
}

static status read_number(reader *r, const ir_type *type, void *data, int64_t index) {
  if (ir_dtype_is_float(type->dtype)) {
    double x;
    TRY(parse_real(r, &x));
    element_set_double(type->dtype, data, index, x);
    return OK;
  }
  if (type->dtype == SMELT_U64) {
    uint64_t x;
    TRY(read_u64(r, &x));
    element_set_integer(type->dtype, data, index, (int64_t)x, true);
    return OK;
  }
  int64_t x;
  size_t start = r->at;
  TRY(parse_integer(r, &x));
  element_set_integer(type->dtype, data, index, x, false);
  bool fits = element_integer(type->dtype, data, index) == x;
  return fits ? OK
              : parse_expected(r, start,
                               arena_format(r->arena, "a number that fits %s", ir_dtype_name(type->dtype)));
}

static status read_numbers(reader *r, const number_list *numbers, ir_constant *c) {
  int64_t count;
  size_t after = r->at;
  if (!ir_type_is_static(&c->type, &count) || count < 0 || (uint64_t)count != numbers->count) {
    return parse_expected(r, after, "a type with as many elements as numbers are given");
  }
  char *data = arena_alloc(r->arena, numbers->count * ir_dtype_bytes(c->type.dtype) + 1);
  for (size_t i = 0; i < numbers->count; i++) {
    r->at = numbers->starts[i];
    size_t end = r->at + parse_number_length(r);
    TRY(read_number(r, &c->type, data, (int64_t)i));
    if (r->at != end) return parse_expected(r, r->at, "a number of the constant's type");
  }
  r->at = after;
  c->data = data;
  return OK;
}

/* The word const has been read. */
static status parse_constant(reader *r, ir_type *type, const ir_constant **constant) {
  parse_space(r);
  size_t start = r->at;
  ir_constant *c = ARENA_NEW(r->arena, ir_constant);
  number_list numbers = {0};
  if (r->at < r->bytes && r->source[r->at] == '"') TRY(parse_name(r, "the constant's name", &c->name, NULL));
  TRY(scan_numbers(r, &numbers));
  TRY(parse_mark(r, ":"));
  TRY(parse_type(r, type));
  c->type = *type;
  if (!ir_type_is_static(type, NULL)) return parse_expected(r, r->at, "a type of known size");
  char *key = arena_alloc(r->arena, r->at - start + 1);
  memcpy(key, r->source + start, r->at - start);
  *constant = c->name ? name_map_get(&r->constants, key) : NULL;
  if (*constant) return OK;
  if (numbers.given) TRY(read_numbers(r, &numbers, c));
  if (c->name) name_map_set(r->arena, &r->constants, key, c);
  *constant = c;
  return OK;
}

/* ---- nodes ---- */

static void append_node(ir_graph *g, ir_node *n) {
  n->previous = g->last;
  *(g->last ? &g->last->next : &g->first) = n;
  g->last = n;
  for (int i = 0; i < n->operand_count; i++) {
    if (n->operands[i]) n->operands[i]->use_count++;
  }
}

static status parse_operands(graph_reader *g, ir_node *n) {
  size_t count = 0, capacity = 0;
  parse_space(g->r);
  char next = g->r->at < g->r->bytes ? g->r->source[g->r->at] : ':';
  if (next != '{' && next != ':') {
    do {
      ir_value *operand;
      TRY(parse_operand(g, &operand));
      ARENA_PUSH(g->r->arena, n->operands, count, capacity) = operand;
    } while (parse_accept(g->r, ","));
  }
  const ir_op_info *info = ir_op_describe(n->op);
  bool fits = count >= (size_t)info->min_operands && count <= (size_t)info->max_operands;
  for (int i = 0; fits && i < info->min_operands; i++) fits = n->operands[i] != NULL;
  if (!fits) {
    return parse_expected(g->r, g->r->at,
                          arena_format(g->r->arena, "%d to %d operands of %s", info->min_operands,
                                       info->max_operands, info->name));
  }
  n->operand_count = (int)count;
  return OK;
}

/* The declared type stands; what the operator gives must agree with it. */
static status check_type(graph_reader *g, size_t at, const ir_node *n, const ir_type *declared) {
  ir_module *m = g->r->module;
  ir_type inferred = {0};
  status s = ir_op_describe(n->op)->infer(m, n, &inferred);
  if (s) return parse_located(g->r, at, s);
  bool agrees = inferred.dtype == declared->dtype && inferred.rank == declared->rank;
  for (int i = 0; agrees && i < inferred.rank; i++)
    agrees = ir_dim_unify(m, inferred.dims[i], declared->dims[i]);
  if (agrees) return OK;
  text t = {0};
  ir_type_print(&t, &inferred);
  s = fail(g->r->arena, STATUS_INPUT, "the type of %s is not what %s gives", n->result->name,
           ir_op_describe(n->op)->name);
  s = fail_expected(g->r->arena, s, "%s", t.bytes);
  t.count = 0;
  ir_type_print(&t, declared);
  s = fail_found(g->r->arena, s, "%s", t.bytes);
  text_free(&t);
  return parse_located(g->r, at, s);
}

static status parse_operation(graph_reader *g, ir_node *n) {
  reader *r = g->r;
  if (n->op == IR_CONST) {
    n->attrs.activation = IR_IDENTITY;
    return parse_constant(r, &n->result->type, &n->attrs.constant);
  }
  parsed_attrs parsed;
  TRY(parse_operands(g, n));
  TRY(parse_attributes(r, n->op, &parsed));
  TRY(parse_mark(r, ":"));
  TRY(parse_type(r, &n->result->type));
  n->attrs = parsed.attrs;
  if (ir_op_describe(n->op)->attrs & IR_ATTR_SHAPE & ~parsed.given) {
    n->attrs.rank = n->result->type.rank;
    memcpy(n->attrs.shape, n->result->type.dims, sizeof n->attrs.shape);
  }
  return OK;
}

/* The result's name and "=" have been read; `at` is where the line starts. */
static status parse_node(graph_reader *g, size_t at, const char *name) {
  reader *r = g->r;
  ir_node *n = ARENA_NEW(r->arena, ir_node);
  n->result = ARENA_NEW(r->arena, ir_value);
  n->result->name = name;
  n->result->def = n;
  parse_space(r);
  size_t length = lexical_identifier(r->source + r->at, r->bytes - r->at);
  if (!ir_op_named(r->source + r->at, length, &n->op)) return parse_expected(r, r->at, "an operator");
  r->at += length;
  TRY(parse_operation(g, n));
  TRY(check_type(g, at, n, &n->result->type));
  TRY(define_value(g, at, n->result));
  n->result->content = ir_content_compute(r->module, n);
  append_node(g->graph, n);
  return OK;
}

/* ---- graphs ---- */

static status parse_input(graph_reader *g) {
  const char *name;
  ir_type type;
  parse_space(g->r);
  size_t start = g->r->at;
  TRY(parse_name(g->r, "the name of an input", &name, NULL));
  TRY(parse_mark(g->r, ":"));
  TRY(parse_type(g->r, &type));
  return define_value(g, start, ir_graph_add_input(g->graph, name, &type));
}

static status parse_outputs(graph_reader *g) {
  if (parse_accept(g->r, "}")) return OK;
  do {
    const char *name;
    ir_value *value;
    TRY(parse_name(g->r, "the name of an output", &name, NULL));
    TRY(parse_mark(g->r, "="));
    parse_space(g->r);
    size_t start = g->r->at;
    TRY(parse_operand(g, &value));
    if (!value) return parse_expected(g->r, start, "a value");
    ir_graph_add_output(g->graph, name, value);
  } while (parse_accept(g->r, ","));
  return parse_mark(g->r, "}");
}

/* A body exists since the node that runs it was read; nothing else may have its name twice. */
static ir_graph *graph_named(reader *r, const char *name, bool is_body) {
  ir_graph *g = ir_module_find(r->module, name);
  if (!g) return is_body ? NULL : ir_graph_new(r->module, name);
  return is_body && g->is_body && g->output_count == 0 ? g : NULL;
}

static status parse_graph(reader *r, bool is_body) {
  const char *name;
  bool is_quoted;
  parse_space(r);
  size_t at = r->at;
  TRY(parse_name(r, "the graph's name", &name, NULL));
  graph_reader g = {.r = r, .graph = graph_named(r, name, is_body)};
  if (!g.graph) return parse_expected(r, at, is_body ? "a body that a node above runs" : "a new name");
  TRY(parse_mark(r, "("));
  if (!parse_accept(r, ")")) {
    do {
      TRY(parse_input(&g));
    } while (parse_accept(r, ","));
    TRY(parse_mark(r, ")"));
  }
  TRY(parse_mark(r, "{"));
  for (;;) {
    parse_space(r);
    size_t start = r->at;
    TRY(parse_name(r, "a node or return", &name, &is_quoted));
    if (!is_quoted && strcmp(name, "return") == 0) return parse_outputs(&g);
    if (!is_quoted && strcmp(name, "_") == 0) return parse_expected(r, start, "a name for the result");
    TRY(parse_mark(r, "="));
    TRY(parse_node(&g, start, name));
  }
}

/* ---- what stands before graphs ---- */

typedef struct {
  ir_module *m;
  bool *seen; /* by symbol index */
} limit_walk;

/* Marks the symbol and those that its limit is made of. */
static void mark_symbols(void *user, ir_dim_op op, int64_t operand) {
  limit_walk *walk = user;
  if (op != IR_DIM_SYMBOL || walk->seen[operand]) return;
  walk->seen[operand] = true;
  ir_dim limit = ir_dim_limit(walk->m, ir_dim_symbol_at(walk->m, (size_t)operand));
  if (limit) ir_dim_visit_postfix(limit, mark_symbols, walk);
}

static bool leads_to(reader *r, ir_dim limit, ir_dim symbol) {
  limit_walk walk = {r->module, ARENA_ARRAY(r->arena, bool, ir_dim_symbol_count(r->module))};
  ir_dim_visit_postfix(limit, mark_symbols, &walk);
  return walk.seen[ir_dim_symbol_index(symbol)];
}

static status parse_limit(reader *r) {
  parse_space(r);
  size_t start = r->at, consumed;
  int64_t limit;
  ir_dim symbol = ir_dim_parse(r->module, r->source + r->at, r->bytes - r->at, &consumed);
  if (!symbol || !ir_dim_is_symbol(symbol)) return parse_expected(r, start, "a symbol");
  r->at += consumed;
  bool is_minimum = parse_accept(r, ">=");
  if (!is_minimum) TRY(parse_mark(r, "<="));
  ir_dim bound;
  TRY(parse_dim(r, &bound));
  if (!ir_dim_is_const(bound, &limit)) {
    if (is_minimum || leads_to(r, bound, symbol))
      return parse_expected(r, start, "a limit that is a number, or made of other symbols");
    ir_dim_set_limit(r->module, symbol, bound);
    return OK;
  }
  if (limit < 0) return parse_expected(r, start, "a limit that is not negative");
  (is_minimum ? ir_dim_set_minimum : ir_dim_set_maximum)(r->module, symbol, limit);
  return OK;
}

static status parse_state(reader *r) {
  ir_module *m = r->module;
  ir_state state = {.append_axis = -1};
  parse_space(r);
  size_t start = r->at;
  TRY(parse_name(r, "the state's name", &state.name, NULL));
  if (name_map_get(&r->states, state.name)) return parse_expected(r, start, "a name that is not taken yet");
  TRY(parse_mark(r, ":"));
  TRY(parse_type(r, &state.type));
  if (parse_accept(r, "{")) {
    if (!parse_word(r, "append_axis")) return parse_expected(r, r->at, "append_axis");
    TRY(parse_mark(r, "="));
    if (state.type.rank == 0) return parse_expected(r, r->at, "no append_axis: the state has no axes");
    TRY(parse_small(r, "an axis", state.type.rank, &state.append_axis));
    TRY(parse_mark(r, "}"));
  }
  ARENA_PUSH(m->arena, m->states, m->state_count, m->state_capacity) = state;
  name_map_set(r->arena, &r->states, state.name, (void *)(uintptr_t)m->state_count);
  return OK;
}

status ir_parse(arena *a, const char *name, const char *source, size_t bytes, ir_module **module) {
  reader r = {.arena = a, .file = name, .source = source, .bytes = bytes, .module = ir_module_new(a, name)};
  for (parse_space(&r); r.at < r.bytes; parse_space(&r)) {
    if (parse_word(&r, "graph")) {
      TRY(parse_graph(&r, false));
    } else if (parse_word(&r, "body")) {
      TRY(parse_graph(&r, true));
    } else if (parse_word(&r, "state")) {
      TRY(parse_state(&r));
    } else if (parse_word(&r, "limit")) {
      TRY(parse_limit(&r));
    } else {
      return parse_expected(&r, r.at, "graph, body, state or limit");
    }
  }
  for (size_t i = 0; i < r.module->graph_count; i++) {
    const ir_graph *g = r.module->graphs[i];
    if (g->output_count == 0 && g->is_body)
      return parse_expected(&r, r.at, arena_format(a, "the text of body %s", g->name));
  }
  *module = r.module;
  return OK;
}
