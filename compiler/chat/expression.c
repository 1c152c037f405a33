/* expression.c: expressions, by recursive descent, level by level as Jinja binds them. */
#include "chat/template.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 200 };

bool chat_is(const template *t, const char *text) {
  return (t->at->kind == LEX_NAME || t->at->kind == LEX_OPERATOR) && strcmp(t->at->text, text) == 0;
}

bool chat_take(template *t, const char *text) {
  if (!chat_is(t, text)) return false;
  t->at++;
  return true;
}

status chat_fail(template *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *cause = arena_vformat(t->arena, format, args);
  va_end(args);
  return fail_node(t->arena, fail(t->arena, STATUS_INPUT, "%s", cause), "line %d", t->at->line);
}

static const char *shown(const lexeme *l) {
  static const char *const kinds[] = {[LEX_END] = "the end",  [LEX_DATA] = "text",     [LEX_PRINT] = "{{",
                                      [LEX_PRINT_END] = "}}", [LEX_BLOCK] = "{%",      [LEX_BLOCK_END] = "%}",
                                      [LEX_NAME] = NULL,      [LEX_STRING] = "a text", [LEX_INTEGER] = NULL,
                                      [LEX_FLOAT] = NULL,     [LEX_OPERATOR] = NULL};
  return kinds[l->kind] ? kinds[l->kind] : l->text;
}

static status unexpected(template *t, const char *expected) {
  status s = fail_expected(t->arena, chat_fail(t, "the template does not read on"), "%s", expected);
  return fail_found(t->arena, s, "%s", shown(t->at));
}

status chat_expect(template *t, const char *text) {
  return chat_take(t, text) ? OK : unexpected(t, text);
}

status chat_take_name(template *t, const char **name) {
  if (t->at->kind != LEX_NAME) return unexpected(t, "a name");
  *name = t->at++->text;
  return OK;
}

status chat_deeper(template *t) {
  return ++t->depth > MOST_DEPTH ? chat_fail(t, "the template is nested too deep") : OK;
}

/* ---- atoms ------------------------------------------------------------------------------------ */

/* "a, b)" or "a, b]" as a list. */
static status list_items(template *t, const char *end, int64_t count) {
  while (!chat_take(t, end)) {
    TRY(chat_expression(t));
    count++;
    if (!chat_is(t, end)) TRY(chat_expect(t, ","));
  }
  chat_emit(t, CHAT_OP_LIST, count);
  return OK;
}

static status map_items(template *t) {
  int64_t count = 0;
  while (!chat_take(t, "}")) {
    TRY(chat_expression(t));
    TRY(chat_expect(t, ":"));
    TRY(chat_expression(t));
    count += 2;
    if (!chat_is(t, "}")) TRY(chat_expect(t, ","));
  }
  chat_emit(t, CHAT_OP_MAP, count);
  return OK;
}

/* Behind "(": one expression, or a tuple. */
static status parenthesised(template *t) {
  if (chat_take(t, ")")) {
    chat_emit(t, CHAT_OP_LIST, 0);
    return OK;
  }
  TRY(chat_expression(t));
  if (chat_take(t, ")")) return OK;
  TRY(chat_expect(t, ","));
  return list_items(t, ")", 1);
}

static status string_literal(template *t) {
  text whole = {0};
  for (; t->at->kind == LEX_STRING; t->at++) text_append(&whole, t->at->text, t->at->bytes);
  chat_emit(t, CHAT_OP_STRING, chat_text_number(t, whole.bytes, whole.count));
  text_free(&whole);
  return OK;
}

static status number_literal(template *t) {
  const lexeme *l = t->at++;
  if (l->kind == LEX_FLOAT) {
    double value = strtod(l->text, NULL);
    chat_emit(t, CHAT_OP_FLOAT, chat_text_number(t, (const char *)&value, sizeof value));
    return OK;
  }
  long long value = strtoll(l->text, NULL, 10);
  if (value > CHAT_MOST_OPERAND) return chat_fail(t, "the number %s is too large", l->text);
  chat_emit(t, CHAT_OP_INTEGER, value);
  return OK;
}

