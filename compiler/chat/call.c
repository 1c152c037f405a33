/* call.c: calls of filters, tests, methods, global functions and macros: arguments in the order of the
 * parameters. */
#include "chat/template.h"

#include <string.h>

typedef struct {
  const char *kind, *name, *parameters;
} function_row;

static const function_row functions[] = {
#define X(NAME, name, parameters) {"filter", name, parameters},
    CHAT_FILTERS(X)
#undef X
#define X(NAME, name, parameters) {"test", name, parameters},
        CHAT_TESTS(X)
#undef X
#define X(NAME, name, parameters) {"method", name, parameters},
            CHAT_METHODS(X)
#undef X
#define X(NAME, name, parameters) {"function", name, parameters},
                CHAT_GLOBALS(X)
#undef X
};

/* CHAT_FUNCTION_COUNT: there is none. */
static int function_named(const char *kind, const char *name, size_t bytes) {
  for (int i = 0; i < CHAT_FUNCTION_COUNT; i++)
    if (strcmp(functions[i].kind, kind) == 0 && strlen(functions[i].name) == bytes &&
        memcmp(functions[i].name, name, bytes) == 0)
      return i;
  return CHAT_FUNCTION_COUNT;
}

/* ---- parameters ----------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  size_t bytes;
  bool may_miss;
  char names; /* '@' or '!': it names a filter or a test; else 0 */
} parameter;

static int read_parameters(const char *words, parameter list[static CHAT_MOST_PARAMETERS]) {
  int count = 0;
  while (*words) {
    parameter *p = &list[count++];
    *p = (parameter){.may_miss = *words == '?'};
    words += p->may_miss;
    if (*words == '@' || *words == '!') p->names = *words;
    p->name = words;
    p->bytes = strcspn(words, " ");
    words += p->bytes;
    words += *words == ' ';
  }
  return count;
}

static int parameters_of_macro(const macro_entry *m, parameter list[static CHAT_MOST_PARAMETERS]) {
  for (uint32_t i = 0; i < m->macro.parameter_count; i++)
    list[i] = (parameter){.name = m->parameters[i], .bytes = strlen(m->parameters[i]), .may_miss = true};
  return (int)m->macro.parameter_count;
}

/* ---- arguments ---------------------------------------------------------------------------------- */

/* "name =" before an argument, or NULL. */
static const char *keyword(template *t) {
  if (t->at->kind != LEX_NAME || t->at[1].kind != LEX_OPERATOR || strcmp(t->at[1].text, "=") != 0)
    return NULL;
  const char *name = t->at->text;
  t->at += 2;
  return name;
}

/* A filter's or a test's name as an argument: map('trim'). */
static status emit_function_name(template *t, char names) {
  const char *kind = names == '@' ? "filter" : "test";
  if (t->at->kind != LEX_STRING) return chat_fail(t, "the name of a %s has to be written out here", kind);
  int which = function_named(kind, t->at->text, t->at->bytes);
  if (which == CHAT_FUNCTION_COUNT) return chat_fail(t, "the %s '%s' is not compiled", kind, t->at->text);
  t->at++;
  chat_emit(t, CHAT_OP_INTEGER, which);
  return OK;
}

/*
 * Arguments come in any order but values are wanted in the parameters'. Each is compiled to a place of its
 * own, and all are put together afterwards.
 */
typedef struct {
  const parameter *parameters;
  int count;
  size_t from[CHAT_MOST_PARAMETERS], to[CHAT_MOST_PARAMETERS]; /* code of each; equal: not given */
} arguments;

static status find_parameter(template *t, const arguments *a, const char *what, const char *word, int next,
                             int *which) {
  if (!word) {
    *which = next;
    if (next < a->count) return OK;
    return chat_fail(t, "%s takes fewer arguments", what);
  }
  for (int i = 0; i < a->count; i++) {
    if (strlen(word) != a->parameters[i].bytes ||
        memcmp(word, a->parameters[i].name, a->parameters[i].bytes) != 0)
      continue;
    *which = i;
    return a->from[i] == a->to[i] ? OK : chat_fail(t, "%s is given '%s' twice", what, word);
  }
  return chat_fail(t, "%s has no argument '%s'", what, word);
}

static status read_arguments(template *t, const char *what, int first, arguments *a) {
  int next = first;
  if (!chat_take(t, "(")) return OK;
  while (!chat_take(t, ")")) {
    int which = 0;
    const char *word = keyword(t);
    TRY(find_parameter(t, a, what, word, next, &which));
    if (!word) next++;
    a->from[which] = t->code_count;
    TRY(a->parameters[which].names ? emit_function_name(t, a->parameters[which].names) : chat_expression(t));
    a->to[which] = t->code_count;
    if (!chat_is(t, ")")) TRY(chat_expect(t, ","));
  }
  return OK;
}

