/*
 * value.h: what templates compute with. Private to runtime/chat.
 *
 * Values are small and passed by copy; what they refer to lives in the
 * machine's memory until the template is done, so nothing is counted or freed.
 */
#ifndef RT_CHAT_VALUE_H
#define RT_CHAT_VALUE_H

#include "chat/chat.h"

typedef enum {
  KIND_UNDEFINED,
  KIND_MISSING, /* an argument that was not given */
  KIND_NONE,
  KIND_BOOLEAN,
  KIND_INTEGER,
  KIND_FLOAT,
  KIND_STRING,
  KIND_LIST,
  KIND_MAP,
  KIND_LOOP,
} value_kind;

struct value_map;
struct value_loop;

typedef struct value {
  value_kind kind;
  uint32_t count; /* bytes of a string, items of a list */
  union {
    int64_t integer; /* also of booleans: 0 or 1 */
    double number;
    const char *bytes; /* UTF-8 */
    const struct value *items;
    struct value_map *map;
    struct value_loop *loop;
  };
} value;

typedef struct value_map {
  value *keys, *values;
  uint32_t count, capacity;
  bool is_namespace; /* its attributes may be set */
} value_map;

/* A loop: which of its items is at hand. */
typedef struct value_loop {
  struct value_loop *outer;
  const value *items;
  uint32_t count, next; /* the item at hand is next - 1 */
  bool is_complete;     /* a body was done to its end */
  value *kept;          /* of a loop that makes a list: what it has so far */
  uint32_t kept_count;
  uint32_t scope_start, outer_scope_start; /* variables */
} value_loop;

typedef struct machine machine;

/* Notes what is wrong, once, and returns an undefined value; the machine stops before its next step. */
value rt_machine_fail(machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory until the template is done; NULL, and the machine has failed, where there is none. Aligned to 16
 * bytes. */
void *rt_machine_memory(machine *m, size_t count, size_t item_bytes);

/* ---- making values (value.c) ------------------------------------------------------------ */

static inline value value_of(value_kind kind) {
  return (value){.kind = kind};
}

static inline value value_boolean(bool is_true) {
  return (value){.kind = KIND_BOOLEAN, .integer = is_true};
}

static inline value value_integer(int64_t integer) {
  return (value){.kind = KIND_INTEGER, .integer = integer};
}

static inline value value_float(double number) {
  return (value){.kind = KIND_FLOAT, .number = number};
}

static inline value value_string(const char *bytes, size_t count) {
  return (value){.kind = KIND_STRING, .count = (uint32_t)count, .bytes = bytes ? bytes : ""};
}

static inline value value_list(const value *items, size_t count) {
  return (value){.kind = KIND_LIST, .count = (uint32_t)count, .items = items};
}

value rt_value_text(const char *text); /* which stays */
value rt_value_pair(machine *m, value first, value second);
value rt_value_new_map(machine *m, uint32_t capacity);
/* The value of `key` in a map; undefined where there is none. */
value rt_value_get(const value_map *map, value key);
void rt_value_set(machine *m, value_map *map, value key, value set);

/* ---- asking values ---------------------------------------------------------------------------- */

bool rt_value_is_absent(value v); /* undefined, or an argument that was not given */
bool rt_value_is_true(value v);
bool rt_value_is_number(value v); /* integer, float or boolean */
double rt_value_number(value v);
bool rt_value_equal(value a, value b);
/* Below 0, 0, above 0, of two numbers or two strings; others fail. */
int rt_value_compare(machine *m, value a, value b);
bool rt_value_contains(machine *m, value container, value item);
const char *rt_value_kind_text(value v);

/* The items of what can be looped over: a list's, a map's keys, a string's characters. False: it cannot be.
 */
bool rt_value_items(machine *m, value v, const value **items, uint32_t *count);
int64_t rt_value_length(machine *m, value v); /* of strings: characters */
/* object.name and object[key] */
value rt_value_attribute(machine *m, value object, value name);
value rt_value_index(machine *m, value object, value key);
value rt_value_slice(machine *m, value object, value from, value to, value step);

/* Of a text of JSON its value, of another the text (json_value.c). */
value rt_value_from_json(machine *m, const char *text);

/* ---- texts (text.c) ------------------------------------------------------------------------------ */

/* Text that grows in the machine's memory. */
typedef struct {
  machine *machine;
  char *bytes;
  size_t count, capacity;
} text_maker;

bool rt_chat_text_add(text_maker *t, const char *bytes, size_t count); /* false: the machine has failed */
void rt_chat_text_add_value(text_maker *t, value v);                   /* as Python's str() */
void rt_chat_text_add_json(text_maker *t, value v, int64_t indent,
                           int64_t depth); /* as json.dumps; indent < 0: one line */
value rt_chat_text_made(text_maker *t);
value rt_chat_text_of(machine *m, value v); /* a string; strings as they are */

/* The byte at which character `index`, from 0, begins; at most the string's end. */
size_t rt_chat_text_byte_of(value string, int64_t index);
int64_t rt_chat_text_characters(value string);
bool rt_chat_text_equals(value v, const char *text);
/* Where `part` begins in `whole` from byte `from` on; SIZE_MAX: nowhere. */
size_t rt_chat_text_find(value whole, value part, size_t from);

/* ---- what can be called (functions.c and what its table names) -------------------------------------- */

typedef value chat_call(machine *m, const value *arguments);

extern const uint8_t rt_function_arity[CHAT_FUNCTION_COUNT];
value rt_function_call(machine *m, chat_function which, const value *arguments);
/* As a filter or test with a subject and at most one argument, from select() and map(). */
value rt_function_apply(machine *m, value which, value subject, value argument);

value rt_operate(machine *m, chat_operator which, value a, value b); /* operators.c */

#endif
