/* json.h: a JSON text as a tree that knows where its parts stand. */
#ifndef RT_CONSTRAIN_JSON_H
#define RT_CONSTRAIN_JSON_H

#include "constrain/memory.h"

typedef enum {
  CON_JSON_NULL,
  CON_JSON_FALSE,
  CON_JSON_TRUE,
  CON_JSON_NUMBER,
  CON_JSON_STRING,
  CON_JSON_ARRAY,
  CON_JSON_OBJECT
} con_json_kind;

typedef struct {
  const char *bytes; /* UTF-8, NULs where the text says \u0000; one more behind the end */
  size_t count;
} con_string;

typedef struct con_json con_json;
struct con_json {
  con_json_kind kind;
  size_t at;              /* where it begins in the source */
  con_string text;        /* of a string; a number as it is written */
  con_json *first, *next; /* elements of an array, members of an object, in order; the next one beside it */
  uint32_t count;         /* of those */
  con_string key;         /* of a member */
  size_t key_at;
};

/* The whole source as one value; fails at what is no JSON. */
con_json *con_json_read(con_source *s);

bool con_string_is(con_string x, const char *text);
bool con_string_same(con_string x, con_string y);

/* The member of that name, the last one where there are more; NULL: none, or no object. */
const con_json *con_json_member(const con_json *object, con_string key);
const con_json *con_json_named(const con_json *object, const char *key);

/* Whether two values are the same; numbers are as they are written. */
bool con_json_same(const con_json *x, const con_json *y);

/* The largest integer not above the number, kept within +-10^18; *is_exact: whether it is the number. */
int64_t con_json_floor(const con_json *number, bool *is_exact);

#endif
