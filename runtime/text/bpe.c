/*
 * bpe.c: byte pair encoding of one piece (Sennrich, Haddow, Birch, "Neural
 * Machine Translation of Rare Words with Subword Units"): of all neighbours
 * that may merge, the pair of lowest rank does, the leftmost of equals first,
 * until none may. Short pieces scan for it, long ones keep a queue (merge_queue.h).
 */
#include "text/encoder.h"
#include "text/merge_queue.h"

enum { SHORT_PIECE_SYMBOLS = 40 };

/* A symbol of a long piece; neighbours by index. */
typedef struct rt_symbol {
  uint32_t id;
  uint32_t rank; /* of the merge with the next symbol, or TOK_NONE; also of symbols that are gone */
  uint32_t previous, next;
} rt_symbol;

/* ---- a piece as symbols --------------------------------------------------------- */

/* Whether symbols are marked by their place in the piece, so that none is spelled as the piece is. */
static bool has_affixes(const rt_tokenizer *t) {
  return t->header->inside_bytes || t->header->ending_bytes;
}

/* The ids of one character's bytes if all have one (byte fallback). */
static bool push_bytes(rt_encoder *e, rt_slice character) {
  const uint32_t *byte_ids = e->tokenizer->byte_ids;
  for (size_t i = 0; i < character.count; i++)
    if (byte_ids[character.bytes[i]] == TOK_NONE) return false;
  for (size_t i = 0; i < character.count; i++) rt_push(&e->initial, byte_ids[character.bytes[i]]);
  return true;
}

/* Pushes the symbol that is spelled so, or its bytes, or the unknown token. */
static bool push_symbol(rt_encoder *e, rt_slice spelling) {
  uint32_t id = table_piece(e->tokenizer, spelling.bytes, spelling.count);
  if (id == TOK_NONE && !(e->tokenizer->header->flags & TOK_BYTE_LEVEL) && push_bytes(e, spelling))
    return true;
  if (id == TOK_NONE) id = e->tokenizer->header->unknown_id;
  return id == TOK_NONE || rt_push(&e->initial, id);
}

/* Symbols that are marked by their place in the piece. */
static bool marked_symbols(rt_encoder *e, rt_slice piece) {
  const tok_header *header = e->tokenizer->header;
  const uint8_t *affixes = e->tokenizer->step_bytes;
  for (size_t at = 0, length = 1; at < piece.count; at += length) {
    uint8_t spelling[2 * TOK_MAX_AFFIX_BYTES + 4], *end = spelling;
    uint32_t code;
    if (!(header->flags & TOK_BYTE_LEVEL)) length = utf8_next(piece.bytes + at, piece.count - at, &code);
    for (uint32_t i = 0; at && i < header->inside_bytes; i++) *end++ = affixes[header->inside_offset + i];
    for (size_t i = 0; i < length; i++) *end++ = piece.bytes[at + i];
    for (uint32_t i = 0; at + length == piece.count && i < header->ending_bytes; i++)
      *end++ = affixes[header->ending_offset + i];
    if (!push_symbol(e, (rt_slice){spelling, (size_t)(end - spelling)})) return false;
  }
  return true;
}

/* Fills e->initial. */
static bool piece_symbols(rt_encoder *e, rt_slice piece) {
  const rt_tokenizer *t = e->tokenizer;
  size_t longest = piece.count + 2 * TOK_MAX_AFFIX_BYTES;
  e->initial.count = 0;
  if (t->header->inside_bytes) longest += TOK_MAX_AFFIX_BYTES * piece.count;
  if (!rt_reserve(&e->initial.items, &e->initial.capacity, longest, sizeof(uint32_t))) return false;
  if (has_affixes(t)) return marked_symbols(e, piece);
  if (t->header->flags & TOK_BYTE_LEVEL) {
    for (size_t i = 0; i < piece.count; i++) {
      uint32_t id = t->byte_ids[piece.bytes[i]];
      if (id == TOK_NONE) id = t->header->unknown_id;
      if (id != TOK_NONE) rt_push(&e->initial, id);
    }
    return true;
  }
  for (size_t at = 0, length; at < piece.count; at += length) {
    uint32_t code;
    length = utf8_next(piece.bytes + at, piece.count - at, &code);
    if (!push_symbol(e, (rt_slice){piece.bytes + at, length})) return false;
  }
  return true;
}

