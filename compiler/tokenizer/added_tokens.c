/* added_tokens.c: added tokens -> a trie over bytes with two roots, for raw and for normalised spelling. */
#include "tokenizer/build.h"

/* A node before packing: children as a list sorted by byte. */
typedef struct {
  uint32_t id, first_child, next_sibling; /* 0: none, for node 0 is nobody's child */
  uint8_t byte;
} draft_node;

typedef struct {
  arena *a;
  draft_node *nodes;
  size_t count, capacity;
} draft;

static uint32_t new_node(draft *d, uint8_t byte) {
  ARENA_PUSH(d->a, d->nodes, d->count, d->capacity) = (draft_node){.id = TOK_NONE, .byte = byte};
  return (uint32_t)d->count - 1;
}

static uint32_t child_of(draft *d, uint32_t parent, uint8_t byte) {
  uint32_t before = 0, at = d->nodes[parent].first_child;
  while (at && d->nodes[at].byte < byte) before = at, at = d->nodes[at].next_sibling;
  if (at && d->nodes[at].byte == byte) return at;
  uint32_t child = new_node(d, byte);
  d->nodes[child].next_sibling = at;
  *(before ? &d->nodes[before].next_sibling : &d->nodes[parent].first_child) = child;
  return child;
}

static void pack_trie(tok_build *b, const draft *d) {
  tok_trie_node *nodes = ARENA_ARRAY(b->a, tok_trie_node, d->count);
  tok_trie_edge *edges = ARENA_ARRAY(b->a, tok_trie_edge, d->count);
  uint32_t edge_count = 0;
  for (size_t i = 0; i < d->count; i++) {
    nodes[i] = (tok_trie_node){.first_edge = edge_count, .id = d->nodes[i].id};
    for (uint32_t child = d->nodes[i].first_child; child; child = d->nodes[child].next_sibling)
      edges[edge_count++] = (tok_trie_edge){.byte = d->nodes[child].byte, .node = child};
    nodes[i].edge_count = edge_count - nodes[i].first_edge;
  }
  TOK_SET_SECTION(b, trie_nodes, nodes, d->count);
  TOK_SET_SECTION(b, trie_edges, edges, edge_count);
}

status tok_pack_added_tokens(tok_build *b) {
  draft d = {.a = b->a};
  new_node(&d, 0); /* TOK_ROOT_RAW */
  new_node(&d, 0); /* TOK_ROOT_NORMAL */
  for (size_t i = 0; i < b->added_count; i++) {
    const tok_added_token *token = &b->added[i];
    bool normalized = token->normalized && b->header.normalizer_steps;
    tok_string content =
        normalized && !b->added_as_spelled ? tok_normalize(b, token->content) : token->content;
    uint32_t at = normalized ? TOK_ROOT_NORMAL : TOK_ROOT_RAW;
    for (size_t k = 0; k < content.count; k++) at = child_of(&d, at, (uint8_t)content.bytes[k]);
    if (content.count) d.nodes[at].id = token->id;
  }
  pack_trie(b, &d);
  return OK;
}
