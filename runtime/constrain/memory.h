/*
 * memory.h: the memory of one constraint, and the way out of its functions.
 * All of it goes at once. Readers of grammars nest deep and any of them may
 * meet a mistake or the end of memory, so con_fail leaves them by longjmp to
 * the entry point (constrain.c), which releases everything.
 */
#ifndef RT_CONSTRAIN_MEMORY_H
#define RT_CONSTRAIN_MEMORY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct con_block con_block;

typedef struct {
  con_block *blocks;
  uint8_t *at; /* free bytes of the last block */
  size_t left;
  size_t taken;    /* bytes in all */
  jmp_buf *escape; /* where con_fail goes */
  char error[256];
} con_memory;

/* Zeros, aligned to 16 bytes. Fails where there is no memory. */
void *con_take(con_memory *m, size_t bytes);
void con_release(con_memory *m);

/* Leaves with a formatted line in m->error. */
_Noreturn void con_fail(con_memory *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* items[count] with room for one more at least; the old place stays taken. */
void *con_grown(con_memory *m, void *items, uint32_t count, uint32_t *capacity, size_t item_bytes);

#define CON_LIST(type)                                                                                       \
  struct {                                                                                                   \
    type *items;                                                                                             \
    uint32_t count, capacity;                                                                                \
  }

/* A new item of *list, as it comes: zeros, or what was there before. */
#define con_add(m, list)                                                                                     \
  ((list)->items = (list)->count < (list)->capacity ? (list)->items                                          \
                                                    : con_grown((m), (list)->items, (list)->count,           \
                                                                &(list)->capacity, sizeof *(list)->items),   \
   &(list)->items[(list)->count++])

/* ---- a text that is read -------------------------------------------------------------- */

typedef struct con_source con_source;
struct con_source {
  con_memory *memory;
  const uint8_t *text;
  size_t bytes, at;
  const con_source *whole; /* what the text is a string of, which begins at begins_at there; or NULL */
  size_t begins_at;
};

/* Leaves with "LINE:COLUMN: " of text[offset] before the line; columns count characters from 1. */
_Noreturn void con_fail_at(const con_source *s, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The byte at s->at + ahead; 0 behind the end (and where the text has a NUL). */
static inline uint8_t con_peek(const con_source *s, size_t ahead) {
  return s->at + ahead < s->bytes ? s->text[s->at + ahead] : 0;
}

/* Steps over `byte`, if that comes next. */
static inline bool con_skip(con_source *s, uint8_t byte) {
  if (s->at >= s->bytes || s->text[s->at] != byte) return false;
  s->at++;
  return true;
}

/* The code point that comes next, stepped over; fails where the text is not UTF-8. Not at the end. */
uint32_t con_code_point(con_source *s);

/* As many hexadecimal digits, stepped over; fails where there are fewer or no such code point. */
uint32_t con_hex(con_source *s, int digits);

/* What an error calls the character that comes next: itself in quotes, or "the end". Lasts until the next
 * call. */
const char *con_found(con_source *s);

#endif
