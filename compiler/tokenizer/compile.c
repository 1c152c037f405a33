/* compile.c: from the files to the blob, part by part. */
#include "tokenizer/build.h"
#include "tokenizer/letters.h"
#include "tokenizer/source.h"

#include <string.h>

/* ---- bos, eos, pad -------------------------------------------------------------------- */

/* A special token of tokenizer_config.json: its spelling, or an object with "content". */
static status read_special_id(tok_build *b, const json_view *config, const char *name, uint32_t *id) {
  json_view view = view_member(config, name), content = view_member(&view, "content");
  if (view_is_absent(&view) || *id != TOK_NONE) return OK;
  tok_string spelling;
  TRY(view_string(b->a, json_is_object(view.value) ? &content : &view, &spelling.bytes, &spelling.count));
  *id = tok_find(b, spelling.bytes);
  return OK;
}

static status read_special_ids(tok_build *b, const char *folder) {
  static const char *const files[] = {"tokenizer_config.json", "special_tokens_map.json"};
  tok_header *header = &b->header;
  header->bos_id = header->eos_id = header->pad_id = b->mask_id = TOK_NONE;
  for (size_t i = 0; folder && i < sizeof files / sizeof *files; i++) {
    const char *path = file_join(b->a, folder, files[i]);
    json_t *document;
    if (!file_exists(path)) continue;
    TRY(json_file_read(b->a, path, &document));
    json_view config = {.value = document};
    status s = view_object(b->a, &config);
    if (!s) s = read_special_id(b, &config, "bos_token", &header->bos_id);
    if (!s) s = read_special_id(b, &config, "eos_token", &header->eos_id);
    if (!s) s = read_special_id(b, &config, "pad_token", &header->pad_id);
    if (!s) s = read_special_id(b, &config, "mask_token", &b->mask_id);
    json_decref(document);
    if (s) return fail_file(b->a, s, path);
  }
  static const char *const usual_masks[] = {"[MASK]", "<mask>"}; /* where no file says it */
  for (size_t i = 0; i < sizeof usual_masks / sizeof *usual_masks && b->mask_id == TOK_NONE; i++)
    b->mask_id = tok_find(b, usual_masks[i]);
  return OK;
}

/* ---- two of them ----------------------------------------------------------------------- */

static status compare_tokens(arena *a, const tok_build *b, const tok_build *wanted) {
  if (b->vocab_size != wanted->vocab_size) {
    status s = fail(a, STATUS_INPUT, "the number of tokens is another");
    return fail_found(a, fail_expected(a, s, "%u", wanted->vocab_size), "%u", b->vocab_size);
  }
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string x = wanted->spelling[id], y = b->spelling[id];
    if (tok_equal(x, y)) continue;
    status s = fail(a, STATUS_INPUT, "token %u is another", id);
    s = fail_expected(a, s, "'%.*s'", (int)x.count, x.count ? x.bytes : "");
    return fail_found(a, s, "'%.*s'", (int)y.count, y.count ? y.bytes : "");
  }
  return OK;
}

static status read_vocabulary(arena *a, const char *path, tok_source *source, tok_build *b) {
  *b = (tok_build){.a = a};
  TRY(tok_read_source(a, path, source));
  return fail_file(a, tok_read_vocabulary(b, &(json_view){.value = source->document}), source->file);
}

