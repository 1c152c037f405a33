/* pair.c: two texts as a model of pairs wants them: the template's tokens around and between, a type for each
 * token, and no more than the model reads. */
#include "text/encoder.h"

/* Moves the ids of the last text to `to`. */
static bool take_ids(rt_encoder *e, rt_words *to) {
  to->count = 0;
  if (!rt_reserve(&to->items, &to->capacity, e->ids.count, sizeof *to->items)) return false;
  if (e->ids.count) memcpy(to->items, e->ids.items, e->ids.count * sizeof *to->items);
  to->count = e->ids.count;
  return true;
}

/* How many of each text's ids are kept, of `room` in all: the longer text loses first, then both alike. */
static void share_room(size_t room, size_t *first, size_t *second) {
  bool swapped = *first > *second;
  size_t shorter = swapped ? *second : *first, longer = swapped ? *first : *second;
  if (shorter + longer <= room) return;
  longer = shorter > room ? shorter : room - shorter > shorter ? room - shorter : shorter;
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  *first = swapped ? longer : shorter;
  *second = swapped ? shorter : longer;
}

/* The same where only one of the texts is cut, of which a token is left. False: there is no room for it. */
static bool cut_one(size_t room, size_t *cut, size_t kept) {
  if (*cut + kept <= room) return true;
  if (kept >= room) return false;
  *cut = room - kept;
  return true;
}

static bool cut(const rt_tokenizer *t, unsigned flags, size_t room, size_t *first, size_t *second) {
  uint32_t own = flags & (RT_CUT_LONGEST | RT_CUT_FIRST | RT_CUT_SECOND) ? 0 : t->header->flags;
  if (flags & RT_CUT_FIRST || own & TOK_TRUNCATE_FIRST) return cut_one(room, first, *second);
  if (flags & RT_CUT_SECOND || own & TOK_TRUNCATE_SECOND) return cut_one(room, second, *first);
  share_room(room, first, second);
  return true;
}

static bool push_typed(rt_encoder *e, uint32_t id, uint32_t type) {
  return rt_push(&e->ids, id) && rt_push(&e->types, type);
}

/* The first `count` ids, or the last where the tokenizer cuts texts at their start. */
static bool push_text(rt_encoder *e, const rt_words *ids, size_t count, uint32_t type) {
  size_t begin = e->tokenizer->header->flags & TOK_TRUNCATE_START ? ids->count - count : 0;
  for (size_t i = 0; i < count; i++)
    if (!push_typed(e, ids->items[begin + i], type)) return false;
  return true;
}

bool rt_encode_pair(rt_encoder *e, rt_pair pair, size_t most_ids, unsigned flags) {
  const rt_tokenizer *t = e->tokenizer;
  bool is_special = flags & RT_ADD_SPECIAL;
  size_t special_count = 0;
  for (uint32_t i = 0; is_special && i < t->pair_items_count; i++)
    special_count += t->pair_items[i].kind == TOK_PAIR_TOKEN;
  if (most_ids < special_count || !rt_encode(e, pair.first, pair.first_bytes, flags & ~RT_ADD_SPECIAL) ||
      !take_ids(e, &e->first) || !rt_encode(e, pair.second, pair.second_bytes, flags & ~RT_ADD_SPECIAL) ||
      !take_ids(e, &e->second))
    return false;
  size_t first = e->first.count, second = e->second.count;
  e->ids.count = e->types.count = 0;
  if (!cut(t, flags, most_ids - special_count, &first, &second)) return false;
  for (uint32_t i = 0; i < t->pair_items_count; i++) {
    const tok_pair_item *item = &t->pair_items[i];
    bool done = item->kind == TOK_PAIR_FIRST    ? push_text(e, &e->first, first, item->type)
                : item->kind == TOK_PAIR_SECOND ? push_text(e, &e->second, second, item->type)
                                                : !is_special || push_typed(e, item->id, item->type);
    if (!done) return false;
  }
  return true;
}
