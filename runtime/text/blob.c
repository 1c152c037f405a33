/* blob.c: opening packed tables, with everything checked that a hostile blob could get wrong. */
#include "text/text.h"
#include "text/tables.h"

enum { CODE_BLOCKS = TOK_CODE_POINTS / TOK_CLASS_BLOCK };

static bool id_or_none(const rt_tokenizer *t, uint32_t id) {
  return id == TOK_NONE || id < t->header->vocab_size;
}

static bool ids_are_valid(const rt_tokenizer *t, const uint32_t *ids, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (ids[i] >= t->header->vocab_size) return false;
  return true;
}

/* Where a section's view is in a tokenizer, and how large its elements are. */
typedef struct {
  uint16_t view, count, element_bytes;
} section_place;

static const section_place section_places[TOK_SECTION_COUNT] = {
#define X(name, type) {offsetof(rt_tokenizer, name), offsetof(rt_tokenizer, name##_count), sizeof(type)},
    TOK_SECTIONS(X)
#undef X
};

/* Points each view at its section; NULL or what is wrong. */
static const char *map_sections(rt_tokenizer *t, const uint8_t *blob) {
  uint32_t limit = t->header->blob_bytes;
  for (int i = 0; i < TOK_SECTION_COUNT; i++) {
    const tok_section *section = &t->header->sections[i];
    const section_place *place = &section_places[i];
    if (section->offset % TOK_ALIGN_BYTES || section->offset > limit ||
        (limit - section->offset) / place->element_bytes < section->count)
      return "tokenizer: a section lies outside the blob";
    const uint8_t *elements = blob + section->offset;
    memcpy((char *)t + place->view, &elements, sizeof elements); /* pointers of any type */
    memcpy((char *)t + place->count, &section->count, sizeof section->count);
  }
  return NULL;
}

/* Whether a section of `bytes` bytes is that many packed numbers. */
static bool has_numbers(const rt_tokenizer *t, uint32_t bytes, uint32_t count) {
  return bytes == (uint64_t)count * t->header->number_bytes;
}

static const char *check_vocabulary(const rt_tokenizer *t) {
  uint32_t size = t->header->vocab_size;
  if (t->header->model >= TOK_MODELS) return "tokenizer: unknown model";
  if (!size || size > INT32_MAX) return "tokenizer: vocabulary size";
  if (t->sources_count && !has_numbers(t, t->sources_count, size)) return "tokenizer: table of sources";
  if (!t->piece_seeds_count != !t->piece_ids_count || t->piece_starts_count != t->piece_ids_count + 1ull)
    return "tokenizer: table of pieces";
  if (t->header->model == TOK_MODEL_UNIGRAM && t->scores_count != size + 1ull) return "tokenizer: scores";
  if (!t->text_starts_count) return "tokenizer: token texts";
  if (t->byte_ids_count != 256) return "tokenizer: table of bytes";
  for (uint32_t i = 0; i < 256; i++)
    if (!id_or_none(t, t->byte_ids[i])) return "tokenizer: table of bytes";
  if (!id_or_none(t, t->header->unknown_id)) return "tokenizer: unknown token";
  if (t->header->first_unlisted < size && t->header->unknown_id == TOK_NONE)
    return "tokenizer: unknown token";
  if (!ids_are_valid(t, t->prefix_ids, t->prefix_ids_count) ||
      !ids_are_valid(t, t->suffix_ids, t->suffix_ids_count))
    return "tokenizer: template";
  for (uint32_t i = 0; i < t->pair_items_count; i++)
    if (t->pair_items[i].kind >= TOK_PAIR_KINDS || t->pair_items[i].id >= size)
      return "tokenizer: template of pairs";
  return NULL;
}

