/* parse_attribute.c: the small parts of the text form: marks, names, numbers, types, attributes. */
#include "ir/lexical.h"
#include "ir/parse.h"

#include <stdlib.h>
#include <string.h>

/* ---- failures ---- */

status parse_located(reader *r, size_t at, status s) {
  int line = 1, column = 1;
  for (size_t i = 0; i < at && i < r->bytes; i++) {
    column = r->source[i] == '\n' ? 1 : column + 1;
    line += r->source[i] == '\n';
  }
  char *place = arena_format(r->arena, "%s:%d:%d", r->file, line, column);
  return fail_file(r->arena, s, place);
}

status parse_expected(reader *r, size_t at, const char *expected) {
  status s = parse_located(r, at, fail(r->arena, STATUS_INPUT, "the graph text is malformed"));
  s = fail_expected(r->arena, s, "%s", expected);
  if (at >= r->bytes) return fail_found(r->arena, s, "the end of the file");
  size_t length = lexical_identifier(r->source + at, r->bytes - at);
  if (length > 40) length = 40;
  unsigned char first = (unsigned char)r->source[at];
  if (!length && (first < 0x20 || first >= 0x7f)) return fail_found(r->arena, s, "byte 0x%02x", first);
  return fail_found(r->arena, s, "%.*s", length ? (int)length : 1, r->source + at);
}

/* ---- marks and names ---- */

void parse_space(reader *r) {
  while (r->at < r->bytes) {
    char c = r->source[r->at];
    if (c == '#') {
      while (r->at < r->bytes && r->source[r->at] != '\n') r->at++;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      r->at++;
    } else {
      return;
    }
  }
}

bool parse_accept(reader *r, const char *mark) {
  parse_space(r);
  size_t length = strlen(mark);
  if (r->bytes - r->at < length || memcmp(r->source + r->at, mark, length) != 0) return false;
  r->at += length;
  return true;
}

status parse_mark(reader *r, const char *mark) {
  return parse_accept(r, mark) ? OK : parse_expected(r, r->at, arena_format(r->arena, "'%s'", mark));
}

bool parse_word(reader *r, const char *word) {
  parse_space(r);
  size_t length = lexical_identifier(r->source + r->at, r->bytes - r->at);
  if (length != strlen(word) || memcmp(r->source + r->at, word, length) != 0) return false;
  r->at += length;
  return true;
}

status parse_name(reader *r, const char *what, const char **name, bool *is_quoted) {
  parse_space(r);
  const char *start = r->source + r->at;
  size_t left = r->bytes - r->at, length = lexical_identifier(start, left);
  if (is_quoted) *is_quoted = !length;
  if (length) {
    char *copy = arena_alloc(r->arena, length + 1);
    memcpy(copy, start, length);
    *name = copy;
  } else if (left && *start == '"') {
    char *unquoted;
    length = lexical_quoted(r->arena, start, left, &unquoted);
    if (!length) return parse_expected(r, r->at, "a quoted name with its end and known escapes");
    *name = unquoted;
  } else {
    return parse_expected(r, r->at, what);
  }
  r->at += length;
  return OK;
}

/* ---- numbers ---- */

size_t parse_number_length(const reader *r) {
  size_t end = r->at;
  while (end < r->bytes) {
    char c = r->source[end];
    bool belongs = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.';
    if (!belongs) break;
    end++;
  }
  return end - r->at;
}

status parse_real(reader *r, double *value) {
  parse_space(r);
  char digits[64] = {0}, *end;
  size_t length = parse_number_length(r);
  if (!length || length >= sizeof digits) return parse_expected(r, r->at, "a number");
  memcpy(digits, r->source + r->at, length);
  *value = strtod(digits, &end);
  if (*end) return parse_expected(r, r->at, "a number");
  r->at += length;
  return OK;
}

status parse_integer(reader *r, int64_t *value) {
  parse_space(r);
  size_t start = r->at;
  bool negative = r->at < r->bytes && r->source[r->at] == '-', overflow = false;
  r->at += negative;
  size_t first = r->at;
  *value = 0;
  while (r->at < r->bytes && r->source[r->at] >= '0' && r->source[r->at] <= '9') {
    int digit = r->source[r->at++] - '0';
    overflow |= __builtin_mul_overflow(*value, 10, value);
    overflow |= __builtin_add_overflow(*value, negative ? -digit : digit, value);
  }
  if (r->at == first) return parse_expected(r, start, "an integer");
  return overflow ? parse_expected(r, start, "an integer of 64 bits") : OK;
}