static const struct {
  const char *name;
  chat_constant constant;
} constants[] = {{"true", CHAT_TRUE},   {"True", CHAT_TRUE}, {"false", CHAT_FALSE},
                 {"False", CHAT_FALSE}, {"none", CHAT_NONE}, {"None", CHAT_NONE}};

/* A constant, a variable, or the call of a macro or a global function. */
static status named(template *t) {
  const char *name;
  size_t macro;
  TRY(chat_take_name(t, &name));
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
    if (strcmp(name, constants[i].name) != 0) continue;
    chat_emit(t, CHAT_OP_CONSTANT, constants[i].constant);
    return OK;
  }
  if (chat_is(t, "(")) {
    if (chat_macro_named(t, name, &macro)) return chat_macro_call(t, macro);
    return chat_call(t, "function", name, false);
  }
  if (t->loop && strcmp(name, "loop") == 0)
    chat_emit(t, CHAT_OP_LOOP, 0);
  else
    chat_emit_named(t, CHAT_OP_LOAD, name);
  return OK;
}

static status atom(template *t) {
  if (t->at->kind == LEX_STRING) return string_literal(t);
  if (t->at->kind == LEX_INTEGER || t->at->kind == LEX_FLOAT) return number_literal(t);
  if (chat_take(t, "(")) return parenthesised(t);
  if (chat_take(t, "[")) return list_items(t, "]", 0);
  if (chat_take(t, "{")) return map_items(t);
  if (t->at->kind == LEX_NAME) return named(t);
  return unexpected(t, "an expression");
}

/* One part of a slice, or undefined. */
static status slice_part(template *t) {
  if (!chat_is(t, ":") && !chat_is(t, "]")) return chat_expression(t);
  chat_emit(t, CHAT_OP_CONSTANT, CHAT_UNDEFINED);
  return OK;
}

/* Behind "[": a key, or a slice. */
static status subscript(template *t) {
  TRY(slice_part(t));
  if (chat_take(t, "]")) {
    chat_emit(t, CHAT_OP_INDEX, 0);
    return OK;
  }
  TRY(chat_expect(t, ":"));
  TRY(slice_part(t));
  if (chat_take(t, ":"))
    TRY(slice_part(t));
  else
    chat_emit(t, CHAT_OP_CONSTANT, CHAT_UNDEFINED);
  chat_emit(t, CHAT_OP_SLICE, 0);
  return chat_expect(t, "]");
}

status chat_primary(template *t) {
  TRY(chat_deeper(t));
  TRY(atom(t));
  for (;;) {
    const char *name = "";
    if (chat_take(t, "[")) {
      TRY(subscript(t));
    } else if (chat_take(t, ".")) {
      TRY(chat_take_name(t, &name));
      if (chat_is(t, "("))
        TRY(chat_call(t, "method", name, true));
      else
        chat_emit_named(t, CHAT_OP_ATTRIBUTE, name);
    } else if (chat_is(t, "(")) {
      return chat_fail(t, "only macros, methods and known functions can be called");
    } else {
      t->depth--;
      return OK;
    }
  }
}

/* ---- operators -------------------------------------------------------------------------------------- */

static status unary(template *t, bool with_filters) {
  TRY(chat_deeper(t));
  if (chat_take(t, "-")) {
    TRY(unary(t, false));
    chat_emit(t, CHAT_OP_NEGATE, 0);
  } else if (chat_take(t, "+")) {
    TRY(unary(t, false));
  } else {
    TRY(chat_primary(t));
  }
  t->depth--;
  return with_filters ? chat_filters(t) : OK;
}

typedef status level(template *t);

typedef struct {
  const char *text;
  chat_operator which;
} operator_row;

/* Left to right: what binds tighter, with the operators of `rows` between. */
static status binary(template *t, level *tighter, const operator_row *rows, size_t count) {
  TRY(tighter(t));
  for (size_t i = 0; i < count; i++) {
    if (t->at->kind != LEX_OPERATOR || !chat_take(t, rows[i].text)) continue;
    TRY(tighter(t));
    chat_emit(t, CHAT_OP_BINARY, rows[i].which);
    i = (size_t)-1; /* the next one, from the first row on */
  }
  return OK;
}
#define ROWS(table) table, sizeof table / sizeof *table

