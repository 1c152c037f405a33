/* statement.c: text, {{ }} and the blocks of a template; and the template as a whole. */
#include "chat/template.h"
#include "chat/chat.h"

#include <string.h>

static status end_block(template *t) {
  if (t->at->kind != LEX_BLOCK_END)
    return chat_fail(t, "a block has more than is compiled: '%s'", t->at->text);
  t->at++;
  return OK;
}

/* "{% name %}", whose beginning chat_statements left for us. */
static status take_end_block(template *t, const char *name) {
  t->at++; /* {% */
  TRY(chat_expect(t, name));
  return end_block(t);
}

/* Whether the next block is called so. */
static bool is_block(const template *t, const char *name) {
  return t->at->kind == LEX_BLOCK && t->at[1].kind == LEX_NAME && strcmp(t->at[1].text, name) == 0;
}

static status body_to(template *t, const char *first, const char *second, const char *third) {
  const char *const ends[] = {first, second, third, NULL};
  return chat_statements(t, ends);
}

/* ---- blocks: each begins behind its name ---------------------------------------------------- */

static status if_block(template *t) {
  size_t *ends = NULL, end_count = 0, capacity = 0;
  bool has_condition = true;
  for (;;) {
    size_t skip = 0;
    if (has_condition) {
      TRY(chat_expression(t));
      skip = chat_emit_jump(t, CHAT_OP_JUMP_IF_FALSE);
    }
    TRY(end_block(t));
    TRY(body_to(t, "elif", "else", "endif"));
    if (has_condition && !is_block(t, "endif")) {
      size_t end = chat_emit_jump(t, CHAT_OP_JUMP);
      ARENA_PUSH(t->arena, ends, end_count, capacity) = end;
    }
    if (has_condition) chat_land(t, skip);
    if (is_block(t, "endif")) break;
    if (!has_condition) return chat_fail(t, "a branch stands behind 'else'");
    has_condition = is_block(t, "elif");
    t->at += 2;
  }
  for (size_t i = 0; i < end_count; i++) chat_land(t, ends[i]);
  return take_end_block(t, "endif");
}

/* What a loop's item or a value is stored in: one name or several. */
static status store_targets(template *t, const char *const *names, size_t count) {
  if (count > 1) chat_emit(t, CHAT_OP_UNPACK, (int64_t)count);
  for (size_t i = 0; i < count; i++) chat_emit_named(t, CHAT_OP_STORE, names[i]);
  return OK;
}

enum { MOST_TARGETS = 8 };

static status take_targets(template *t, const char *names[static MOST_TARGETS], size_t *count) {
  bool in_parentheses = chat_take(t, "(");
  *count = 0;
  do {
    if (*count == MOST_TARGETS) return chat_fail(t, "too many names");
    TRY(chat_take_name(t, &names[(*count)++]));
  } while (chat_take(t, ","));
  return in_parentheses ? chat_expect(t, ")") : OK;
}

/* "if" behind a loop's list: a loop before the loop keeps what it is true of. */
static status filter_items(template *t, const char *const *names, size_t count) {
  loop_frame frame = {.outer = t->loop};
  chat_emit(t, CHAT_OP_FILTER, 0);
  size_t next = chat_emit_jump(t, CHAT_OP_NEXT);
  TRY(store_targets(t, names, count));
  t->loop = &frame;
  TRY(chat_condition(t));
  t->loop = frame.outer;
  chat_emit(t, CHAT_OP_KEEP, 0);
  chat_emit_back(t, CHAT_OP_JUMP, next);
  chat_land(t, next);
  chat_emit(t, CHAT_OP_END_FILTER, 0);
  return OK;
}

