/* model.c: the table of models, which model.type names, and the options of BPE. */
#include "tokenizer/build.h"

#include <string.h>

/* What marks symbols by their place in a word; absent and empty are the same. */
static status read_affix(tok_build *b, const json_view *model, const char *name, tok_string *affix) {
  json_view member = view_member(model, name);
  if (view_is_absent(&member)) return OK;
  TRY(view_string(b->a, &member, &affix->bytes, &affix->count));
  return affix->count <= TOK_MAX_AFFIX_BYTES
             ? OK
             : view_fail(b->a, &member, "the text is longer than %d bytes", TOK_MAX_AFFIX_BYTES);
}

static status read_affixes(tok_build *b, const json_view *model) {
  tok_header *header = &b->header;
  TRY(read_affix(b, model, "continuing_subword_prefix", &b->continuing_prefix));
  TRY(read_affix(b, model, "end_of_word_suffix", &b->ending));
  json_view ignore = view_member(model, "ignore_merges");
  if (b->ignore_merges && (b->continuing_prefix.count || b->ending.count))
    return view_fail(b->a, &ignore, "not supported where words have a prefix inside or a suffix");
  header->inside_offset = tok_store_step_bytes(b, b->continuing_prefix);
  header->inside_bytes = (uint32_t)b->continuing_prefix.count;
  header->ending_offset = tok_store_step_bytes(b, b->ending);
  header->ending_bytes = (uint32_t)b->ending.count;
  return OK;
}

/* Dropout changes the result, so that it has to be off. */
static status check_dropout(tok_build *b, const json_view *model) {
  json_view dropout = view_member(model, "dropout");
  if (!view_is_absent(&dropout) && json_number_value(dropout.value) != 0)
    return view_fail(b->a, &dropout, "dropout is for training and not supported");
  return OK;
}

status tok_read_bpe(tok_build *b, const json_view *model) {
  json_view ignore = view_member(model, "ignore_merges"), fallback = view_member(model, "byte_fallback");
  json_view fuse = view_member(model, "fuse_unk");
  bool fuse_unknown;
  TRY(view_bool(b->a, &ignore, false, &b->ignore_merges));
  TRY(view_bool(b->a, &fallback, false, &b->byte_fallback));
  TRY(view_bool(b->a, &fuse, false, &fuse_unknown));
  if (fuse_unknown) b->header.flags |= TOK_FUSE_UNKNOWN;
  TRY(read_affixes(b, model));
  return check_dropout(b, model);
}

static status pack_bpe(tok_build *b) {
  tok_pack_merges(b);
  return tok_add_safe_split(b);
}

static status read_word_level(tok_build *b, const json_view *model) {
  (void)b, (void)model; /* unk_token is all, which every model may have */
  return OK;
}

static status pack_nothing_more(tok_build *b) {
  (void)b;
  return OK;
}

static const tok_model_row rows[] = {
    {"BPE", "BPE", TOK_MODEL_BPE, tok_read_bpe, tok_read_spellings, pack_bpe},
    {"WordPiece", "WordPiece", TOK_MODEL_WORD_PIECE, tok_read_word_piece, tok_read_spellings,
     tok_pack_word_piece},
    {"WordLevel", "WordLevel", TOK_MODEL_WORD_LEVEL, read_word_level, tok_read_spellings, pack_nothing_more},
    {"Unigram", "Unigram", TOK_MODEL_UNIGRAM, tok_read_unigram, tok_read_scored_vocabulary, tok_pack_unigram},
};

status tok_read_model(tok_build *b, const json_view *root, json_view *model) {
  const char *type = "BPE"; /* what files without a type mean, as long as they have merges */
  *model = view_member(root, "model");
  TRY(view_object(b->a, model));
  json_view type_member = view_member(model, "type"), merges = view_member(model, "merges");
  if (!view_is_absent(&type_member) || view_is_absent(&merges)) TRY(view_type(b->a, model, &type));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(type, rows[i].type) != 0) continue;
    b->model = &rows[i];
    b->header.model = rows[i].model;
    return rows[i].read_options(b, model);
  }
  return fail_hint(b->a, view_fail(b->a, model, "tokenizer models of type %s are not supported", type),
                   "give token ids with --ids");
}
