/*
 * manifest.c: the manifest of an image, checked in full before anything of it
 * is used. It may come from a damaged file, so each count, offset and index is
 * compared with the manifest's size first.
 */
#include "core/core.h"

#include <string.h>

/* The manifest as bytes while it is being checked. */
typedef struct {
  const uint8_t *base;
  size_t bytes;
  rt_manifest *view;
} checker;

/* count structs of `size` bytes, aligned to `alignment`, at offset; an absent one is fine when count is 0. */
static bool array_fits(const checker *c, smelt_offset offset, uint64_t count, size_t size, size_t alignment) {
  if (count == 0) return true;
  return offset != 0 && offset % alignment == 0 && offset <= c->bytes && count <= (c->bytes - offset) / size;
}

static bool text_ends(const checker *c, smelt_offset offset) {
  return offset < c->bytes && memchr(c->base + offset, 0, c->bytes - offset) != NULL;
}

/* A name must be there and not be empty. */
static bool name_fits(const checker *c, smelt_offset offset) {
  return offset != 0 && text_ends(c, offset) && c->base[offset] != 0;
}

const char *rt_manifest_text(const rt_manifest *view, smelt_offset offset) {
  return offset ? (const char *)view->header + offset : "";
}

const char *rt_manifest_label(const rt_manifest *view, uint32_t index) {
  const uint8_t *labels = (const uint8_t *)view->header + view->reader->labels;
  return rt_manifest_text(view, ((const smelt_offset *)(const void *)labels)[index]);
}

const smelt_manifest_tensor *rt_manifest_tensors(const rt_manifest *view, smelt_offset offset) {
  return (const smelt_manifest_tensor *)(const void *)((const uint8_t *)view->header + offset);
}

const int32_t *rt_manifest_tokens(const rt_manifest *view, const smelt_manifest_tokens *list) {
  return (const int32_t *)(const void *)((const uint8_t *)view->header + list->tokens);
}

const float *rt_manifest_floats(const rt_manifest *view, smelt_offset floats) {
  return (const float *)(const void *)((const uint8_t *)view->header + floats);
}

const smelt_manifest_step *rt_manifest_steps(const rt_manifest *view, const smelt_manifest_entry *entry) {
  return (const smelt_manifest_step *)(const void *)((const uint8_t *)view->header + entry->steps);
}

#define X(NAME, value, text, bytes) [SMELT_##NAME] = {text, bytes},
static const struct {
  const char *text;
  uint32_t bytes;
} dtypes[] = {SMELT_DTYPES(X)};
#undef X

uint32_t rt_dtype_bytes(uint32_t dtype) {
  return dtype < SMELT_DTYPE_COUNT ? dtypes[dtype].bytes : 0;
}
const char *rt_dtype_text(uint32_t dtype) {
  return dtype < SMELT_DTYPE_COUNT ? dtypes[dtype].text : "?";
}

static bool program_fits(const checker *c, smelt_offset offset) {
  if (!array_fits(c, offset, 1, sizeof(int64_t), sizeof(int64_t))) return false;
  const int64_t *words = (const int64_t *)(const void *)(c->base + offset);
  return rt_dim_check(words, (c->bytes - offset) / sizeof(int64_t), c->view->header->symbol_count);
}

static const char *check_dims(const checker *c, const smelt_manifest_tensor *tensor) {
  if (!array_fits(c, tensor->dims, tensor->rank, sizeof(smelt_offset), sizeof(smelt_offset)) ||
      !array_fits(c, tensor->dim_texts, tensor->rank, sizeof(smelt_offset), sizeof(smelt_offset)))
    return "the dims of a tensor lie outside the manifest";
  const smelt_offset *programs = (const smelt_offset *)(const void *)(c->base + tensor->dims);
  const smelt_offset *texts = (const smelt_offset *)(const void *)(c->base + tensor->dim_texts);
  for (uint32_t axis = 0; axis < tensor->rank; axis++) {
    if (!program_fits(c, programs[axis])) return "a size is no valid expression inside the manifest";
    if (!text_ends(c, texts[axis])) return "the text of a size does not end";
  }
  return NULL;
}