/* Puts the arguments from code[begin] on in order, and CHAT_MISSING for those that are not given. */
static status order_arguments(template *t, const char *what, size_t begin, int first, const arguments *a) {
  size_t count = t->code_count - begin;
  const uint32_t *copy = arena_copy(t->arena, t->code + begin, (count + 1) * sizeof *copy);
  t->code_count = begin;
  for (int i = first; i < a->count; i++) {
    if (a->from[i] == a->to[i]) {
      if (!a->parameters[i].may_miss)
        return chat_fail(t, "%s needs '%.*s'", what, (int)a->parameters[i].bytes, a->parameters[i].name);
      chat_emit(t, CHAT_OP_CONSTANT, CHAT_MISSING);
    }
    for (size_t at = a->from[i]; at < a->to[i]; at++)
      ARENA_PUSH(t->arena, t->code, t->code_count, t->code_capacity) = copy[at - begin];
  }
  return OK;
}

static status emit_arguments(template *t, const char *what, int first, const parameter *parameters,
                             int count) {
  arguments a = {.parameters = parameters, .count = count};
  size_t begin = t->code_count;
  ARENA_PUSH(t->arena, t->code, t->code_count, t->code_capacity) = 0; /* so that there is something to copy */
  t->code_count--;
  TRY(read_arguments(t, what, first, &a));
  return order_arguments(t, what, begin, first, &a);
}

/* namespace(a=1, b=2): a map of what is given. */
static status emit_map_argument(template *t, const char *what) {
  int64_t count = 0;
  TRY(chat_expect(t, "("));
  while (!chat_take(t, ")")) {
    const char *word = keyword(t);
    if (!word) return chat_fail(t, "%s is compiled with name=value only", what);
    chat_emit_named(t, CHAT_OP_STRING, word);
    TRY(chat_expression(t));
    count += 2;
    if (!chat_is(t, ")")) TRY(chat_expect(t, ","));
  }
  chat_emit(t, CHAT_OP_MAP, count);
  return OK;
}

status chat_call(template *t, const char *kind, const char *name, bool has_subject) {
  parameter list[CHAT_MOST_PARAMETERS];
  int which = function_named(kind, name, strlen(name));
  if (which == CHAT_FUNCTION_COUNT) return chat_fail(t, "the %s '%s' is not compiled", kind, name);
  int count = read_parameters(functions[which].parameters, list);
  if (which == CHAT_FN_G_NAMESPACE || which == CHAT_FN_G_DICT)
    TRY(emit_map_argument(t, name));
  else
    TRY(emit_arguments(t, name, has_subject, list, count));
  chat_emit(t, CHAT_OP_CALL, which);
  return OK;
}

const macro_entry *chat_macro_named(const template *t, const char *name, size_t *number) {
  for (size_t i = 0; i < t->macro_count; i++) {
    if (strcmp(t->macros[i].name, name) != 0) continue;
    *number = i;
    return &t->macros[i];
  }
  return NULL;
}

status chat_macro_call(template *t, size_t macro) {
  parameter list[CHAT_MOST_PARAMETERS];
  int count = parameters_of_macro(&t->macros[macro], list);
  TRY(emit_arguments(t, t->macros[macro].name, 0, list, count));
  chat_emit(t, CHAT_OP_MACRO, (int64_t)macro);
  return OK;
}

/* ---- behind an expression ---------------------------------------------------------------------------- */

/* Whether a test's argument follows without parentheses: "is divisibleby 3". */
static bool starts_argument(const template *t) {
  static const char *const followers[] = {"else", "or", "and", "is", "in", "not", "if"};
  if (t->at->kind == LEX_STRING || t->at->kind == LEX_INTEGER || t->at->kind == LEX_FLOAT) return true;
  if (chat_is(t, "[") || chat_is(t, "{")) return true;
  if (t->at->kind != LEX_NAME) return false;
  for (size_t i = 0; i < sizeof followers / sizeof *followers; i++)
    if (chat_is(t, followers[i])) return false;
  return true;
}

static status emit_test(template *t) {
  const char *name;
  bool is_negated = chat_take(t, "not");
  if (t->at->kind == LEX_OPERATOR && (chat_is(t, "==") || chat_is(t, "!=")))
    name = t->at++->text;
  else
    TRY(chat_take_name(t, &name));
  if (!chat_is(t, "(") && starts_argument(t)) {
    int which = function_named("test", name, strlen(name));
    if (which == CHAT_FUNCTION_COUNT) return chat_fail(t, "the test '%s' is not compiled", name);
    TRY(chat_primary(t));
    chat_emit(t, CHAT_OP_CALL, which);
  } else {
    TRY(chat_call(t, "test", name, true));
  }
  if (is_negated) chat_emit(t, CHAT_OP_NOT, 0);
  return OK;
}

status chat_filters(template *t) {
  const char *name;
  for (;;) {
    if (chat_take(t, "|")) {
      TRY(chat_take_name(t, &name));
      TRY(chat_call(t, "filter", name, true));
    } else if (t->at->kind == LEX_NAME && chat_take(t, "is")) {
      TRY(emit_test(t));
    } else {
      return OK;
    }
  }
}
