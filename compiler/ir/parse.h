/*
 * parse.h: the reader that parse.c (graphs) and parse_attribute.c
 * (attributes, types, names) share. Private to ir/.
 */
#ifndef SMELT_IR_PARSE_H
#define SMELT_IR_PARSE_H

#include "ir/attributes.h"
#include "base/name_map.h"

typedef struct {
  arena *arena;
  ir_module *module;
  const char *file;
  const char *source;
  size_t bytes, at;
  name_map states;    /* name to index + 1 */
  name_map constants; /* as written, from name to type: what is written alike is one constant */
} reader;

/* A failure at the place `at`: file:line:column, what was expected and what is there. */
status parse_expected(reader *r, size_t at, const char *expected) __attribute__((returns_nonnull));
/* `s` with the place put to it. */
status parse_located(reader *r, size_t at, status s);

/* White space and comments from # to the end of the line. */
void parse_space(reader *r);
/* Consumes `mark` behind optional space, if it is there. */
bool parse_accept(reader *r, const char *mark);
status parse_mark(reader *r, const char *mark);
/* Whether the next thing is the plain word; consumes it then. */
bool parse_word(reader *r, const char *word);
/* An identifier or a quoted name. *is_quoted may be NULL. */
status parse_name(reader *r, const char *what, const char **name, bool *is_quoted);
/* 0 <= *value < limit */
status parse_small(reader *r, const char *what, int limit, int *value);
status parse_integer(reader *r, int64_t *value);
status parse_dim(reader *r, ir_dim *d);
status parse_type(reader *r, ir_type *type);
/* Bytes of the number or word (nan, inf) that starts here; 0: none. */
size_t parse_number_length(const reader *r);
/* The number as double, f32 not rounded yet. */
status parse_real(reader *r, double *value);

typedef struct {
  ir_attrs attrs;
  uint32_t given; /* IR_ATTR_* */
} parsed_attrs;

/* "{name = value, ...}" of operator `op`; without braces nothing is given. */
status parse_attributes(reader *r, ir_op op, parsed_attrs *parsed);

#endif