static const char *check_merges(rt_tokenizer *t) {
  uint32_t width = t->header->number_bytes, count = t->header->merge_count;
  if ((width != 2 && width != 3) || count > 1u << 24) return "tokenizer: number of merges";
  t->merge_slot_count = t->merge_slots_count / width;
  if (!has_numbers(t, t->merges_count, 2 * count)) return "tokenizer: table of merges";
  if (!count != !t->merge_seeds_count || !count != !t->merge_slot_count) return "tokenizer: hash of merges";
  if (t->merged_ids_count && !has_numbers(t, t->merged_ids_count, count))
    return "tokenizer: results of merges";
  return NULL;
}

static const char *check_trie(const rt_tokenizer *t) {
  if (t->trie_nodes_count <= TOK_ROOT_NORMAL) return "tokenizer: trie without roots";
  for (uint32_t i = 0; i < t->trie_nodes_count; i++) {
    const tok_trie_node *node = &t->trie_nodes[i];
    if (node->first_edge > t->trie_edges_count || t->trie_edges_count - node->first_edge < node->edge_count)
      return "tokenizer: trie node";
    if (!id_or_none(t, node->id)) return "tokenizer: trie node";
  }
  for (uint32_t i = 0; i < t->trie_edges_count; i++)
    if (t->trie_edges[i].node >= t->trie_nodes_count) return "tokenizer: trie edge";
  return NULL;
}

/* A two-level table over all code points whose values are below `limit`. */
static bool two_level_is_valid(const uint16_t *blocks, uint32_t block_count, const uint8_t *values,
                               uint32_t value_count, uint32_t limit) {
  if (block_count < 1 || block_count > CODE_BLOCKS) return false;
  for (uint32_t i = 0; i < block_count; i++)
    if ((blocks[i] + 1u) * TOK_CLASS_BLOCK > value_count) return false;
  for (uint32_t i = 0; i < value_count; i++)
    if (values[i] >= limit) return false;
  return true;
}

static const char *check_splits(const rt_tokenizer *t) {
  uint32_t class_count = t->header->class_count;
  if (t->header->first_split > t->splits_count) return "tokenizer: number of splits";
  if (!t->splits_count) return NULL;
  if (t->splits_count > TOK_MAX_SPLITS) return "tokenizer: number of splits";
  if (class_count < 2 || class_count > 256 || t->header->bad_class >= class_count - 1 ||
      !two_level_is_valid(t->class_blocks, t->class_blocks_count, t->classes, t->classes_count,
                          class_count - 1))
    return "tokenizer: table of classes";
  for (uint32_t i = 0; i < t->byte_classes_count; i++)
    if (t->byte_classes[i] >= class_count - 1) return "tokenizer: classes of bytes";
  uint32_t steps_end = t->header->normalizer_steps;
  for (uint32_t i = 0; i < t->splits_count; i++) {
    const tok_split *split = &t->splits[i];
    bool cuts = i >= t->header->first_split;
    if (cuts && (split->steps_end < steps_end || split->steps_end > t->steps_count))
      return "tokenizer: split";
    if (cuts) steps_end = split->steps_end;
    if (split->over_bytes && t->byte_classes_count != 256) return "tokenizer: classes of bytes";
    if (split->kind >= TOK_SPLIT_KINDS || split->state_count < 2 || split->state_count > INT16_MAX)
      return "tokenizer: split";
    uint32_t count = split->state_count * class_count;
    if (split->first > t->transitions_count || t->transitions_count - split->first < count)
      return "tokenizer: split";
    for (uint32_t k = 0; k < count; k++)
      if (t->transitions[split->first + k] / 2 >= split->state_count) return "tokenizer: transition";
  }
  return NULL;
}

static bool slice_is_valid(const rt_tokenizer *t, uint32_t offset, uint32_t bytes) {
  return offset <= t->step_bytes_count && t->step_bytes_count - offset >= bytes;
}

static bool affix_is_valid(const rt_tokenizer *t, uint32_t offset, uint32_t bytes) {
  return bytes <= TOK_MAX_AFFIX_BYTES && slice_is_valid(t, offset, bytes);
}