status tok_compare(arena *a, const char *path, const char *wanted_path) {
  tok_source source = {0}, wanted_source = {0};
  tok_build b, wanted;
  status s = read_vocabulary(a, path, &source, &b);
  if (!s) s = read_vocabulary(a, wanted_path, &wanted_source, &wanted);
  if (!s) s = fail_file(a, compare_tokens(a, &b, &wanted), path);
  tok_end_source(&source);
  tok_end_source(&wanted_source);
  return s;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Spellings that are in no text. */
static void hide_keys(tok_build *b, const tok_source *source) {
  for (size_t id = 0; id < source->hidden_count && id < b->vocab_size; id++)
    if (source->hidden[id]) b->key[id] = (tok_string){0};
}

static status read_tokenizer(tok_build *b, const tok_source *source) {
  const json_view *root = &(json_view){.value = source->document};
  json_view model = view_member(root, "model");
  TRY(view_object(b->a, root));
  TRY(tok_read_vocabulary(b, root));
  hide_keys(b, source);
  b->header.first_unlisted = b->vocab_size - (uint32_t)source->unlisted_count;
  if (tok_config_flag(source, "clean_up_tokenization_spaces", false)) b->header.flags |= TOK_CLEAN_UP;
  if (source->is_source_only) b->header.flags |= TOK_SOURCE_ONLY;
  if (source->single_sums) b->header.flags |= TOK_SINGLE_SUMS;
  TRY(tok_read_normalizer(b, root));
  if (source->rules.present) TRY(tok_add_normal_rules(b, &source->rules));
  TRY(tok_read_pre_tokenizer(b, root));
  TRY(tok_read_decoder(b, root));
  TRY(tok_read_post_processor(b, root));
  const char *side = tok_config_token(source, "truncation_side", "");
  if (strcmp(side, "left") == 0) b->header.flags |= TOK_TRUNCATE_START;
  if (strcmp(side, "right") == 0) b->header.flags &= ~(uint32_t)TOK_TRUNCATE_START;
  if (b->header.model == TOK_MODEL_BPE) TRY(tok_read_merges(b, &model));
  TRY(tok_pack_texts(b));
  TRY(tok_pack_pieces(b));
  TRY(b->model->pack(b));
  TRY(tok_pack_added_tokens(b));
  TRY(tok_pack_splits(b));
  TRY(tok_pack_maps(b));
  tok_pack_letters(b);
  tok_pack_normal_form(b);
  return OK;
}

static void pack_flags(tok_build *b) {
  tok_flagged *flagged = NULL;
  size_t count = 0, capacity = 0;
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (b->flags[id]) ARENA_PUSH(b->a, flagged, count, capacity) = (tok_flagged){id, b->flags[id]};
  TOK_SET_SECTION(b, flagged, flagged, count);
}

static void set_remaining_sections(tok_build *b) {
  pack_flags(b);
  TOK_SET_SECTION(b, steps, b->steps, b->step_count);
  TOK_SET_SECTION(b, step_bytes, b->step_bytes, b->step_bytes_count);
}

static int64_t id_or_minus_one(uint32_t id) {
  return id == TOK_NONE ? -1 : (int64_t)id;
}

static void summarize(const tok_build *b, tok_summary *summary) {
  const tok_section_data *prefix = &b->sections[TOK_SECTION_prefix_ids];
  const uint32_t *first = prefix->data;
  *summary = (tok_summary){
      .family = b->header.flags & TOK_BYTE_LEVEL ? "byte-level BPE"
                : b->byte_fallback               ? "BPE with byte fallback"
                                                 : b->model->family,
      .vocab_size = b->header.first_unlisted,
      .bos_id = id_or_minus_one(b->header.bos_id),
      .eos_id = id_or_minus_one(b->header.eos_id),
      .pad_id = id_or_minus_one(b->header.pad_id),
      .mask_id = id_or_minus_one(b->mask_id),
      .unknown_id = id_or_minus_one(b->header.unknown_id),
      .merge_count = b->header.merge_count,
      .added_token_count = (uint32_t)b->added_count,
      .adds_bos = prefix->count && first[0] == b->header.bos_id,
  };
}

status tok_compile(arena *a, const char *path, text *blob, tok_summary *summary) {
  tok_source source;
  tok_build b = {.a = a};
  status s = tok_read_source(a, path, &source);
  if (!s && (s = read_tokenizer(&b, &source))) s = fail_file(a, s, source.file);
  if (!s) s = read_special_ids(&b, source.folder);
  if (!s) {
    set_remaining_sections(&b);
    s = tok_pack(&b, blob);
  }
  if (!s) summarize(&b, summary);
  tok_end_source(&source);
  return s;
}
