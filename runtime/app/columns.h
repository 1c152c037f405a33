/* columns.h: how much room text takes on a terminal. Private to runtime/app. */
#ifndef RT_APP_COLUMNS_H
#define RT_APP_COLUMNS_H

#include <stddef.h>

/* Columns of text[0 .. bytes), UTF-8: wide letters take two, marks over letters none. */
int columns_of(const char *text, size_t bytes);

/* Where the character, with the marks over it, before or after byte `at` begins or ends. */
size_t columns_before(const char *text, size_t at);
size_t columns_after(const char *text, size_t bytes, size_t at);

#endif
