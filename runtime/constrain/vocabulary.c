/*
 * vocabulary.c: the trie of tokens: their texts sorted, byte by byte from the
 * first on into as many parts, and what neighbours do not share becomes nodes.
 */
#include "constrain/vocabulary.h"

#include "text/tables.h"

enum { FEW = 24 /* texts are sorted by comparing them */ };

typedef struct {
  uint64_t start; /* the first 8 bytes of the text, the first one highest; zeros behind its end */
  const uint8_t *text;
  uint32_t bytes, token;
} entry;

typedef struct {
  con_vocabulary *vocabulary;
  con_memory *memory;
  entry *entries; /* texts, later sorted */
  entry *spare;   /* as many */
  uint32_t count;
} making;

/* ---- texts ------------------------------------------------------------------------------ */

static uint64_t start_of(const uint8_t *text, size_t bytes) {
  uint64_t start = 0;
  for (size_t i = 0; i < 8; i++) start = start << 8 | (i < bytes ? text[i] : 0);
  return start;
}

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
    m->entries[m->count++] = (entry){start_of(text, bytes), text, (uint32_t)bytes, id};
    for (size_t i = 0; i < bytes; i++) m->vocabulary->bytes_there[text[i]] = true;
  }
}

/* The byte at `depth`, from 1; 0 behind the end. */
static unsigned byte_at(const entry *e, uint32_t depth) {
  if (depth >= e->bytes) return 0;
  return 1 + (depth < 8 ? (unsigned)(e->start >> (56 - 8 * depth) & 0xff) : e->text[depth]);
}

static bool comes_before(const entry *x, const entry *y) {
  if (x->start != y->start) return x->start < y->start;
  uint32_t bytes = x->bytes < y->bytes ? x->bytes : y->bytes;
  int order = bytes > 8 ? memcmp(x->text + 8, y->text + 8, bytes - 8) : 0;
  if (order == 0) order = x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
  return order < 0 || (order == 0 && x->token < y->token);
}

static void sort_few(entry *entries, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    entry held = entries[i];
    uint32_t at = i;
    for (; at > 0 && comes_before(&held, &entries[at - 1]); at--) entries[at] = entries[at - 1];
    entries[at] = held;
  }
}

/* Puts entries[count] in the order of their byte at `depth`; ends[] of each byte. */
static void part(entry *entries, entry *spare, uint32_t count, uint32_t depth, uint32_t ends[257]) {
  memset(ends, 0, 257 * sizeof *ends);
  for (uint32_t i = 0; i < count; i++) ends[byte_at(&entries[i], depth)]++;
  for (uint32_t byte = 0, at = 0; byte < 257; byte++) {
    uint32_t size = ends[byte];
    ends[byte] = at;
    at += size;
  }
  for (uint32_t i = 0; i < count; i++) spare[ends[byte_at(&entries[i], depth)]++] = entries[i];
  memcpy(entries, spare, count * sizeof *entries);
}

/* Sorts entries[count], whose first `depth` bytes are the same, by text, then by token, as they come. */
static void sort(entry *entries, entry *spare, uint32_t count, uint32_t depth) {
  for (; count > FEW; depth++) {
    uint32_t ends[257], largest = 1;
    part(entries, spare, count, depth, ends);
    for (uint32_t byte = 2; byte < 257; byte++)
      if (ends[byte] - ends[byte - 1] > ends[largest] - ends[largest - 1]) largest = byte;
    for (uint32_t byte = 1; byte < 257; byte++) /* those of 0 are all the same text */
      if (byte != largest) sort(entries + ends[byte - 1], spare, ends[byte] - ends[byte - 1], depth + 1);
    count =
        ends[largest] - ends[largest - 1]; /* goes on here, so that calls nest no deeper than log2(count) */
    entries += ends[largest - 1];
  }
  sort_few(entries, count);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static uint32_t shared_bytes(const entry *x, const entry *y) {
  uint32_t most = x->bytes < y->bytes ? x->bytes : y->bytes, count = 8;
  if (x->start != y->start) count = (uint32_t)__builtin_clzll(x->start ^ y->start) / 8;
  while (count >= 8 && count < most && x->text[count] == y->text[count]) count++;
  return count < most ? count : most;
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
  for (uint32_t i = 0; i < v->node_count; i = v->nodes[i].skip) v->roots[v->root_count++] = i;
}

void con_vocabulary_make(con_vocabulary *v, con_memory *memory, const rt_tokenizer *t, uint32_t vocab_size) {
  *v = (con_vocabulary){.size = vocab_size, .words = (vocab_size + 63) / 64, .tokenizer = t};
  making m = {.vocabulary = v, .memory = memory};
  v->same = con_take(memory, (size_t)vocab_size * sizeof *v->same);
  take_texts(&m, t);
  m.spare = con_take(memory, m.count * sizeof *m.spare);
  sort(m.entries, m.spare, m.count, 0);
  make_nodes(&m);
}
