/*
 * double_array.c: see double_array.h. Nodes are placed in breadth-first order,
 * each at the first base that fits in one of the last blocks of 256 units: older
 * blocks are nearly full, and time stays linear.
 */
#include "tokenizer/double_array.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_UNITS = 256, OPEN_BLOCKS = 16 };

/* The keys first .. last - 1 have the same `depth` bytes, which lead to `unit`. */
typedef struct {
  uint32_t first, last, depth, unit;
} trie_node;

typedef struct {
  arena *a;
  const tok_trie_key *keys;
  uint32_t *units;
  uint8_t *is_taken, *is_base; /* per unit */
  size_t count, capacity, taken_capacity, base_capacity;
  trie_node *nodes; /* a queue */
  size_t node_count, node_capacity;
} builder;

static int compare_keys(const void *x, const void *y) {
  const tok_trie_key *p = x, *q = y;
  size_t shorter = p->spelling.count < q->spelling.count ? p->spelling.count : q->spelling.count;
  int order = memcmp(p->spelling.bytes, q->spelling.bytes, shorter);
  if (order) return order;
  if (p->spelling.count != q->spelling.count) return p->spelling.count < q->spelling.count ? -1 : 1;
  return p->order < q->order ? -1 : p->order > q->order;
}

/* Sorted, without empty and repeated spellings; returns how many are left. */
static uint32_t settle_keys(tok_trie_key *keys, size_t count) {
  uint32_t filled = 0, kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (!keys[i].spelling.count) continue;
    keys[filled] = keys[i];
    keys[filled].order = filled;
    filled++;
  }
  if (filled) qsort(keys, filled, sizeof *keys, compare_keys);
  for (size_t i = 0; i < filled; i++) {
    bool same = kept && tok_equal(keys[kept - 1].spelling, keys[i].spelling);
    keys[same ? kept - 1 : kept++] = keys[i];
  }
  return kept;
}

static void add_block(builder *d) {
  for (int i = 0; i < BLOCK_UNITS; i++) {
    size_t count = d->count++;
    d->units = arena_grow(d->a, d->units, count, &d->capacity, sizeof *d->units);
    d->is_taken = arena_grow(d->a, d->is_taken, count, &d->taken_capacity, 1);
    d->is_base = arena_grow(d->a, d->is_base, count, &d->base_capacity, 1);
    d->units[count] = TOK_UNIT_VALUE;
    d->is_taken[count] = d->is_base[count] = 0;
  }
}

static bool fits(const builder *d, uint32_t base, const uint8_t *labels, size_t label_count) {
  if (d->is_base[base]) return false;
  for (size_t i = 0; i < label_count; i++)
    if (d->is_taken[base ^ labels[i]]) return false;
  return true;
}

static uint32_t find_base(builder *d, const uint8_t *labels, size_t label_count) {
  size_t blocks = d->count / BLOCK_UNITS, open = blocks < OPEN_BLOCKS ? blocks : OPEN_BLOCKS;
  for (size_t base = (blocks - open) * BLOCK_UNITS; base < d->count; base++)
    if (fits(d, (uint32_t)base, labels, label_count)) return (uint32_t)base;
  add_block(d);
  return (uint32_t)(d->count - BLOCK_UNITS);
}

/* The bytes that follow a node; 0 stands for the end of a spelling. */
static size_t labels_of(const builder *d, const trie_node *node, uint8_t labels[256]) {
  size_t count = 0;
  for (uint32_t i = node->first; i < node->last; i++) {
    tok_string spelling = d->keys[i].spelling;
    uint8_t label = spelling.count == node->depth ? 0 : (uint8_t)spelling.bytes[node->depth];
    if (!count || labels[count - 1] != label) labels[count++] = label;
  }
  return count;
}

static void place(builder *d, trie_node node) {
  uint8_t labels[256];
  size_t label_count = labels_of(d, &node, labels);
  uint32_t base = find_base(d, labels, label_count), first = node.first;
  d->is_base[base] = 1;
  d->units[node.unit] |= base << TOK_UNIT_BASE_SHIFT;
  for (size_t i = 0; i < label_count; i++) {
    uint32_t child = base ^ labels[i];
    d->is_taken[child] = 1;
    if (!labels[i]) {
      d->units[node.unit] |= TOK_UNIT_ENDS;
      d->units[child] = TOK_UNIT_VALUE | d->keys[first++].id;
      continue;
    }
    uint32_t last = first;
    while (last < node.last && (uint8_t)d->keys[last].spelling.bytes[node.depth] == labels[i]) last++;
    d->units[child] = labels[i];
    ARENA_PUSH(d->a, d->nodes, d->node_count, d->node_capacity) =
        (trie_node){first, last, node.depth + 1, child};
    first = last;
  }
}

status tok_pack_trie(tok_build *b, tok_trie_key *keys, size_t count) {
  builder d = {.a = b->a, .keys = keys};
  uint32_t key_count = settle_keys(keys, count);
  add_block(&d);
  d.units[0] = 0;
  d.is_taken[0] = 1;
  d.is_base[0] = 1; /* no value there: byte 0 would lead to the root again */
  if (key_count) ARENA_PUSH(b->a, d.nodes, d.node_count, d.node_capacity) = (trie_node){.last = key_count};
  for (size_t i = 0; i < d.node_count; i++) {
    place(&d, d.nodes[i]);
    if (d.count > TOK_MAX_UNITS)
      return fail(b->a, STATUS_INPUT, "the trie of the vocabulary has more than 2^22 units");
  }
  TOK_SET_SECTION(b, units, d.units, d.count);
  return OK;
}

status tok_pack_vocabulary_trie(tok_build *b, bool with_added) {
  size_t count = 0;
  tok_trie_key *keys = ARENA_ARRAY(b->a, tok_trie_key, b->vocab_size + b->added_count);
  for (uint32_t id = 0; id < b->vocab_size; id++) keys[count++] = (tok_trie_key){b->key[id], id, 0};
  for (size_t i = 0; with_added && i < b->added_count; i++)
    keys[count++] = (tok_trie_key){b->added[i].content, b->added[i].id, 0};
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < keys[i].spelling.count; k++)
      if (!keys[i].spelling.bytes[k])
        return fail(b->a, STATUS_INPUT, "the spelling of token %u holds a NUL", (unsigned)keys[i].id);
  return tok_pack_trie(b, keys, count);
}

uint32_t tok_find_unit(const tok_build *b, tok_string bytes) {
  const tok_section_data *section = &b->sections[TOK_SECTION_units];
  const uint32_t *units = section->data;
  uint32_t at = 0;
  for (size_t i = 0; i < bytes.count; i++) {
    at = tok_unit_base(units[at]) ^ (uint8_t)bytes.bytes[i];
    if (at >= section->count || !tok_unit_has_byte(units[at], (uint8_t)bytes.bytes[i])) return TOK_NONE;
  }
  return at;
}
