/*
 * unigram.c: the tokens of a piece whose scores have the highest sum (Viterbi).
 * The reference's sums are doubles, added from the left, and of equal sums the
 * way whose last token begins first wins; after rounding sums may become equal
 * or not, so all ways to a place that are that close are kept. SentencePiece's
 * own sums are floats, of which the best is kept. Time is O(n) in
 * the piece times the tokens that begin at one place.
 */
#include "text/encoder.h"

#include <float.h>

/* A way from the start of the piece to some end: its last token, and the way before. */
typedef struct rt_way {
  double score;
  uint32_t id;       /* TOK_NONE: an unknown character */
  uint32_t end;      /* in the piece, bytes */
  uint32_t previous; /* way, or TOK_NONE */
  uint32_t next;     /* another way to this end, begun before, or TOK_NONE */
} rt_way;

static double magnitude(double x) {
  return x < 0 ? -x : x;
}

/* Keeps a way unless one to the same end is better by more than rounding could hide. Of the ways to an end,
 * those that are worse by as much make room. */
static bool add_way(rt_encoder *e, rt_way way, double largest_score) {
  uint32_t *head = &e->ways_to.items[way.end];
  double best = way.score;
  for (uint32_t i = *head; i != TOK_NONE; i = e->ways[i].next)
    if (e->ways[i].score > best) best = e->ways[i].score;
  double slack = 8 * DBL_EPSILON * (magnitude(best) + largest_score);
  if (way.score < best - slack) return true;
  if (*head != TOK_NONE && e->ways[*head].score < way.score - slack && e->ways[*head].next == TOK_NONE) {
    e->ways[*head] = way;
    return true;
  }
  if (!rt_reserve(&e->ways, &e->way_capacity, e->way_count + 1, sizeof *e->ways)) return false;
  way.next = *head;
  *head = (uint32_t)e->way_count;
  e->ways[e->way_count++] = way;
  return true;
}

/* As SentencePiece has it: sums are kept as floats, one way to each end, the first of equals. */
static bool add_single_way(rt_encoder *e, rt_way way) {
  uint32_t *head = &e->ways_to.items[way.end];
  if (*head != TOK_NONE && way.score <= e->ways[*head].score) return true;
  way.score = (float)way.score;
  if (*head != TOK_NONE) {
    e->ways[*head] = way;
    return true;
  }
  if (!rt_reserve(&e->ways, &e->way_capacity, e->way_count + 1, sizeof *e->ways)) return false;
  *head = (uint32_t)e->way_count;
  e->ways[e->way_count++] = way;
  return true;
}

/* Adds the token `id` or an unknown character to the way to `begin` that is best with it. */
static bool extend(rt_encoder *e, size_t begin, size_t end, uint32_t id) {
  const rt_tokenizer *t = e->tokenizer;
  double unknown_score = t->scores[t->header->vocab_size];
  double score = id == TOK_NONE ? unknown_score : t->scores[id];
  rt_way way = {.id = id, .end = (uint32_t)end, .next = TOK_NONE};
  way.previous = e->ways_to.items[begin];
  way.score = e->ways[way.previous].score + score;
  if (t->header->flags & TOK_SINGLE_SUMS) return add_single_way(e, way);
  for (uint32_t i = e->ways[way.previous].next; i != TOK_NONE; i = e->ways[i].next) {
    double sum = e->ways[i].score + score;
    if (sum < way.score) continue;
    way.score = sum;
    way.previous = i;
  }
  return add_way(e, way, magnitude(unknown_score));
}

/* All tokens that begin at `at`; an unknown character where none is one character. */
static bool extend_from(rt_encoder *e, rt_slice piece, size_t at) {
  const rt_tokenizer *t = e->tokenizer;
  uint32_t code, unit = 0;
  size_t next = at + utf8_next(piece.bytes + at, piece.count - at, &code);
  bool known = false;
  for (size_t end = at; end < piece.count;) {
    unit = table_child(t, unit, piece.bytes[end++]);
    if (unit == TOK_NONE) break;
    uint32_t id = table_unit_id(t, unit);
    if (id == TOK_NONE) continue;
    if (!extend(e, at, end, id)) return false;
    known = known || end == next;
  }
  return known || extend(e, at, next, TOK_NONE);
}

/* The ids of an unknown character: its bytes' if all have one, or the unknown token's. */
static bool push_unknown(rt_encoder *e, rt_slice character) {
  const rt_tokenizer *t = e->tokenizer;
  bool has_bytes = true;
  for (size_t i = 0; i < character.count; i++)
    has_bytes = has_bytes && t->byte_ids[character.bytes[i]] != TOK_NONE;
  for (size_t i = 0; has_bytes && i < character.count; i++)
    if (!rt_push(&e->ids, t->byte_ids[character.bytes[i]])) return false;
  return has_bytes || t->header->unknown_id == TOK_NONE || rt_push(&e->ids, t->header->unknown_id);
}

/* The best way to the end of the piece, turned round. */
static bool push_best_way(rt_encoder *e, rt_slice piece) {
  uint32_t best = e->ways_to.items[piece.count];
  for (uint32_t i = best; i != TOK_NONE; i = e->ways[i].next)
    if (e->ways[i].score >= e->ways[best].score) best = i;
  e->initial.count = 0;
  for (uint32_t i = best; e->ways[i].previous != TOK_NONE; i = e->ways[i].previous)
    if (!rt_push(&e->initial, i)) return false;
  size_t begin = 0;
  for (size_t k = e->initial.count; k-- > 0;) {
    const rt_way *way = &e->ways[e->initial.items[k]];
    rt_slice token = {piece.bytes + begin, way->end - begin};
    if (!(way->id == TOK_NONE ? push_unknown(e, token) : rt_push(&e->ids, way->id))) return false;
    begin = way->end;
  }
  return true;
}

bool rt_encode_unigram(rt_encoder *e, rt_slice piece) {
  rt_way start = {.previous = TOK_NONE, .next = TOK_NONE};
  e->way_count = 0;
  if (!rt_reserve(&e->ways_to.items, &e->ways_to.capacity, piece.count + 1, sizeof(uint32_t))) return false;
  for (size_t i = 0; i <= piece.count; i++) e->ways_to.items[i] = TOK_NONE;
  if (!add_way(e, start, 0)) return false;
  for (size_t at = 0; at < piece.count; at++)
    if (e->ways_to.items[at] != TOK_NONE && !extend_from(e, piece, at)) return false;
  return push_best_way(e, piece);
}
