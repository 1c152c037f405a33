/*
 * vocabulary.c: the trie of tokens: their texts sorted (multikey quicksort:
 * Bentley and Sedgewick, "Fast algorithms for sorting and searching strings"),
 * and what neighbours do not share becomes nodes.
 */
#include "constrain/vocabulary.h"

#include "text/tables.h"

typedef struct {
  const uint8_t *text;
  uint32_t bytes, token;
} entry;

typedef struct {
  con_vocabulary *vocabulary;
  con_memory *memory;
  entry *entries; /* texts, later sorted */
  uint32_t count;
} making;

/* ---- texts ------------------------------------------------------------------------------ */

static void take_texts(making *m, const rt_tokenizer *t) {
  uint32_t size = m->vocabulary->size < t->header->vocab_size ? m->vocabulary->size : t->header->vocab_size;
  m->entries = con_take(m->memory, (size_t)size * sizeof *m->entries);
  for (uint32_t id = 0; id < size; id++) {
    uint8_t buffer[TOK_MERGED_BYTES];
    size_t bytes;
    if (table_flags(t, id) & TOK_SPECIAL) continue; /* they show nothing */
    const uint8_t *text = rt_token_text(t, id, buffer, &bytes);
    if (bytes == 0 || bytes > CON_LONGEST_TOKEN) continue;
    if (text == buffer) {
      uint8_t *copy = con_take(m->memory, bytes);
      memcpy(copy, text, bytes);
      text = copy;
    }
    m->entries[m->count++] = (entry){text, (uint32_t)bytes, id};
    for (size_t i = 0; i < bytes; i++) m->vocabulary->bytes_there[text[i]] = true;
  }
}

/* The byte at `depth`, from 1; 0 behind the end. */
static int byte_at(const entry *e, uint32_t depth) {
  return depth < e->bytes ? e->text[depth] + 1 : 0;
}

static void swap(entry *x, entry *y) {
  entry held = *x;
  *x = *y;
  *y = held;
}

static bool comes_before(const entry *x, const entry *y, uint32_t depth) {
  uint32_t bytes = x->bytes < y->bytes ? x->bytes : y->bytes;
  int order = memcmp(x->text + depth, y->text + depth, bytes - depth);
  if (order == 0) order = x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
  return order < 0 || (order == 0 && x->token < y->token);
}

static void sort_few(entry *entries, uint32_t count, uint32_t depth) {
  for (uint32_t i = 1; i < count; i++)
    for (uint32_t k = i; k > 0 && comes_before(&entries[k], &entries[k - 1], depth); k--)
      swap(&entries[k], &entries[k - 1]);
}

/* Sorts entries[count], whose first `depth` bytes are the same, by text, then by token. */
static void sort(entry *entries, uint32_t count, uint32_t depth) {
  while (count > 12) {
    int x = byte_at(&entries[0], depth), y = byte_at(&entries[count / 2], depth),
        z = byte_at(&entries[count - 1], depth);
    int middle = x < y ? (y < z ? y : x < z ? z : x) : (x < z ? x : y < z ? z : y);
    uint32_t low = 0, at = 0, high = count;
    while (at < high) {
      int byte = byte_at(&entries[at], depth);
      if (byte < middle)
        swap(&entries[low++], &entries[at++]);
      else if (byte > middle)
        swap(&entries[at], &entries[--high]);
      else
        at++;
    }
    sort(entries, low, depth);
    sort(entries + high, count - high, depth);
    if (middle == 0) return; /* all the same text: duplicates, in any order */
    entries += low;
    count = high - low;
    depth++;
  }
  sort_few(entries, count, depth);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static uint32_t shared_bytes(const entry *x, const entry *y) {
  uint32_t count = 0;
  while (count < x->bytes && count < y->bytes && x->text[count] == y->text[count]) count++;
  return count;
}

static uint32_t count_nodes(const making *m) {
  uint32_t count = m->count ? m->entries[0].bytes : 0;
  for (uint32_t i = 1; i < m->count; i++)
    count += m->entries[i].bytes - shared_bytes(&m->entries[i - 1], &m->entries[i]);
  return count;
}

static void make_nodes(making *m) {
  con_vocabulary *v = m->vocabulary;
  uint32_t open[CON_LONGEST_TOKEN] = {0}; /* nodes of the text at hand */
  uint32_t depth = 0;
  v->nodes = con_take(m->memory, (size_t)count_nodes(m) * sizeof *v->nodes);
  for (uint32_t i = 0; i < m->count; i++) {
    const entry *e = &m->entries[i];
    uint32_t shared = i ? shared_bytes(&m->entries[i - 1], e) : 0;
    while (depth > shared) v->nodes[open[--depth]].skip = v->node_count;
    for (; depth < e->bytes; depth++) {
      open[depth] = v->node_count;
      v->nodes[v->node_count++] =
          (con_trie_node){.token = TOK_NONE, .depth = (uint16_t)depth, .byte = e->text[depth]};
    }
    con_trie_node *end = &v->nodes[open[depth - 1]];
    v->same[e->token] = end->token;
    end->token = e->token;
  }
  while (depth > 0) v->nodes[open[--depth]].skip = v->node_count;
}

void con_vocabulary_make(con_vocabulary *v, con_memory *memory, const rt_tokenizer *t, uint32_t vocab_size) {
  *v = (con_vocabulary){.size = vocab_size, .words = (vocab_size + 63) / 64, .tokenizer = t};
  making m = {.vocabulary = v, .memory = memory};
  v->same = con_take(memory, (size_t)vocab_size * sizeof *v->same);
  take_texts(&m, t);
  sort(m.entries, m.count, 0);
  make_nodes(&m);
}