static const char *check_tensors(const checker *c, const smelt_manifest_entry *entry, smelt_offset offset,
                                 uint32_t count, bool in_arena) {
  if (!array_fits(c, offset, count, sizeof(smelt_manifest_tensor), 8))
    return "the inputs or outputs of an entry lie outside the manifest";
  const smelt_manifest_tensor *tensors = rt_manifest_tensors(c->view, offset);
  for (uint32_t i = 0; i < count; i++) {
    const smelt_manifest_tensor *tensor = &tensors[i];
    if (!name_fits(c, tensor->name)) return "a tensor has no name";
    if (tensor->dtype >= SMELT_DTYPE_COUNT) return "a tensor has no known dtype";
    if (tensor->rank > SMELT_MAX_RANK) return "a tensor has too many axes";
    if (in_arena && (tensor->arena_offset > entry->arena_bytes ||
                     tensor->arena_offset % rt_dtype_bytes(tensor->dtype) != 0))
      return "an output lies outside the arena";
    const char *wrong = check_dims(c, tensor);
    if (wrong) return wrong;
  }
  return NULL;
}

static const char *check_steps(const checker *c, const smelt_manifest_entry *entry) {
  if (!array_fits(c, entry->steps, entry->step_count, sizeof(smelt_manifest_step), 4))
    return "the steps of an entry lie outside the manifest";
  const smelt_manifest_step *steps = rt_manifest_steps(c->view, entry);
  for (uint32_t i = 0; i < entry->step_count; i++) {
    if (!name_fits(c, steps[i].label)) return "a step has no label";
    if (steps[i].dtype >= SMELT_DTYPE_COUNT) return "a step has no known dtype";
    if (!program_fits(c, steps[i].flops) || !program_fits(c, steps[i].bytes))
      return "the work of a step is no valid expression";
  }
  return NULL;
}

static const char *check_entries(const checker *c) {
  const smelt_manifest *header = c->view->header;
  for (uint32_t i = 0; i < header->entry_count; i++) {
    const smelt_manifest_entry *entry = &c->view->entries[i];
    if (!name_fits(c, entry->name)) return "an entry has no name";
    if (entry->arena_bytes > header->arena_bytes) return "an entry needs more than the arena";
    const char *wrong = check_tensors(c, entry, entry->inputs, entry->input_count, false);
    if (!wrong) wrong = check_tensors(c, entry, entry->outputs, entry->output_count, true);
    if (!wrong) wrong = check_steps(c, entry);
    if (wrong) return wrong;
  }
  return NULL;
}

static const char *check_symbols(const checker *c) {
  for (uint32_t i = 0; i < c->view->header->symbol_count; i++) {
    if (!name_fits(c, c->view->symbols[i].name)) return "a symbol has no name";
    if (c->view->symbols[i].maximum < 0) return "a symbol has no valid maximum";
  }
  return NULL;
}

/* low <= value < end, or value is SMELT_NONE where that is allowed. */
static bool index_fits(int32_t value, uint32_t end, bool may_be_none) {
  return value == SMELT_NONE ? may_be_none : value >= 0 && (uint32_t)value < end;
}

/* One input of token ids, [1, n] i64; and where logits are wanted, output 0 f32 [1, 1, V]. */
static bool is_token_entry(const rt_manifest *view, int32_t index, bool has_logits) {
  if (index == SMELT_NONE) return true;
  const smelt_manifest_entry *entry = &view->entries[index];
  if (entry->input_count != 1) return false;
  const smelt_manifest_tensor *ids = rt_manifest_tensors(view, entry->inputs);
  if (ids->dtype != SMELT_I64 || ids->rank != 2) return false;
  if (!has_logits) return true;
  if (entry->output_count < 1) return false;
  const smelt_manifest_tensor *logits = rt_manifest_tensors(view, entry->outputs);
  return logits->dtype == SMELT_F32 && logits->rank == 3;
}

/* The encoder's one input: token ids, or features. */
static bool is_encoder_entry(const rt_manifest *view, int32_t index, bool reads_features) {
  if (index == SMELT_NONE || !reads_features) return is_token_entry(view, index, false);
  return view->entries[index].input_count == 1;
}