status parse_small(reader *r, const char *what, int limit, int *value) {
  parse_space(r);
  size_t start = r->at;
  int64_t wide;
  TRY(parse_integer(r, &wide));
  if (wide < 0 || wide >= limit) {
    return parse_expected(r, start, arena_format(r->arena, "%s from 0 to %d", what, limit - 1));
  }
  *value = (int)wide;
  return OK;
}

/* ---- dims and types ---- */

status parse_dim(reader *r, ir_dim *d) {
  parse_space(r);
  size_t consumed;
  *d = ir_dim_parse(r->module, r->source + r->at, r->bytes - r->at, &consumed);
  r->at += consumed;
  return *d ? OK : parse_expected(r, r->at, "a size");
}

/* "[a, b]" of at most `limit` elements. */
static status parse_dims(reader *r, int limit, ir_dim *dims, int *count) {
  *count = 0;
  TRY(parse_mark(r, "["));
  if (parse_accept(r, "]")) return OK;
  do {
    if (*count == limit) return parse_expected(r, r->at, arena_format(r->arena, "at most %d sizes", limit));
    TRY(parse_dim(r, &dims[(*count)++]));
  } while (parse_accept(r, ","));
  return parse_mark(r, "]");
}

static status parse_dtype(reader *r, ir_dtype *dtype) {
  parse_space(r);
  size_t length = lexical_identifier(r->source + r->at, r->bytes - r->at);
  if (!ir_dtype_named(r->source + r->at, length, dtype))
    return parse_expected(r, r->at, "an element type (f32, i64 ...)");
  r->at += length;
  return OK;
}

status parse_type(reader *r, ir_type *type) {
  *type = (ir_type){0};
  TRY(parse_dtype(r, &type->dtype));
  size_t start = r->at;
  TRY(parse_dims(r, IR_MAX_RANK, type->dims, &type->rank));
  for (int i = 0; i < type->rank; i++) {
    int64_t lowest, highest;
    ir_dim_bounds(r->module, type->dims[i], &lowest, &highest);
    if (highest < 0) return parse_expected(r, start, "sizes that are not negative");
  }
  return OK;
}

/* ---- attributes ---- */

static status parse_integers(reader *r, const char *what, int64_t *values, int *count) {
  *count = 0;
  TRY(parse_mark(r, "["));
  if (parse_accept(r, "]")) return OK;
  do {
    if (*count == IR_MAX_RANK)
      return parse_expected(r, r->at, arena_format(r->arena, "at most %d %s", IR_MAX_RANK, what));
    TRY(parse_integer(r, &values[(*count)++]));
  } while (parse_accept(r, ","));
  return parse_mark(r, "]");
}

static status parse_axes(reader *r, ir_attrs *attrs, attr_form form) {
  int64_t values[IR_MAX_RANK];
  int count;
  size_t start = r->at;
  TRY(parse_integers(r, "axes", values, &count));
  for (int i = 0; i < count; i++) {
    if (values[i] < 0 || values[i] >= IR_MAX_RANK) return parse_expected(r, start, "axes from 0 to 7");
    if (form == ATTR_PERM) {
      attrs->perm[i] = (int)values[i];
    } else {
      attrs->axes |= 1u << values[i];
    }
  }
  return OK;
}

static status parse_dim_list(reader *r, ir_attrs *attrs) {
  ir_dim *list = NULL;
  size_t count = 0, capacity = 0;
  TRY(parse_mark(r, "["));
  if (!parse_accept(r, "]")) {
    do {
      ir_dim d;
      TRY(parse_dim(r, &d));
      ARENA_PUSH(r->arena, list, count, capacity) = d;
    } while (parse_accept(r, ","));
    TRY(parse_mark(r, "]"));
  }
  attrs->dim_list = list;
  attrs->dim_count = (int64_t)count;
  return OK;
}

static status parse_flag(reader *r, bool *flag) {
  *flag = parse_word(r, "true");
  return *flag || parse_word(r, "false") ? OK : parse_expected(r, r->at, "true or false");
}

