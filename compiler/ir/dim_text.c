/*
 * dim_text.c: dim expressions as text.
 *
 *   sum     = ["-"] product { ("+" | "-") product }
 *   product = factor { ("*" | "/" | "//" | "%") factor }
 *   factor  = integer | symbol | `symbol` | "(" sum ")" | function "(" sum [ "," sum ] ")"
 */
#include "ir/dim_table.h"
#include "ir/lexical.h"

#include <string.h>

typedef ir_dim binary_dim(ir_module *m, ir_dim a, ir_dim b);

/* The first name of each operation is the one that is printed; the others are sympy's and torch's. */
static const struct {
  const char *name;
  ir_dim_op op;
  binary_dim *make;
} functions[] = {
    {"div", IR_DIM_DIV, ir_dim_div},      {"mod", IR_DIM_MOD, ir_dim_mod},
    {"min", IR_DIM_MIN, ir_dim_min},      {"max", IR_DIM_MAX, ir_dim_max},
    {"Min", IR_DIM_MIN, ir_dim_min},      {"Max", IR_DIM_MAX, ir_dim_max},
    {"FloorDiv", IR_DIM_DIV, ir_dim_div}, {"floordiv", IR_DIM_DIV, ir_dim_div},
    {"Mod", IR_DIM_MOD, ir_dim_mod},
};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

/* ---- printing ---- */

static void print_atom(text *t, const dim_atom *atom) {
  if (atom->op == IR_DIM_SYMBOL) {
    lexical_print_name(t, atom->name, '`');
    return;
  }
  int row = 0;
  while (functions[row].op != atom->op) row++;
  text_print(t, "%s(", functions[row].name);
  ir_dim_print(t, atom->left);
  text_print(t, ", ");
  ir_dim_print(t, atom->right);
  text_print(t, ")");
}

void ir_dim_print(text *t, ir_dim d) {
  if (d->term_count == 0) text_print(t, "0");
  for (int i = 0; i < d->term_count; i++) {
    const dim_term *term = &d->terms[i];
    uint64_t size = term->coefficient < 0 ? 0 - (uint64_t)term->coefficient : (uint64_t)term->coefficient;
    const char *negative = i ? " - " : "-", *positive = i ? " + " : "";
    text_print(t, "%s", term->coefficient < 0 ? negative : positive);
    if (size != 1 || term->degree == 0)
      text_print(t, "%llu%s", (unsigned long long)size, term->degree ? "*" : "");
    for (int k = 0; k < term->degree; k++) {
      if (k) text_print(t, "*");
      print_atom(t, term->atoms[k]);
    }
  }
}

/* ---- parsing ---- */

typedef struct {
  ir_module *module;
  const char *source;
  size_t bytes, at;
  int depth;
} dim_reader;

enum { MAX_NESTING = 2 * DIM_MAX_DEPTH };

static void skip_space(dim_reader *r) {
  while (r->at < r->bytes && (r->source[r->at] == ' ' || r->source[r->at] == '\t')) r->at++;
}

/* Consumes `mark` behind optional space; without it the place does not move. */
static bool accept(dim_reader *r, const char *mark) {
  size_t before = r->at, length = strlen(mark);
  skip_space(r);
  if (r->bytes - r->at >= length && memcmp(r->source + r->at, mark, length) == 0) {
    r->at += length;
    return true;
  }
  r->at = before;
  return false;
}

static ir_dim read_sum(dim_reader *r);

static ir_dim read_integer(dim_reader *r) {
  int64_t value = 0;
  while (r->at < r->bytes && r->source[r->at] >= '0' && r->source[r->at] <= '9') {
    value = dim_add_saturating(dim_mul_saturating(value, 10), r->source[r->at++] - '0');
  }
  return ir_dim_const(r->module, value);
}

/* The opening parenthesis has been read. */
static ir_dim read_call(dim_reader *r, binary_dim *make) {
  ir_dim a = read_sum(r);
  if (!a || !accept(r, ",")) return NULL;
  ir_dim b = read_sum(r);
  return b && accept(r, ")") ? make(r->module, a, b) : NULL;
}

static ir_dim read_name(dim_reader *r) {
  const char *name = r->source + r->at;
  size_t length = lexical_identifier(name, r->bytes - r->at);
  r->at += length;
  for (int i = 0; i < FUNCTION_COUNT; i++) {
    bool same = strlen(functions[i].name) == length && memcmp(functions[i].name, name, length) == 0;
    if (same && accept(r, "(")) return read_call(r, functions[i].make);
  }
  /* Integers only: "floor(a / 2)" is a / 2. */
  if (length == 5 && memcmp(name, "floor", 5) == 0 && accept(r, "(")) {
    ir_dim d = read_sum(r);
    return d && accept(r, ")") ? d : NULL;
  }
  char *copy = arena_alloc(r->module->arena, length + 1);
  memcpy(copy, name, length);
  return ir_dim_symbol(r->module, copy);
}

static ir_dim read_factor(dim_reader *r) {
  skip_space(r);
  if (r->at == r->bytes) return NULL;
  const char *start = r->source + r->at;
  if (*start >= '0' && *start <= '9') return read_integer(r);
  if (accept(r, "(")) {
    ir_dim d = read_sum(r);
    return d && accept(r, ")") ? d : NULL;
  }
  if (*start == '`') {
    char *name;
    size_t length = lexical_quoted(r->module->arena, start, r->bytes - r->at, &name);
    r->at += length;
    return length && *name ? ir_dim_symbol(r->module, name) : NULL;
  }
  return lexical_identifier(start, r->bytes - r->at) ? read_name(r) : NULL;
}

static ir_dim read_product(dim_reader *r) {
  static const struct {
    const char *mark;
    binary_dim *make;
  } operators[] = {{"*", ir_dim_mul}, {"//", ir_dim_div}, {"/", ir_dim_div}, {"%", ir_dim_mod}};
  ir_dim product = read_factor(r);
  for (size_t i = 0; product && i < sizeof operators / sizeof operators[0];) {
    if (!accept(r, operators[i].mark)) {
      i++;
      continue;
    }
    ir_dim factor = read_factor(r);
    product = factor ? operators[i].make(r->module, product, factor) : NULL;
    i = 0;
  }
  return product;
}

static ir_dim read_sum(dim_reader *r) {
  if (r->depth == MAX_NESTING) return NULL;
  r->depth++;
  bool negative = accept(r, "-");
  ir_dim sum = read_product(r);
  if (sum && negative) sum = ir_dim_sub(r->module, ir_dim_const(r->module, 0), sum);
  while (sum) {
    bool minus = accept(r, "-");
    if (!minus && !accept(r, "+")) break;
    ir_dim product = read_product(r);
    sum = product ? (minus ? ir_dim_sub : ir_dim_add)(r->module, sum, product) : NULL;
  }
  r->depth--;
  return sum;
}

ir_dim ir_dim_parse(ir_module *m, const char *source, size_t bytes, size_t *consumed) {
  dim_reader r = {.module = m, .source = source, .bytes = bytes};
  ir_dim d = read_sum(&r);
  *consumed = r.at;
  return d;
}