/* ---- short pieces ---------------------------------------------------------------- */

static bool merge_short(rt_encoder *e) {
  const rt_tokenizer *t = e->tokenizer;
  uint32_t *ids = e->initial.items, ranks[SHORT_PIECE_SYMBOLS]; /* ranks[i]: of ids[i] with ids[i + 1] */
  size_t count = e->initial.count;
  for (size_t i = 0; i + 1 < count; i++) ranks[i] = table_rank(t, ids[i], ids[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; i++)
      if (ranks[i] < ranks[best]) best = i;
    if (ranks[best] == TOK_NONE) break;
    ids[best] = table_merged(t, ranks[best]);
    count--;
    for (size_t i = best + 1; i < count; i++) ids[i] = ids[i + 1];
    for (size_t i = best + 1; i + 1 < count; i++) ranks[i] = ranks[i + 1];
    if (best + 1 < count) ranks[best] = table_rank(t, ids[best], ids[best + 1]);
    if (best > 0) ranks[best - 1] = table_rank(t, ids[best - 1], ids[best]);
  }
  for (size_t i = 0; i < count; i++)
    if (!rt_push(&e->ids, ids[i])) return false;
  return true;
}

/* ---- long pieces -------------------------------------------------------------------- */

/* Ranks symbol `i` with its next one anew. The queue may keep its old pair, which no longer has its rank. */
static void rank_with_next(rt_encoder *e, uint32_t i) {
  rt_symbol *symbol = &e->symbols[i];
  symbol->rank =
      symbol->next == TOK_NONE ? TOK_NONE : table_rank(e->tokenizer, symbol->id, e->symbols[symbol->next].id);
  if (symbol->rank != TOK_NONE) merge_queue_add(e->merge_queue, symbol->rank, i);
}

static void merge_with_next(rt_encoder *e, uint32_t i) {
  rt_symbol *symbol = &e->symbols[i], *gone = &e->symbols[symbol->next];
  symbol->id = table_merged(e->tokenizer, symbol->rank);
  symbol->next = gone->next;
  gone->rank = TOK_NONE;
  if (symbol->next != TOK_NONE) e->symbols[symbol->next].previous = i;
  rank_with_next(e, i);
  if (symbol->previous != TOK_NONE) rank_with_next(e, symbol->previous);
}

static bool merge_long(rt_encoder *e) {
  uint32_t count = (uint32_t)e->initial.count;
  /* Each of at most count - 1 merges adds two pairs. */
  if (!rt_reserve(&e->symbols, &e->symbol_capacity, count, sizeof *e->symbols) ||
      !rt_merge_queue_of(e, 3 * (size_t)count))
    return false;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t next = i + 1 < count ? i + 1 : TOK_NONE;
    e->symbols[i] = (rt_symbol){.id = e->initial.items[i], .previous = i ? i - 1 : TOK_NONE, .next = next};
  }
  for (uint32_t i = 0; i < count; i++) rank_with_next(e, i);
  for (rt_pair_to_merge best;;) {
    if (!merge_queue_take(e->merge_queue, &best)) return false;
    if (best.rank == TOK_NONE) break;
    if (e->symbols[best.symbol].rank == best.rank) merge_with_next(e, best.symbol);
  }
  for (uint32_t i = 0; i != TOK_NONE; i = e->symbols[i].next)
    if (!rt_push(&e->ids, e->symbols[i].id)) return false;
  return true;
}

bool rt_encode_bpe(rt_encoder *e, rt_slice piece) {
  uint32_t id = has_affixes(e->tokenizer) ? TOK_NONE : table_piece(e->tokenizer, piece.bytes, piece.count);
  if (id != TOK_NONE) return rt_push(&e->ids, id);
  if (!piece_symbols(e, piece)) return false;
  if (!e->initial.count) return true;
  return e->initial.count <= SHORT_PIECE_SYMBOLS ? merge_short(e) : merge_long(e);
}
