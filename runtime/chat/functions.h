/* functions.h: the functions that smelt/chat.h lists. Private to runtime/chat. */
#ifndef RT_CHAT_FUNCTIONS_H
#define RT_CHAT_FUNCTIONS_H

#include "chat/value.h"

/* X(what CHAT_FUNCTIONS calls it, the C function, its parameters) */
#define FUNCTION_TABLE(X)                                                                                    \
  X(TRIM, rt_function_trim, 2)                                                                               \
  X(UPPER, rt_function_upper, 1)                                                                             \
  X(LOWER, rt_function_lower, 1)                                                                             \
  X(TITLE, rt_function_title, 1)                                                                             \
  X(CAPITALIZE, rt_function_capitalize, 1)                                                                   \
  X(LENGTH, rt_function_length, 1)                                                                           \
  X(COUNT, rt_function_length, 1)                                                                            \
  X(TOJSON, rt_function_tojson, 2)                                                                           \
  X(JOIN, rt_function_join, 3)                                                                               \
  X(DEFAULT, rt_function_default, 3)                                                                         \
  X(D, rt_function_default, 3)                                                                               \
  X(FIRST, rt_function_first, 1)                                                                             \
  X(LAST, rt_function_last, 1)                                                                               \
  X(REPLACE, rt_function_replace, 4)                                                                         \
  X(ITEMS, rt_function_items, 1)                                                                             \
  X(SELECT, rt_function_select, 3)                                                                           \
  X(REJECT, rt_function_reject, 3)                                                                           \
  X(SELECTATTR, rt_function_select_attribute, 4)                                                             \
  X(REJECTATTR, rt_function_reject_attribute, 4)                                                             \
  X(MAP, rt_function_map, 4)                                                                                 \
  X(LIST, rt_function_list, 1)                                                                               \
  X(STRING, rt_function_string, 1)                                                                           \
  X(INT, rt_function_int, 2)                                                                                 \
  X(FLOAT, rt_function_float, 2)                                                                             \
  X(ABS, rt_function_abs, 1)                                                                                 \
  X(REVERSE, rt_function_reverse, 1)                                                                         \
  X(UNIQUE, rt_function_unique, 1)                                                                           \
  X(INDENT, rt_function_indent, 4)                                                                           \
  X(SAFE, rt_function_same, 1)                                                                               \
  X(IS_DEFINED, rt_function_is_defined, 1)                                                                   \
  X(IS_UNDEFINED, rt_function_is_undefined, 1)                                                               \
  X(IS_NONE, rt_function_is_none, 1)                                                                         \
  X(IS_STRING, rt_function_is_string, 1)                                                                     \
  X(IS_MAPPING, rt_function_is_mapping, 1)                                                                   \
  X(IS_ITERABLE, rt_function_is_iterable, 1)                                                                 \
  X(IS_SEQUENCE, rt_function_is_sequence, 1)                                                                 \
  X(IS_NUMBER, rt_function_is_number, 1)                                                                     \
  X(IS_INTEGER, rt_function_is_integer, 1)                                                                   \
  X(IS_FLOAT, rt_function_is_float, 1)                                                                       \
  X(IS_BOOLEAN, rt_function_is_boolean, 1)                                                                   \
  X(IS_TRUE, rt_function_is_true, 1)                                                                         \
  X(IS_FALSE, rt_function_is_false, 1)                                                                       \
  X(IS_EVEN, rt_function_is_even, 1)                                                                         \
  X(IS_ODD, rt_function_is_odd, 1)                                                                           \
  X(IS_DIVISIBLE, rt_function_is_divisible, 2)                                                               \
  X(IS_IN, rt_function_is_in, 2)                                                                             \
  X(IS_EQUAL, rt_function_is_equal, 2)                                                                       \
  X(IS_EQ, rt_function_is_equal, 2)                                                                          \
  X(IS_SAME, rt_function_is_equal, 2)                                                                        \
  X(IS_NE, rt_function_is_unequal, 2)                                                                        \
  X(IS_UNLIKE, rt_function_is_unequal, 2)                                                                    \
  X(M_STRIP, rt_function_strip, 2)                                                                           \
  X(M_LSTRIP, rt_function_strip_left, 2)                                                                     \
  X(M_RSTRIP, rt_function_strip_right, 2)                                                                    \
  X(M_STARTSWITH, rt_function_starts_with, 2)                                                                \
  X(M_ENDSWITH, rt_function_ends_with, 2)                                                                    \
  X(M_SPLIT, rt_function_split, 3)                                                                           \
  X(M_TITLE, rt_function_title_method, 1)                                                                    \
  X(M_UPPER, rt_function_upper, 1)                                                                           \
  X(M_LOWER, rt_function_lower, 1)                                                                           \
  X(M_CAPITALIZE, rt_function_capitalize, 1)                                                                 \
  X(M_REPLACE, rt_function_replace, 4)                                                                       \
  X(M_JOIN, rt_function_join_method, 2)                                                                      \
  X(M_FIND, rt_function_find, 2)                                                                             \
  X(M_GET, rt_function_get, 3)                                                                               \
  X(M_ITEMS, rt_function_items, 1)                                                                           \
  X(M_KEYS, rt_function_keys, 1)                                                                             \
  X(M_VALUES, rt_function_values, 1)                                                                         \
  X(G_RANGE, rt_function_range, 3)                                                                           \
  X(G_NAMESPACE, rt_function_namespace, 1)                                                                   \
  X(G_DICT, rt_function_dict, 1)                                                                             \
  X(G_RAISE, rt_function_raise, 1)                                                                           \
  X(G_STRFTIME, rt_function_strftime, 1)

#define X(NAME, function, count) value function(machine *m, const value *arguments);
FUNCTION_TABLE(X)
#undef X

#endif
