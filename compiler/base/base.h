/*
 * base.h: what every stage of the compiler stands on: status values, the
 * arena, growing text and files. Includes nothing of smelt's.
 */
#ifndef SMELT_BASE_H
#define SMELT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- status ------------------------------------------------------------ */

/* Process exit codes, and the kind of a failure. docs/errors.md lists them. */
typedef enum {
  STATUS_OK = 0,
  STATUS_INPUT = 1,  /* the user's input is at fault */
  STATUS_USAGE = 2,  /* the command line is at fault */
  STATUS_DEFECT = 3, /* smelt is at fault */
} status_code;

/*
 * One failure. Every text may be NULL; texts live as long as the arena they
 * were made in (status_* functions below put them there).
 */
typedef struct {
  status_code code;
  const char *file;  /* path of the file at fault */
  const char *node;  /* graph node or JSON path inside it, with its operator: "MatMul '/h.0/attn/MatMul'" */
  const char *cause; /* what is wrong, a clause in lower case without full stop */
  const char *expected; /* what would have been right */
  const char *found;    /* what was there */
  const char *hint;     /* what the user can do about it */
} failure;

/* NULL means success. The failure is owned by the arena it was made in. */
typedef const failure *status;
#define OK ((status)0)

/* Returns early with the failure of `expression`, if it has one. */
#define TRY(expression)                                                                                      \
  do {                                                                                                       \
    status try_status_ = (expression);                                                                       \
    if (try_status_) return try_status_;                                                                     \
  } while (0)

struct arena;

/* A failure with a printf-formatted cause. Never returns NULL. */
status fail(struct arena *a, status_code code, const char *cause_format, ...)
    __attribute__((format(printf, 3, 4), returns_nonnull));

/*
 * Copies of `s` with one more field filled, unless it is filled already (the
 * innermost caller knows best). Passing OK returns OK. Format as printf.
 */
status fail_file(struct arena *a, status s, const char *path);
status fail_node(struct arena *a, status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
status fail_expected(struct arena *a, status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
status fail_found(struct arena *a, status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
status fail_hint(struct arena *a, status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A copy that outlives the memory that `s` and its texts were made in. */
status fail_keep(struct arena *a, status s);

/* ---- arena ------------------------------------------------------------- */

/*
 * Memory that is allocated piece by piece and freed all at once. Not safe for
 * use by two threads. Out of memory ends the process with a message: a
 * compiler cannot go on without memory, and no caller could.
 */
typedef struct arena {
  struct arena_block *newest;
  size_t used_bytes; /* of the newest block */
} arena;

void arena_free(arena *a); /* frees all blocks; `a` is empty and usable again */

/* Zeroed memory, aligned to 16 bytes. */
void *arena_alloc(arena *a, size_t bytes);
/* `count` zeroed elements; checks the product for overflow. */
void *arena_array(arena *a, size_t count, size_t element_bytes);
#define ARENA_NEW(a, type)          ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_array((a), (count), sizeof(type)))
void *arena_copy(arena *a, const void *source, size_t bytes);
char *arena_text(arena *a, const char *text); /* NULL stays NULL */
char *arena_format(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(arena *a, const char *format, va_list args);

/*
 * Growing arrays in an arena: declare `T *items; size_t item_count, item_capacity;`
 * and write ARENA_PUSH(a, items, item_count, item_capacity) = value.
 * Growth moves the array; old copies stay in the arena until it is freed.
 */
void *arena_grow(arena *a, void *items, size_t count, size_t *capacity, size_t element_bytes);
#define ARENA_PUSH(a, items, count, capacity)                                                                \
  (*((items) = arena_grow((a), (items), (count), &(capacity), sizeof *(items)), &(items)[(count)++]))

/* ---- maps keyed by pointer -------------------------------------------------- */

/* What is known about each of many objects; NULL is neither a key nor a value. Zero-initialise; lives in `a`.
 */
typedef struct {
  const void **keys;
  void **values;
  size_t count, capacity; /* capacity is 0 or a power of two */
} pointer_map;

void *pointer_map_get(const pointer_map *map, const void *key); /* NULL: not there */
void pointer_map_set(arena *a, pointer_map *map, const void *key, void *value);

/* ---- growing text and bytes ------------------------------------------------- */

/* Bytes that grow by appending; heap-owned, freed with text_free. Zero-initialise. */
typedef struct {
  char *bytes; /* NUL-terminated once anything was appended, else NULL */
  size_t count;
  size_t capacity;
} text;

void text_append(text *t, const void *bytes, size_t count);
void text_print(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(text *t);

/* For tables keyed by names, whose sizes are powers of two: all bits depend on all characters. */
uint64_t name_hash(const char *name);

/* ---- files -------------------------------------------------------------- */

/* A whole file mapped read-only. An empty file has count 0 and bytes NULL. */
typedef struct {
  const uint8_t *bytes;
  size_t count;
  const char *path; /* as given to file_map */
} file_view;

/* Fails with STATUS_INPUT naming the path and the system's reason. Failure texts live in `a`. */
status file_map(arena *a, const char *path, file_view *view);
void file_unmap(file_view *view);
/* Gives the file to `take` a part at a time, so that a large one is never in memory whole. Fails as file_map.
 */
typedef void file_taker(void *context, const void *bytes, size_t count);
status file_pass(arena *a, const char *path, file_taker *take, void *context);
/*
 * Puts `count` bytes into the file `path`: it appears, or what was there is replaced, whole or not at all. A
 * pipe or a device is written to. Fails with STATUS_INPUT naming the path and the system's reason.
 */
status file_replace(arena *a, const char *path, const void *bytes, size_t count);
bool file_exists(const char *path); /* a regular file */
bool file_is_folder(const char *path);
/* "folder/name"; returned text lives in `a`. */
char *file_join(arena *a, const char *folder, const char *name);
/* The same file seen from any folder; links are kept. Text lives in `a`. */
const char *file_absolute(arena *a, const char *path);

#endif