static status parse_activation(reader *r, ir_op *op) {
  parse_space(r);
  size_t length = lexical_identifier(r->source + r->at, r->bytes - r->at);
  bool known = ir_op_named(r->source + r->at, length, op);
  const ir_op_info *info = known ? ir_op_describe(*op) : NULL;
  if (!known || info->op_class != IR_CLASS_ELEMENTWISE || info->max_operands != 1 || info->attrs) {
    return parse_expected(r, r->at, "an elementwise operator of one operand");
  }
  r->at += length;
  return OK;
}

static status parse_state(reader *r, int *state) {
  const char *name;
  size_t start = r->at;
  TRY(parse_name(r, "the name of a state", &name, NULL));
  uintptr_t index = (uintptr_t)name_map_get(&r->states, name);
  if (!index) return parse_expected(r, start, "the name of a state that is declared above");
  *state = (int)index - 1;
  return OK;
}

enum { MOST_PARTS = 4096 };

/* A body may be given later: an unknown name makes it, and its text must follow. */
static status parse_body_name(reader *r, ir_graph **body) {
  const char *name;
  size_t start = r->at;
  TRY(parse_name(r, "the name of a body", &name, NULL));
  *body = ir_module_find(r->module, name);
  if (*body) return parse_expected(r, start, "a body that is given later and used once");
  *body = ir_graph_new(r->module, name);
  (*body)->is_body = true;
  return OK;
}

static status parse_value(reader *r, const attr_row *row, ir_attrs *attrs) {
  void *member = (char *)attrs + row->offset;
  int count;
  parse_space(r);
  switch (row->form) {
  case ATTR_CONSTANT:
    return parse_expected(r, r->at, "a constant before the braces");
  case ATTR_DTYPE:
    return parse_dtype(r, member);
  case ATTR_INTEGER:
    return parse_small(r, row->name, IR_MAX_RANK, member);
  case ATTR_AXIS_SET:
  case ATTR_PERM:
    return parse_axes(r, attrs, row->form);
  case ATTR_SHAPE:
    return parse_dims(r, IR_MAX_RANK, attrs->shape, &attrs->rank);
  case ATTR_DIMS:
    return parse_dims(r, IR_MAX_RANK, attrs->start, &count);
  case ATTR_STEPS:
    return parse_integers(r, "steps", attrs->step, &count);
  case ATTR_DIM_LIST:
    return parse_dim_list(r, attrs);
  case ATTR_REAL:
    return parse_real(r, member);
  case ATTR_FLAG:
    return parse_flag(r, member);
  case ATTR_OP:
    return parse_activation(r, member);
  case ATTR_STATE:
    return parse_state(r, member);
  case ATTR_GRAPH:
    return parse_body_name(r, member);
  case ATTR_COUNT_OF:
    return parse_small(r, row->name, MOST_PARTS, member);
  }
  return OK;
}

static status parse_attribute(reader *r, ir_op op, parsed_attrs *parsed) {
  const char *name;
  parse_space(r);
  size_t start = r->at;
  TRY(parse_name(r, "an attribute", &name, NULL));
  for (int i = 0; i < ATTR_COUNT; i++) {
    if (!(ir_op_describe(op)->attrs >> i & 1) || strcmp(attr_rows[i].name, name) != 0) continue;
    parsed->given |= 1u << i;
    TRY(parse_mark(r, "="));
    return parse_value(r, &attr_rows[i], &parsed->attrs);
  }
  return parse_expected(r, start, arena_format(r->arena, "an attribute of %s", ir_op_describe(op)->name));
}

status parse_attributes(reader *r, ir_op op, parsed_attrs *parsed) {
  *parsed = (parsed_attrs){.attrs.activation = IR_IDENTITY};
  for (int i = 0; i < IR_MAX_RANK; i++) {
    parsed->attrs.start[i] = ir_dim_const(r->module, 0);
    parsed->attrs.step[i] = 1;
  }
  if (!parse_accept(r, "{") || parse_accept(r, "}")) return OK;
  do {
    TRY(parse_attribute(r, op, parsed));
  } while (parse_accept(r, ","));
  return parse_mark(r, "}");
}
