/* functions.c: calling what templates call, and what belongs to no kind of value: errors and dates. */
#define _POSIX_C_SOURCE 200809L
#include "chat/functions.h"

#include <string.h>
#include <time.h>

const uint8_t rt_function_arity[CHAT_FUNCTION_COUNT] = {
#define X(NAME, function, count) [CHAT_FN_##NAME] = count,
    FUNCTION_TABLE(X)
#undef X
};

static chat_call *const functions[CHAT_FUNCTION_COUNT] = {
#define X(NAME, function, count) [CHAT_FN_##NAME] = function,
    FUNCTION_TABLE(X)
#undef X
};

value rt_function_call(machine *m, chat_function which, const value *arguments) {
  return functions[which](m, arguments);
}

value rt_function_apply(machine *m, value which, value subject, value argument) {
  value arguments[CHAT_MOST_PARAMETERS] = {subject, argument};
  if (which.integer < 0 || which.integer >= CHAT_FUNCTION_COUNT)
    return rt_machine_fail(m, "the template's code is damaged: function %d", (int)which.integer);
  for (int i = 2; i < CHAT_MOST_PARAMETERS; i++) arguments[i] = value_of(KIND_MISSING);
  return functions[which.integer](m, arguments);
}

value rt_function_raise(machine *m, const value *a) {
  value message = rt_chat_text_of(m, a[0]);
  return rt_machine_fail(m, "%.*s", (int)message.count, message.bytes ? message.bytes : "");
}

/* The local time in the form that C's strftime takes, in the "C" locale as Python's default. */
value rt_function_strftime(machine *m, const value *a) {
  enum { MOST_BYTES = 256 };
  char form[MOST_BYTES], *made = rt_machine_memory(m, MOST_BYTES, 1);
  time_t now = time(NULL);
  struct tm local;
  if (!made || a[0].kind != KIND_STRING || a[0].count >= MOST_BYTES || !localtime_r(&now, &local))
    return rt_machine_fail(m, "strftime_now takes a short text");
  memcpy(form, a[0].bytes, a[0].count);
  form[a[0].count] = 0;
  return value_string(made, strftime(made, MOST_BYTES, form, &local));
}