static bool choices_fit(const smelt_manifest_choices *defaults) {
  const int32_t whole[] = {
      defaults->max_new_tokens,
      defaults->min_new_tokens,
      defaults->min_length,
      defaults->no_repeat_ngram,
      defaults->top_k,
      defaults->beams,
      defaults->beam_groups,
      defaults->early_stopping,
      defaults->samples,
      defaults->max_length,
      defaults->decay_start,
      defaults->renormalises,
      defaults->source_no_repeat_ngram,
  };
  const float shares[] = {defaults->top_p, defaults->min_p, defaults->typical_p, defaults->epsilon_cutoff,
                          defaults->eta_cutoff};
  const float others[] = {defaults->temperature, defaults->repetition_penalty, defaults->diversity_penalty,
                          defaults->source_penalty, defaults->decay_factor};
  for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
    if (whole[i] < 0) return false;
  if (defaults->beams > SMELT_MAX_BEAMS || defaults->beam_groups > SMELT_MAX_BEAMS) return false;
  for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
    if (!(shares[i] >= 0 && shares[i] <= 1)) return false; /* NaN is neither */
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (!(others[i] >= 0)) return false;
  return defaults->length_penalty == defaults->length_penalty && defaults->early_stopping < SMELT_STOP_KINDS;
}

/* A list of tokens of the vocabulary, or of `lowest`. */
static bool tokens_fit(const checker *c, const smelt_manifest_tokens *list, int32_t lowest) {
  if (list->count < 0 || !array_fits(c, list->tokens, (uint64_t)list->count, sizeof(int32_t), 4))
    return false;
  const int32_t *tokens = rt_manifest_tokens(c->view, list);
  for (int32_t i = 0; i < list->count; i++)
    if (tokens[i] < lowest || tokens[i] >= c->view->generation->vocab_size) return false;
  return true;
}

/* Sequences of tokens, none empty, each ended. */
static bool sequences_fit(const checker *c, const smelt_manifest_tokens *list) {
  if (!tokens_fit(c, list, SMELT_NONE)) return false;
  const int32_t *tokens = rt_manifest_tokens(c->view, list);
  for (int32_t i = 0; i < list->count; i++)
    if (tokens[i] == SMELT_NONE && (i == 0 || tokens[i - 1] == SMELT_NONE)) return false;
  return list->count == 0 || tokens[list->count - 1] == SMELT_NONE;
}

static const char *check_generation(const checker *c) {
  const rt_manifest *view = c->view;
  const smelt_manifest_generation *g = view->generation;
  uint32_t entries = view->header->entry_count, symbols = view->header->symbol_count;
  bool has_prefill = g->prefill_entry != SMELT_NONE, has_encoder = g->encode_entry != SMELT_NONE;
  bool reads_features = has_encoder && g->max_encoder_tokens == 0;
  if (!index_fits(g->decode_entry, entries, false) || !index_fits(g->prefill_entry, entries, true) ||
      !index_fits(g->encode_entry, entries, true) || !index_fits(g->verify_entry, entries, true))
    return "generation names an entry that does not exist";
  if (!index_fits(g->past_symbol, symbols, false) || !index_fits(g->sequence_symbol, symbols, !has_prefill) ||
      !index_fits(g->encoder_symbol, symbols, !has_encoder || reads_features))
    return "generation names a symbol that does not exist";
  if (!is_token_entry(view, g->decode_entry, true) || !is_token_entry(view, g->prefill_entry, true) ||
      !is_token_entry(view, g->verify_entry, true) ||
      !is_encoder_entry(view, g->encode_entry, reads_features))
    return "an entry used for generation has other inputs or outputs";
  if (g->vocab_size < 1 || g->max_tokens < 1 || (has_prefill && g->prefill_tokens < 1) ||
      (g->verify_entry != SMELT_NONE && (g->verify_tokens < 1 || !has_prefill)) ||
      (has_encoder && g->max_encoder_tokens < 0))
    return "generation has a size out of range";
  uint32_t vocab_size = (uint32_t)g->vocab_size;
  if (!index_fits(g->bos_token, vocab_size, true) || !index_fits(g->pad_token, vocab_size, true) ||
      !index_fits(g->decoder_start_token, vocab_size, !has_encoder))
    return "a special token is outside the vocabulary";
  if (g->end_token_count < 0 || g->end_token_count > SMELT_MAX_END_TOKENS)
    return "generation has too many end tokens";
  if (g->forced_token_count < 0 || g->forced_token_count > SMELT_MAX_FORCED_TOKENS)
    return "generation has too many forced tokens";
  for (int32_t i = 0; i < g->forced_token_count; i++)
    if (!index_fits(g->forced_tokens[i], vocab_size, true)) return "a forced token is outside the vocabulary";
  if (!choices_fit(&g->choices)) return "generation has a default out of range";
  if (!tokens_fit(c, &g->suppressed, 0) || !tokens_fit(c, &g->suppressed_first, 0) ||
      !tokens_fit(c, &g->bad_words, SMELT_NONE) || !tokens_fit(c, &g->forced_first, 0) ||
      !tokens_fit(c, &g->forced_last, 0) || !sequences_fit(c, &g->biased) ||
      !array_fits(c, g->biases, (uint64_t)g->biased.count, sizeof(float), 4))
    return "generation has a list of tokens that is not valid";
  return NULL;
}