static status operand(template *t) {
  return unary(t, true);
}

static status power(template *t) {
  static const operator_row rows[] = {{"**", CHAT_POWER}};
  return binary(t, operand, ROWS(rows));
}

static status product(template *t) {
  static const operator_row rows[] = {
      {"*", CHAT_MULTIPLY}, {"/", CHAT_DIVIDE}, {"//", CHAT_FLOOR_DIVIDE}, {"%", CHAT_MODULO}};
  return binary(t, power, ROWS(rows));
}

static status concatenation(template *t) {
  TRY(product(t));
  while (chat_take(t, "~")) {
    TRY(product(t));
    chat_emit(t, CHAT_OP_CONCAT, 0);
  }
  return OK;
}

static status sum(template *t) {
  static const operator_row rows[] = {{"+", CHAT_ADD}, {"-", CHAT_SUBTRACT}};
  return binary(t, concatenation, ROWS(rows));
}

static bool take_comparison(template *t, chat_operator *which) {
  static const operator_row rows[] = {
      {"==", CHAT_EQUAL}, {"!=", CHAT_UNEQUAL}, {"<=", CHAT_LESS_EQUAL}, {">=", CHAT_GREATER_EQUAL},
      {"<", CHAT_LESS},   {">", CHAT_GREATER},  {"in", CHAT_IN}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!chat_take(t, rows[i].text)) continue;
    *which = rows[i].which;
    return true;
  }
  if (!chat_is(t, "not") || t->at[1].kind != LEX_NAME || strcmp(t->at[1].text, "in") != 0) return false;
  t->at += 2;
  *which = CHAT_NOT_IN;
  return true;
}

static status comparison(template *t) {
  chat_operator which;
  TRY(sum(t));
  for (int count = 0; take_comparison(t, &which); count++) {
    if (count) return chat_fail(t, "a chain of comparisons is not compiled");
    TRY(sum(t));
    chat_emit(t, CHAT_OP_BINARY, which);
  }
  return OK;
}

static status negation(template *t) {
  if (!chat_take(t, "not")) return comparison(t);
  TRY(chat_deeper(t));
  TRY(negation(t));
  t->depth--;
  chat_emit(t, CHAT_OP_NOT, 0);
  return OK;
}

static status conjunction(template *t) {
  TRY(negation(t));
  while (chat_take(t, "and")) {
    size_t jump = chat_emit_jump(t, CHAT_OP_AND);
    TRY(negation(t));
    chat_land(t, jump);
  }
  return OK;
}

status chat_condition(template *t) {
  TRY(chat_deeper(t));
  TRY(conjunction(t));
  while (chat_take(t, "or")) {
    size_t jump = chat_emit_jump(t, CHAT_OP_OR);
    TRY(conjunction(t));
    chat_land(t, jump);
  }
  t->depth--;
  return OK;
}

/* "a if b else c": a was compiled before b was seen, and goes behind it. */
status chat_expression(template *t) {
  size_t begin = t->code_count;
  TRY(chat_deeper(t));
  TRY(chat_condition(t));
  while (chat_take(t, "if")) {
    size_t middle = t->code_count;
    TRY(chat_condition(t));
    chat_emit_jump(t, CHAT_OP_JUMP_IF_FALSE);
    size_t condition_words = t->code_count - middle;
    chat_swap(t, begin, middle);
    size_t skip = begin + condition_words - 1; /* where that jump is now */
    size_t end = chat_emit_jump(t, CHAT_OP_JUMP);
    chat_land(t, skip);
    if (chat_take(t, "else"))
      TRY(chat_expression(t));
    else
      chat_emit(t, CHAT_OP_CONSTANT, CHAT_UNDEFINED);
    chat_land(t, end);
  }
  t->depth--;
  return OK;
}
