/* functions.h: the functions that smelt/chat.h lists. Private to runtime/chat. */
#ifndef RT_CHAT_FUNCTIONS_H
#define RT_CHAT_FUNCTIONS_H

#include "chat/value.h"

/* X(what CHAT_FUNCTIONS calls it, the C function, its parameters) */
#define FUNCTION_TABLE(X)                                                                                    \
  X(TRIM, function_trim, 2)                                                                                  \
  X(UPPER, function_upper, 1)                                                                                \
  X(LOWER, function_lower, 1)                                                                                \
  X(TITLE, function_title, 1)                                                                                \
  X(CAPITALIZE, function_capitalize, 1)                                                                      \
  X(LENGTH, function_length, 1)                                                                              \
  X(COUNT, function_length, 1)                                                                               \
  X(TOJSON, function_tojson, 2)                                                                              \
  X(JOIN, function_join, 3)                                                                                  \
  X(DEFAULT, function_default, 3)                                                                            \
  X(D, function_default, 3)                                                                                  \
  X(FIRST, function_first, 1)                                                                                \
  X(LAST, function_last, 1)                                                                                  \
  X(REPLACE, function_replace, 4)                                                                            \
  X(ITEMS, function_items, 1)                                                                                \
  X(SELECT, function_select, 3)                                                                              \
  X(REJECT, function_reject, 3)                                                                              \
  X(SELECTATTR, function_select_attribute, 4)                                                                \
  X(REJECTATTR, function_reject_attribute, 4)                                                                \
  X(MAP, function_map, 4)                                                                                    \
  X(LIST, function_list, 1)                                                                                  \
  X(STRING, function_string, 1)                                                                              \
  X(INT, function_int, 2)                                                                                    \
  X(FLOAT, function_float, 2)                                                                                \
  X(ABS, function_abs, 1)                                                                                    \
  X(REVERSE, function_reverse, 1)                                                                            \
  X(UNIQUE, function_unique, 1)                                                                              \
  X(INDENT, function_indent, 4)                                                                              \
  X(SAFE, function_same, 1)                                                                                  \
  X(IS_DEFINED, function_is_defined, 1)                                                                      \
  X(IS_UNDEFINED, function_is_undefined, 1)                                                                  \
  X(IS_NONE, function_is_none, 1)                                                                            \
  X(IS_STRING, function_is_string, 1)                                                                        \
  X(IS_MAPPING, function_is_mapping, 1)                                                                      \
  X(IS_ITERABLE, function_is_iterable, 1)                                                                    \
  X(IS_SEQUENCE, function_is_sequence, 1)                                                                    \
  X(IS_NUMBER, function_is_number, 1)                                                                        \
  X(IS_INTEGER, function_is_integer, 1)                                                                      \
  X(IS_FLOAT, function_is_float, 1)                                                                          \
  X(IS_BOOLEAN, function_is_boolean, 1)                                                                      \
  X(IS_TRUE, function_is_true, 1)                                                                            \
  X(IS_FALSE, function_is_false, 1)                                                                          \
  X(IS_EVEN, function_is_even, 1)                                                                            \
  X(IS_ODD, function_is_odd, 1)                                                                              \
  X(IS_DIVISIBLE, function_is_divisible, 2)                                                                  \
  X(IS_IN, function_is_in, 2)                                                                                \
  X(IS_EQUAL, function_is_equal, 2)                                                                          \
  X(IS_EQ, function_is_equal, 2)                                                                             \
  X(IS_SAME, function_is_equal, 2)                                                                           \
  X(IS_NE, function_is_unequal, 2)                                                                           \
  X(IS_UNLIKE, function_is_unequal, 2)                                                                       \
  X(M_STRIP, function_strip, 2)                                                                              \
  X(M_LSTRIP, function_strip_left, 2)                                                                        \
  X(M_RSTRIP, function_strip_right, 2)                                                                       \
  X(M_STARTSWITH, function_starts_with, 2)                                                                   \
  X(M_ENDSWITH, function_ends_with, 2)                                                                       \
  X(M_SPLIT, function_split, 3)                                                                              \
  X(M_TITLE, function_title_method, 1)                                                                       \
  X(M_UPPER, function_upper, 1)                                                                              \
  X(M_LOWER, function_lower, 1)                                                                              \
  X(M_CAPITALIZE, function_capitalize, 1)                                                                    \
  X(M_REPLACE, function_replace, 4)                                                                          \
  X(M_JOIN, function_join_method, 2)                                                                         \
  X(M_FIND, function_find, 2)                                                                                \
  X(M_GET, function_get, 3)                                                                                  \
  X(M_ITEMS, function_items, 1)                                                                              \
  X(M_KEYS, function_keys, 1)                                                                                \
  X(M_VALUES, function_values, 1)                                                                            \
  X(G_RANGE, function_range, 3)                                                                              \
  X(G_NAMESPACE, function_namespace, 1)                                                                      \
  X(G_DICT, function_dict, 1)                                                                                \
  X(G_RAISE, function_raise, 1)                                                                              \
  X(G_STRFTIME, function_strftime, 1)

#define X(NAME, function, count) value function(machine *m, const value *arguments);
FUNCTION_TABLE(X)
#undef X

#endif
