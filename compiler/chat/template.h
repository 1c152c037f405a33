/*
 * template.h: what the parts of compiler/chat share. Private to it.
 *
 * lexer.c cuts the template into lexemes; statement.c and expression.c read
 * them by recursive descent and write code at once, without a tree: jumps are
 * relative, so that code of an expression may be moved behind its condition.
 */
#ifndef SMELT_CHAT_TEMPLATE_H
#define SMELT_CHAT_TEMPLATE_H

#include "base/base.h"
#include "smelt/chat.h"

/* ---- lexemes (lexer.c) ---------------------------------------------------------------- */

typedef enum {
  LEX_END,
  LEX_DATA,      /* text between tags */
  LEX_PRINT,     /* {{ */
  LEX_PRINT_END, /* }} */
  LEX_BLOCK,     /* {% */
  LEX_BLOCK_END, /* %} */
  LEX_NAME,
  LEX_STRING, /* unescaped */
  LEX_INTEGER,
  LEX_FLOAT,
  LEX_OPERATOR, /* text is one of the operators */
} lex_kind;

typedef struct {
  lex_kind kind;
  const char *text; /* NUL-terminated; strings and data may hold NUL too */
  size_t bytes;
  int line;
} lexeme;

/* All lexemes of `source`, the last one LEX_END, in `a`. */
status chat_lex(arena *a, const char *source, size_t bytes, lexeme **lexemes);

/* ---- the template being compiled -------------------------------------------------------- */

typedef struct {
  const char *name;
  chat_macro macro;
  const char *parameters[CHAT_MOST_PARAMETERS];
} macro_entry;

/* A loop whose body is being compiled; jumps of `break` wait for its end. */
typedef struct loop_frame {
  struct loop_frame *outer;
  size_t next; /* its NEXT */
  size_t *breaks;
  size_t break_count, break_capacity;
} loop_frame;

typedef struct {
  arena *arena;
  const lexeme *at; /* the next one */
  uint32_t *code;
  size_t code_count, code_capacity;
  text texts; /* all of them; starts[i] is where text i begins */
  uint32_t *starts;
  size_t text_count, text_capacity;
  macro_entry *macros;
  size_t macro_count, macro_capacity;
  loop_frame *loop; /* NULL: outside of loops, or in a macro outside of its own */
  size_t start;     /* of the template proper, behind what sets its variables */
  int depth;        /* of nested expressions and statements */
} template;

/* ---- writing code (emit.c) ---------------------------------------------------------------- */

/* The number of a text; equal ones have the same. */
uint32_t chat_text_number(template *t, const char *bytes, size_t count);
void chat_emit(template *t, chat_op op, int64_t operand);
void chat_emit_named(template *t, chat_op op, const char *name);
/* A jump whose way is not known yet; returns its place. */
size_t chat_emit_jump(template *t, chat_op op);
void chat_land(template *t, size_t jump);                    /* it goes to what is emitted next */
void chat_emit_back(template *t, chat_op op, size_t target); /* a jump to what was emitted at `target` */
/* Moves code[from .. middle) behind code[middle .. end): both are whole expressions. */
void chat_swap(template *t, size_t from, size_t middle);
status chat_write(template *t, text *blob);

/* ---- reading (statement.c, expression.c, call.c) -------------------------------------------- */

bool chat_is(const template *t, const char *text); /* the next lexeme is this operator or name */
bool chat_take(template *t, const char *text);     /* the same, and it is passed over */
status chat_expect(template *t, const char *text);
status chat_take_name(template *t, const char **name);
/* A failure at the next lexeme's line. */
status chat_fail(template *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
status chat_deeper(template *t);

status chat_statements(template *t,
                       const char *const *ends); /* up to one of the block names, NULL-terminated */

status chat_expression(template *t); /* with "a if b else c" */
status chat_condition(template *t);  /* without: what stands behind "if" of a loop */
status chat_primary(template *t);    /* an atom and what is behind it: .a [b] (c) */

/* "(a, b=c)" of a function of the given kind, whose subject, if it has one, was emitted. */
status chat_call(template *t, const char *kind, const char *name, bool has_subject);
status chat_macro_call(template *t, size_t macro);
const macro_entry *chat_macro_named(const template *t, const char *name, size_t *number);
/* Behind an expression: "| trim" and "is defined", any number of them. */
status chat_filters(template *t);

#endif