const smelt_manifest_prompt *rt_manifest_prompts(const rt_manifest *view) {
  const uint8_t *prompts = (const uint8_t *)view->header + view->reader->prompts;
  return (const smelt_manifest_prompt *)(const void *)prompts;
}

const smelt_manifest_language *rt_manifest_languages(const rt_manifest *view) {
  return (const smelt_manifest_language *)(const void *)((const uint8_t *)view->header +
                                                         view->hearing->languages);
}

/* The encoder's input is what sound becomes: f32 [1, samples] or [1, bands, frames]. */
static bool reads_sound(const rt_manifest *view) {
  const smelt_manifest_generation *g = view->generation;
  const smelt_manifest_hearing *h = view->hearing;
  if (g->encode_entry == SMELT_NONE || g->max_encoder_tokens != 0) return false;
  const smelt_manifest_tensor *input = rt_manifest_tensors(view, view->entries[g->encode_entry].inputs);
  return input->dtype == SMELT_F32 && input->rank == (h->fft_size ? 3 : 2);
}

/* Sizes with which a second of sound takes a bounded time and memory. */
static bool sizes_of_sound_fit(const smelt_manifest_hearing *h) {
  enum { MOST = 1 << 24 };
  return h->rate > 0 && h->rate <= MOST && h->fft_size >= 0 && h->fft_size <= MOST && h->hop > 0 &&
         h->hop <= h->window && h->window <= MOST && h->bands >= 0 && h->bands <= MOST &&
         (h->fft_size == 0 || (h->bands > 0 && h->window > h->fft_size / 2));
}

static const char *check_hearing(const checker *c) {
  const rt_manifest *view = c->view;
  const smelt_manifest_hearing *h = view->hearing;
  uint32_t vocab_size = (uint32_t)view->generation->vocab_size;
  if (!sizes_of_sound_fit(h)) return "a size of sound is out of range";
  if (!reads_sound(view)) return "the encoder does not read what sound becomes";
  if (!index_fits(h->no_timestamps_token, vocab_size, true) ||
      !index_fits(h->transcribe_token, vocab_size, true) ||
      !index_fits(h->translate_token, vocab_size, true) || h->most_initial_time < SMELT_NONE)
    return "a token of speech is outside the vocabulary";
  if (!array_fits(c, h->languages, h->language_count, sizeof(smelt_manifest_language), 4))
    return "the languages lie outside the manifest";
  const smelt_manifest_language *languages = rt_manifest_languages(view);
  for (uint32_t i = 0; i < h->language_count; i++)
    if (!name_fits(c, languages[i].code) || !index_fits(languages[i].token, vocab_size, false))
      return "a language has no name or no token";
  return NULL;
}

/* Token ids and what goes with them: i64 or i32 [batch, tokens]. */
static bool is_reader_input(const rt_manifest *view, int32_t index, bool may_be_none) {
  const smelt_manifest_entry *entry = &view->entries[0];
  if (!index_fits(index, entry->input_count, may_be_none)) return false;
  if (index == SMELT_NONE) return true;
  const smelt_manifest_tensor *tensor = &rt_manifest_tensors(view, entry->inputs)[index];
  return (tensor->dtype == SMELT_I64 || tensor->dtype == SMELT_I32) && tensor->rank == 2;
}

/* How many axes the answer to a text has. */
static const uint32_t answer_ranks[SMELT_HEAD_COUNT] = {
    [SMELT_HEAD_STATES] = 3,       [SMELT_HEAD_VECTOR] = 2,      [SMELT_HEAD_LABELS] = 2,
    [SMELT_HEAD_TOKEN_LABELS] = 3, [SMELT_HEAD_NEXT_TOKENS] = 3, [SMELT_HEAD_FILLINGS] = 3,
    [SMELT_HEAD_ANSWERS] = 2,      [SMELT_HEAD_MATCHES] = 2,
};