static status for_block(template *t) {
  const char *names[MOST_TARGETS];
  size_t count;
  loop_frame frame = {.outer = t->loop};
  TRY(take_targets(t, names, &count));
  TRY(chat_expect(t, "in"));
  TRY(chat_condition(t));
  if (chat_take(t, "if")) TRY(filter_items(t, names, count));
  if (chat_is(t, "recursive")) return chat_fail(t, "a recursive loop is not compiled");
  TRY(end_block(t));
  size_t otherwise = chat_emit_jump(t, CHAT_OP_FOR);
  frame.next = chat_emit_jump(t, CHAT_OP_NEXT);
  TRY(store_targets(t, names, count));
  t->loop = &frame;
  TRY(body_to(t, "else", "endfor", NULL));
  t->loop = frame.outer;
  bool has_else = is_block(t, "else");
  if (has_else) chat_emit(t, CHAT_OP_COMPLETE, 0);
  chat_emit_back(t, CHAT_OP_JUMP, frame.next);
  chat_land(t, frame.next);
  for (size_t i = 0; i < frame.break_count; i++) chat_land(t, frame.breaks[i]);
  size_t end_for = chat_emit_jump(t, CHAT_OP_END_FOR);
  size_t end = chat_emit_jump(t, CHAT_OP_JUMP);
  chat_land(t, otherwise);
  if (has_else) {
    chat_land(t, end_for);
    t->at += 2;
    TRY(end_block(t));
    TRY(body_to(t, "endfor", NULL, NULL));
  }
  chat_land(t, end);
  return take_end_block(t, "endfor");
}

static status break_block(template *t) {
  if (!t->loop) return chat_fail(t, "'break' is outside of a loop");
  size_t jump = chat_emit_jump(t, CHAT_OP_JUMP);
  ARENA_PUSH(t->arena, t->loop->breaks, t->loop->break_count, t->loop->break_capacity) = jump;
  return end_block(t);
}

static status continue_block(template *t) {
  if (!t->loop) return chat_fail(t, "'continue' is outside of a loop");
  chat_emit_back(t, CHAT_OP_JUMP, t->loop->next);
  return end_block(t);
}

/* {% set a = 1 %}, {% set a.b = 1 %}, {% set a, b = x %}, and {% set a %}text{% endset %} */
static status set_block(template *t) {
  const char *names[MOST_TARGETS], *attribute = NULL;
  size_t count;
  TRY(take_targets(t, names, &count));
  if (count == 1 && chat_take(t, ".")) {
    TRY(chat_take_name(t, &attribute));
    chat_emit_named(t, CHAT_OP_LOAD, names[0]);
  }
  if (chat_take(t, "=")) {
    int64_t values = 1;
    TRY(chat_expression(t));
    for (; chat_take(t, ","); values++) TRY(chat_expression(t));
    if (values > 1) chat_emit(t, CHAT_OP_LIST, values);
    TRY(end_block(t));
  } else {
    chat_emit(t, CHAT_OP_CAPTURE, 0);
    if (chat_is(t, "|")) return chat_fail(t, "a filter over a block is not compiled");
    TRY(end_block(t));
    TRY(body_to(t, "endset", NULL, NULL));
    TRY(take_end_block(t, "endset"));
    chat_emit(t, CHAT_OP_END_CAPTURE, 0);
  }
  if (!attribute) return store_targets(t, names, count);
  chat_emit_named(t, CHAT_OP_SET_ATTRIBUTE, attribute);
  return OK;
}

/* "(a, b=1)" of a macro; defaults are code at the start of its body. */
static status macro_parameters(template *t, macro_entry *m) {
  TRY(chat_expect(t, "("));
  while (!chat_take(t, ")")) {
    const char *name;
    if (m->macro.parameter_count == CHAT_MOST_PARAMETERS)
      return chat_fail(t, "a macro has too many parameters");
    TRY(chat_take_name(t, &name));
    m->parameters[m->macro.parameter_count] = name;
    m->macro.parameters[m->macro.parameter_count++] = chat_text_number(t, name, strlen(name));
    if (chat_take(t, "=")) {
      chat_emit_named(t, CHAT_OP_IS_GIVEN, name);
      chat_emit(t, CHAT_OP_NOT, 0);
      size_t skip = chat_emit_jump(t, CHAT_OP_JUMP_IF_FALSE);
      TRY(chat_expression(t));
      chat_emit_named(t, CHAT_OP_STORE, name);
      chat_land(t, skip);
    }
    if (!chat_is(t, ")")) TRY(chat_expect(t, ","));
  }
  return OK;
}

