/* lexical.h: names in the text form, shared by printers and parsers. Private to ir/. */
#ifndef SMELT_IR_LEXICAL_H
#define SMELT_IR_LEXICAL_H

#include "base/base.h"

/* Bytes of the plain identifier at the start: a letter or _, then letters, digits, _ and dots. 0: none. */
size_t lexical_identifier(const char *source, size_t bytes);
bool lexical_is_identifier(const char *name);

/* The name as it is where it is a plain identifier, else between quotes. */
void lexical_print_name(text *t, const char *name, char quote);
void lexical_print_quoted(text *t, const char *name, char quote);
/*
 * Reads what lexical_print_quoted prints, from the opening quote on: backslash escapes \\ \n \t \xHH and the
 * quote's own. *name lives in `a`. Returns how many bytes were read; 0 where it is not closed, holds a NUL or
 * an unknown escape.
 */
size_t lexical_quoted(arena *a, const char *source, size_t bytes, char **name);

#endif