static bool is_answer(const rt_manifest *view, int32_t index, uint32_t head) {
  const smelt_manifest_entry *entry = &view->entries[0];
  if (!index_fits(index, entry->output_count, false)) return false;
  const smelt_manifest_tensor *output = &rt_manifest_tensors(view, entry->outputs)[index];
  return output->dtype == SMELT_F32 && output->rank == answer_ranks[head];
}

static const char *check_reader(const checker *c) {
  const rt_manifest *view = c->view;
  const smelt_manifest_reader *r = view->reader;
  if (!is_reader_input(view, r->ids_input, view->vision && r->head != SMELT_HEAD_MATCHES) ||
      !is_reader_input(view, r->mask_input, true) || !is_reader_input(view, r->types_input, true) ||
      !is_reader_input(view, r->positions_input, true))
    return "an input of the text's tokens does not exist or is none";
  if (r->head >= SMELT_HEAD_COUNT || !is_answer(view, r->output, r->head))
    return "the answer to a text is no output";
  if (r->head == SMELT_HEAD_ANSWERS && !is_answer(view, r->last_output, r->head))
    return "the end of an answer is no output";
  if (r->head == SMELT_HEAD_FILLINGS && r->mask_token < 0) return "there is no mask to be filled";
  if ((r->max_tokens < 1 && r->ids_input != SMELT_NONE) || r->pad_token < 0 || r->most_rows < 0 ||
      r->most_rows > SMELT_MOST_ROWS || r->pooling >= SMELT_POOLING_COUNT ||
      r->scoring >= SMELT_SCORING_COUNT)
    return "what is made of a text is out of range";
  if (!r->label_count && (r->head == SMELT_HEAD_LABELS || r->head == SMELT_HEAD_TOKEN_LABELS))
    return "there are no labels";
  if (!array_fits(c, r->labels, r->label_count, sizeof(smelt_offset), sizeof(smelt_offset)))
    return "the labels lie outside the manifest";
  const smelt_offset *labels = (const smelt_offset *)(const void *)(c->base + r->labels);
  for (uint32_t i = 0; i < r->label_count; i++)
    if (labels[i] == 0 || !text_ends(c, labels[i])) return "a label does not end";
  if (!array_fits(c, r->prompts, r->prompt_count, sizeof(smelt_manifest_prompt), 4) ||
      r->default_prompt > r->prompt_count)
    return "the prompts lie outside the manifest";
  const smelt_manifest_prompt *prompts = rt_manifest_prompts(view);
  for (uint32_t i = 0; i < r->prompt_count; i++)
    if (!name_fits(c, prompts[i].name) || !text_ends(c, prompts[i].text)) return "a prompt does not end";
  return NULL;
}

static bool is_number(double x) {
  return x - x == 0;
}

static const char *check_vision(const checker *c) {
  const rt_manifest *view = c->view;
  const smelt_manifest_vision *v = view->vision;
  if (!view->reader || !index_fits(v->pixels_input, view->entries[0].input_count, false))
    return "the input of an image's pixels does not exist";
  const smelt_manifest_tensor *pixels = &rt_manifest_tensors(view, view->entries[0].inputs)[v->pixels_input];
  const int64_t sizes[] = {1, v->channels, v->height, v->width};
  bool fits = pixels->dtype == SMELT_F32 && pixels->rank == 4 && v->channels == 3;
  for (uint32_t axis = 0; fits && axis < 4; axis++) {
    int64_t size = 0;
    bool is_fixed = rt_dim_constant(rt_dim_program(view, pixels, axis), &size);
    fits = is_fixed ? size == sizes[axis] : axis == 0;
  }
  if (!fits) return "the input of an image's pixels has another shape";
  enum { LARGEST = 65535 };
  if (v->height < 1 || v->height > LARGEST || v->width < 1 || v->width > LARGEST ||
      v->resize_height > LARGEST || v->resize_width > LARGEST || v->resize >= SMELT_RESIZE_COUNT ||
      v->resample >= SMELT_RESAMPLING_COUNT ||
      (v->resize != SMELT_RESIZE_NONE && (v->resize_height < 1 || v->resize_width < 1)))
    return "what an image is resized to is out of range";
  for (int i = 0; i < 3; i++)
    if (!is_number(v->mean[i]) || !is_number(v->deviation[i]) || v->deviation[i] == 0)
      return "what an image is normalised by is out of range";
  bool matches = view->reader->head == SMELT_HEAD_MATCHES;
  if (!is_number(v->rescale_factor) || (matches && (v->most_texts < 1 || v->most_texts > SMELT_MOST_ROWS)))
    return "what is made of an image is out of range";
  return NULL;
}