static status macro_block(template *t) {
  macro_entry m = {0};
  size_t number = 0;
  TRY(chat_take_name(t, &m.name));
  if (t->loop) return chat_fail(t, "a macro in a loop is not compiled");
  if (chat_macro_named(t, m.name, &number)) return chat_fail(t, "the macro '%s' is there twice", m.name);
  size_t around = chat_emit_jump(t, CHAT_OP_JUMP);
  m.macro.start = (uint32_t)t->code_count;
  TRY(macro_parameters(t, &m));
  number = t->macro_count;
  ARENA_PUSH(t->arena, t->macros, t->macro_count, t->macro_capacity) = m; /* it may call itself */
  TRY(end_block(t));
  TRY(body_to(t, "endmacro", NULL, NULL));
  chat_emit(t, CHAT_OP_END, 0);
  chat_land(t, around);
  return take_end_block(t, "endmacro");
}

/* {% generation %} marks what a model learns to write; it writes what is inside. */
static status generation_block(template *t) {
  TRY(end_block(t));
  TRY(body_to(t, "endgeneration", NULL, NULL));
  return take_end_block(t, "endgeneration");
}

static const struct {
  const char *name;
  status (*compile)(template *t);
} blocks[] = {
    {"if", if_block},
    {"for", for_block},
    {"set", set_block},
    {"macro", macro_block},
    {"break", break_block},
    {"continue", continue_block},
    {"generation", generation_block},
};

static status block(template *t) {
  const char *name;
  t->at++;
  TRY(chat_take_name(t, &name));
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
    if (strcmp(name, blocks[i].name) == 0) return blocks[i].compile(t);
  return chat_fail(t, "the block '%s' is not compiled", name);
}

static status print(template *t) {
  t->at++;
  TRY(chat_expression(t));
  if (t->at->kind != LEX_PRINT_END)
    return chat_fail(t, "an expression has more than is compiled: '%s'", t->at->text);
  t->at++;
  chat_emit(t, CHAT_OP_PRINT, 0);
  return OK;
}

status chat_statements(template *t, const char *const *ends) {
  TRY(chat_deeper(t));
  for (;;) {
    for (int i = 0; ends[i]; i++) {
      if (!is_block(t, ends[i])) continue;
      t->depth--;
      return OK;
    }
    if (t->at->kind == LEX_DATA) {
      chat_emit(t, CHAT_OP_TEXT, chat_text_number(t, t->at->text, t->at->bytes));
      t->at++;
    } else if (t->at->kind == LEX_PRINT) {
      TRY(print(t));
    } else if (t->at->kind == LEX_BLOCK) {
      TRY(block(t));
    } else if (!ends[0]) {
      return OK;
    } else {
      return chat_fail(t, "the template ends before '%s'", ends[0]);
    }
  }
}

/* ---- the template ----------------------------------------------------------------------------- */

static void set_variables(template *t, const chat_variable *variables, size_t count) {
  static const char *const inputs[CHAT_INPUT_COUNT] = {[CHAT_INPUT_MESSAGES] = "messages",
                                                       [CHAT_INPUT_ADDS_PROMPT] = "add_generation_prompt"};
  for (int i = 0; i < CHAT_INPUT_COUNT; i++) {
    chat_emit(t, CHAT_OP_INPUT, i);
    chat_emit_named(t, CHAT_OP_STORE, inputs[i]);
  }
  for (size_t i = 0; i < count; i++) {
    if (variables[i].value)
      chat_emit_named(t, CHAT_OP_STRING, variables[i].value);
    else
      chat_emit(t, CHAT_OP_CONSTANT, CHAT_NONE);
    chat_emit_named(t, CHAT_OP_STORE, variables[i].name);
  }
}

status chat_compile(arena *a, const char *source, size_t bytes, const chat_variable *variables,
                    size_t variable_count, text *blob) {
  static const char *const no_ends[] = {NULL};
  lexeme *lexemes;
  template t = {.arena = a};
  TRY(chat_lex(a, source, bytes, &lexemes));
  t.at = lexemes;
  set_variables(&t, variables, variable_count);
  chat_emit(&t, CHAT_OP_END, 0);
  t.start = t.code_count;
  status s = chat_statements(&t, no_ends);
  chat_emit(&t, CHAT_OP_END, 0);
  if (!s) s = chat_write(&t, blob);
  text_free(&t.texts);
  return s;
}