/* A step's map of code points, whose replacements are all there. */
static bool map_is_valid(const rt_tokenizer *t, const tok_step *step) {
  if (step->a_offset >= t->map_blocks_count) return false;
  for (uint32_t i = 0; i < CODE_BLOCKS && i < t->map_blocks_count - step->a_offset; i++)
    if ((t->map_blocks[step->a_offset + i] + 1u) * TOK_CLASS_BLOCK > t->map_values_count) return false;
  for (uint32_t i = 0; i < t->map_values_count; i++)
    if (t->map_values[i] >= TOK_MAP_REPLACEMENT &&
        t->map_values[i] - TOK_MAP_REPLACEMENT + 1u >= t->map_starts_count)
      return false;
  return step->kind != TOK_STEP_LOWERCASE || t->letters_count;
}

/* The parts of a step, by its kind. */
static bool step_is_valid(const rt_tokenizer *t, const tok_step *step) {
  switch (step->kind) {
  case TOK_STEP_NFC:
  case TOK_STEP_NFD:
    return two_level_is_valid(t->mark_blocks, t->mark_blocks_count, t->marks, t->marks_count, 256);
  case TOK_STEP_MAP:
  case TOK_STEP_LOWERCASE:
    return map_is_valid(t, step);
  case TOK_STEP_CHARSMAP:
    return t->charsmap_units_count && t->charsmap_texts_count &&
           !t->charsmap_texts[t->charsmap_texts_count - 1];
  case TOK_STEP_REPLACE_MATCHES:
    return step->a_offset < t->header->first_split && slice_is_valid(t, step->b_offset, step->b_bytes);
  default:
    return step->kind < TOK_STEP_KINDS && slice_is_valid(t, step->a_offset, step->a_bytes) &&
           slice_is_valid(t, step->b_offset, step->b_bytes) &&
           (step->kind != TOK_STEP_REPLACE || step->a_bytes);
  }
}

static const char *check_steps(const rt_tokenizer *t) {
  if (t->header->normalizer_steps > t->steps_count) return "tokenizer: number of steps";
  if (t->letters_count &&
      !two_level_is_valid(t->letter_blocks, t->letter_blocks_count, t->letters, t->letters_count, 256))
    return "tokenizer: table of letters";
  if (!slice_is_valid(t, t->header->prefix_offset, t->header->prefix_bytes)) return "tokenizer: prefix";
  if (!affix_is_valid(t, t->header->inside_offset, t->header->inside_bytes) ||
      !affix_is_valid(t, t->header->ending_offset, t->header->ending_bytes))
    return "tokenizer: affix";
  for (uint32_t i = 0; i < t->steps_count; i++)
    if (!step_is_valid(t, &t->steps[i])) return "tokenizer: step";
  for (uint32_t i = 0; i < t->decompositions_count; i++)
    if (t->decompositions[i].first >= TOK_CODE_POINTS || t->decompositions[i].second >= TOK_CODE_POINTS)
      return "tokenizer: decomposition";
  for (uint32_t i = 0; i < t->compositions_count; i++)
    if (t->compositions[i].code >= TOK_CODE_POINTS) return "tokenizer: composition";
  return NULL;
}

const char *rt_tokenizer_open(rt_tokenizer *t, const void *blob, size_t bytes) {
  *t = (rt_tokenizer){.header = blob};
  if (!blob || bytes < sizeof(tok_header)) return "tokenizer: cut short";
  if ((uintptr_t)blob % TOK_ALIGN_BYTES) return "tokenizer: not aligned to 8 bytes";
  const tok_header *header = t->header;
  if (memcmp(header->magic, TOK_MAGIC, sizeof header->magic) != 0) return "tokenizer: not a packed tokenizer";
  if (header->version != TOK_VERSION) return "tokenizer: made by another version of smelt";
  if (header->blob_bytes > bytes) return "tokenizer: cut short";
  const char *wrong = map_sections(t, blob);
  if (!wrong) wrong = check_merges(t);
  if (!wrong) wrong = check_vocabulary(t);
  if (!wrong) wrong = check_trie(t);
  if (!wrong) wrong = check_splits(t);
  if (!wrong) wrong = check_steps(t);
  return wrong;
}