/* Each cache lies inside the state and has a row for every token. */
static bool caches_fit(const checker *c) {
  const smelt_manifest *header = c->view->header;
  for (uint32_t i = 0; i < header->cache_count; i++) {
    const smelt_manifest_cache *cache = &c->view->caches[i];
    uint64_t bytes;
    if (__builtin_mul_overflow(cache->parts, cache->capacity, &bytes) ||
        __builtin_mul_overflow(bytes, cache->row_bytes, &bytes) || bytes > header->state_bytes ||
        cache->state_offset > header->state_bytes - bytes)
      return false;
    if (c->view->generation && cache->capacity < (uint64_t)c->view->generation->max_tokens) return false;
  }
  return true;
}

const char *rt_manifest_check(const void *bytes_of_manifest, rt_manifest *view) {
  const smelt_manifest *header = bytes_of_manifest;
  if (!header || (uintptr_t)header % 8 != 0 ||
      memcmp(header->magic, SMELT_MANIFEST_MAGIC, sizeof header->magic) != 0)
    return "this is no manifest of this version";
  if (header->bytes < sizeof *header) return "the manifest is too short";

  checker c = {.base = bytes_of_manifest, .bytes = header->bytes, .view = view};
  *view = (rt_manifest){.header = header};
  if (header->entry_count == 0 ||
      !array_fits(&c, header->entries, header->entry_count, sizeof(smelt_manifest_entry), 8))
    return "the entries lie outside the manifest";
  if (!array_fits(&c, header->symbols, header->symbol_count, sizeof(smelt_manifest_symbol), 8))
    return "the symbols lie outside the manifest";
  if (!array_fits(&c, header->generation, header->generation != 0, sizeof(smelt_manifest_generation), 4))
    return "the generation record lies outside the manifest";
  if (!array_fits(&c, header->reader, header->reader != 0, sizeof(smelt_manifest_reader), 4))
    return "the record of a reader lies outside the manifest";
  if (!array_fits(&c, header->vision, header->vision != 0, sizeof(smelt_manifest_vision), 8))
    return "the record of images lies outside the manifest";
  if (!array_fits(&c, header->caches, header->cache_count, sizeof(smelt_manifest_cache), 8))
    return "the caches lie outside the manifest";
  if (!array_fits(&c, header->chat, header->chat != 0 ? header->chat_bytes : 0, 1, 8))
    return "the chat template lies outside the manifest";
  if (!text_ends(&c, header->model_name) || !text_ends(&c, header->smelt_version) ||
      !text_ends(&c, header->weights_file))
    return "a text does not end";

  view->entries = (const smelt_manifest_entry *)(const void *)(c.base + header->entries);
  view->symbols = (const smelt_manifest_symbol *)(const void *)(c.base + header->symbols);
  if (header->generation)
    view->generation = (const smelt_manifest_generation *)(const void *)(c.base + header->generation);

  if (view->generation && view->generation->hearing) {
    smelt_offset hearing = view->generation->hearing;
    if (!array_fits(&c, hearing, 1, sizeof(smelt_manifest_hearing), 4))
      return "the record of speech lies outside the manifest";
    view->hearing = (const smelt_manifest_hearing *)(const void *)(c.base + hearing);
  }

  if (header->reader) view->reader = (const smelt_manifest_reader *)(const void *)(c.base + header->reader);

  if (header->vision) view->vision = (const smelt_manifest_vision *)(const void *)(c.base + header->vision);

  view->caches = (const smelt_manifest_cache *)(const void *)(c.base + header->caches);

  const char *wrong = check_symbols(&c);
  if (!wrong) wrong = check_entries(&c);
  if (!wrong && view->generation) wrong = check_generation(&c);
  if (!wrong && view->hearing) wrong = check_hearing(&c);
  if (!wrong && view->reader) wrong = check_reader(&c);
  if (!wrong && view->vision) wrong = check_vision(&c);
  if (!wrong && !caches_fit(&c)) wrong = "a cache lies outside the state, or is too short";
  return wrong;
}
