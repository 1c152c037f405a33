/*
 * sentence_piece.c: a SentencePiece model (tokenizer.model, spiece.model, sentencepiece.bpe.model,
 * source.spm): pieces with scores, of a Unigram or a BPE model, and how text is normalised. The ids are the
 * model's own, but where tokenizer_config.json names a class that has others (piece_order.c).
 */
#include "tokenizer/sentence_piece.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPACE_MARK "\xe2\x96\x81" /* U+2581 */

typedef struct {
  arena *a;
  const Sentencepiece__Model *model;
  const tok_piece_class *class;
  Sentencepiece__Piece **pieces; /* in the order of ids */
  size_t count;
  tok_source *source;
  json_t *vocab; /* BPE: an object of ids; Unigram: an array of [piece, score] */
  bool is_bpe;
  float best_score; /* of the normal pieces */
  uint32_t unknown; /* by number of piece, as all here */
} reader;

/* ---- what the file may say ------------------------------------------------------------------------ */

static status check_specs(arena *a, const Sentencepiece__Model *model) {
  if (!model->n_pieces) return fail(a, STATUS_INPUT, "the model has no pieces");
  if (model->n_pieces > TOK_MAX_IDS) return fail(a, STATUS_INPUT, "the model has more than 2^22 pieces");
  if (!model->trainer_spec || !model->normalizer_spec)
    return fail(a, STATUS_INPUT, "the model says nothing about its %s",
                model->trainer_spec ? "normalizer" : "type");
  int type = (int)model->trainer_spec->model_type;
  if (type != SENTENCEPIECE__TRAINER_SPEC__MODEL_TYPE__UNIGRAM &&
      type != SENTENCEPIECE__TRAINER_SPEC__MODEL_TYPE__BPE)
    return fail_expected(a, fail(a, STATUS_INPUT, "models of type %d are not supported", type),
                         "1 (Unigram) or 2 (BPE)");
  if (model->trainer_spec->treat_whitespace_as_suffix)
    return fail(a, STATUS_INPUT, "spaces as suffixes of words are not supported");
  return OK;
}

static status bad_piece(reader *r, size_t i, const char *cause) {
  return fail_node(r->a, fail(r->a, STATUS_INPUT, "%s", cause), "pieces[%zu]", i);
}

static bool is_normal(const Sentencepiece__Piece *piece) {
  return piece->type == SENTENCEPIECE__PIECE__TYPE__NORMAL;
}

/* Pieces that no text becomes by itself. */
static bool is_hidden(const Sentencepiece__Piece *piece) {
  return !is_normal(piece) && piece->type != SENTENCEPIECE__PIECE__TYPE__USER_DEFINED;
}

static status read_piece(reader *r, size_t i) {
  const Sentencepiece__Piece *piece = r->pieces[i];
  const ProtobufCBinaryData *bytes = &piece->piece;
  json_t *text = bytes->len && !memchr(bytes->data, 0, bytes->len)
                     ? json_stringn((const char *)bytes->data, bytes->len)
                     : NULL;
  if (!text) return bad_piece(r, i, "the piece is no text in UTF-8");
  bool known = false;
  double score = piece->score;
  if (piece->type == SENTENCEPIECE__PIECE__TYPE__USER_DEFINED)
    score = (float)bytes->len * r->best_score - 0.1; /* SentencePiece's, lest others be preferred */
  if (r->is_bpe) {
    known = json_object_get(r->vocab, json_string_value(text));
    json_object_set_new(r->vocab, json_string_value(text), json_integer((json_int_t)i));
    json_decref(text);
  } else {
    json_array_append_new(r->vocab, json_pack("[o, f]", text, isfinite(piece->score) ? score : 0.0));
  }
  if (known) return bad_piece(r, i, "the piece is there twice");
  if (!isfinite(piece->score)) return bad_piece(r, i, "the score is no number");
  if (piece->type < SENTENCEPIECE__PIECE__TYPE__NORMAL || piece->type > SENTENCEPIECE__PIECE__TYPE__BYTE)
    return bad_piece(r, i, "the piece is of an unknown type");
  if (r->is_bpe && piece->type == SENTENCEPIECE__PIECE__TYPE__UNUSED)
    return bad_piece(r, i, "unused pieces are not supported in models of type BPE");
  if (piece->type != SENTENCEPIECE__PIECE__TYPE__UNKNOWN) return OK;
  if (r->unknown != TOK_NONE) return bad_piece(r, i, "there are two unknown pieces");
  r->unknown = (uint32_t)i;
  return OK;
}

static status read_pieces(reader *r) {
  r->source->hidden_count = r->count;
  r->source->hidden = ARENA_ARRAY(r->a, bool, r->count);
  r->best_score = FLT_MIN; /* as SentencePiece begins, above all usual scores */
  for (size_t i = 0; i < r->count; i++)
    if (is_normal(r->pieces[i]) && r->pieces[i]->score > r->best_score) r->best_score = r->pieces[i]->score;
  for (size_t i = 0; i < r->count; i++) {
    TRY(read_piece(r, i));
    r->source->hidden[i] = is_hidden(r->pieces[i]);
  }
  return r->unknown == TOK_NONE ? fail(r->a, STATUS_INPUT, "the model has no unknown piece") : OK;
}

/* ---- BPE's merges ----------------------------------------------------------------------------------- */

typedef struct {
  float score;
  uint32_t piece;
} scored;

static int compare_scores(const void *x, const void *y) {
  const scored *left = x, *right = y;
  if (left->score != right->score) return left->score > right->score ? -1 : 1;
  return left->piece < right->piece ? -1 : left->piece > right->piece;
}

/* The higher the score, the sooner two neighbours merge. */
static status add_merges(reader *r, json_t *model) {
  size_t count = 0, merge_count;
  scored *order = ARENA_ARRAY(r->a, scored, r->count);
  for (size_t i = 0; i < r->count; i++)
    if (is_normal(r->pieces[i])) order[count++] = (scored){r->pieces[i]->score, (uint32_t)i};
  qsort(order, count, sizeof *order, compare_scores);
  tok_ranked *tokens = ARENA_ARRAY(r->a, tok_ranked, count + 1);
  for (size_t k = 0; k < count; k++) {
    const ProtobufCBinaryData *bytes = &r->pieces[order[k].piece]->piece;
    tokens[k] = (tok_ranked){.bytes = {(const char *)bytes->data, bytes->len}, .rank = (uint32_t)k};
  }
  TRY(tok_find_merges(r->a, tokens, count, false));
  uint32_t *merges = tok_merge_order(r->a, tokens, count, &merge_count);
  json_t *list = json_array();
  for (size_t i = 0; i < merge_count; i++) {
    tok_string left = tokens[tokens[merges[i]].left].bytes, right = tokens[tokens[merges[i]].right].bytes;
    json_array_append_new(list, json_pack("[s%, s%]", left.bytes, left.count, right.bytes, right.count));
  }
  json_object_set_new(model, "merges", list);
  return OK;
}

/* ---- the document -------------------------------------------------------------------------------------- */

static status make_model(reader *r) {
  bool fallback = r->model->trainer_spec->byte_fallback;
  json_t *model = json_pack("{s:s, s:b, s:b}", "type", r->is_bpe ? "BPE" : "Unigram", "byte_fallback",
                            fallback, "fuse_unk", true);
  r->source->document = json_pack("{s:o}", "model", model);
  r->vocab = r->is_bpe ? json_object() : json_array();
  json_object_set_new(model, "vocab", r->vocab);
  TRY(read_pieces(r));
  const ProtobufCBinaryData *unknown = &r->pieces[r->unknown]->piece;
  json_object_set_new(model, "unk_id", json_integer(r->unknown));
  if (!r->is_bpe) return OK;
  json_object_set_new(model, "unk_token", json_stringn((const char *)unknown->data, unknown->len));
  return add_merges(r, model);
}

/* As decoders of such models are written: marks to spaces, bytes, no space at the start. */
static void make_decoder(reader *r) {
  const Sentencepiece__NormalizerSpec *spec = r->model->normalizer_spec;
  json_t *steps = json_array();
  if (spec->escape_whitespaces)
    json_array_append_new(steps, json_pack("{s:s, s:{s:s}, s:s}", "type", "Replace", "pattern", "String",
                                           SPACE_MARK, "content", " "));
  json_array_append_new(steps, json_pack("{s:s}", "type", "ByteFallback"));
  json_array_append_new(steps, json_pack("{s:s}", "type", "Fuse"));
  if (spec->add_dummy_prefix)
    json_array_append_new(
        steps, json_pack("{s:s, s:s, s:i, s:i}", "type", "Strip", "content", " ", "start", 1, "stop", 0));
  json_object_set_new(r->source->document, "decoder",
                      json_pack("{s:s, s:o}", "type", "Sequence", "decoders", steps));
}

/* Control symbols are cut out of the text as it is; so are symbols that the user defined out of the
 * normalised text for BPE, while Unigram's scores prefer them. */
static void add_tokens(reader *r) {
  for (size_t i = 0; i < r->count; i++) {
    const Sentencepiece__Piece *piece = r->pieces[i];
    const char *text = tok_piece_text(r->a, piece);
    if (r->is_bpe && piece->type == SENTENCEPIECE__PIECE__TYPE__USER_DEFINED)
      tok_add_source_token(r->source, (uint32_t)i, text, 0, true);
    else if (piece->type == SENTENCEPIECE__PIECE__TYPE__CONTROL ||
             piece->type == SENTENCEPIECE__PIECE__TYPE__UNKNOWN)
      tok_add_source_token(r->source, (uint32_t)i, text, TOK_SPECIAL, false);
  }
}

/* What no tokenizer.json says. */
static void read_rules(reader *r) {
  const Sentencepiece__NormalizerSpec *spec = r->model->normalizer_spec;
  const ProtobufCBinaryData *charsmap = &spec->precompiled_charsmap;
  r->source->single_sums = true;
  r->source->rules = (tok_normal_rules){
      .present = true,
      .charsmap = {charsmap->len ? arena_copy(r->a, charsmap->data, charsmap->len) : NULL, charsmap->len},
      .squeeze = spec->remove_extra_whitespaces,
      .prefix = spec->add_dummy_prefix,
      .escape = spec->escape_whitespaces,
  };
}

/* ---- around a text ------------------------------------------------------------------------------------ */

/* Tokens around a text: the configuration's word, else the class's. */
static status add_template(reader *r) {
  const tok_piece_class *class = r->class;
  const char *single = class->single, *pair = class->pair;
  tok_template_tokens tokens = {0};
  if (tok_config_flag(r->source, "add_bos_token", class->before))
    tokens.before = tok_config_token(r->source, "bos_token", class->before);
  if (tok_config_flag(r->source, "add_eos_token", class->after))
    tokens.after = tok_config_token(r->source, "eos_token", class->after);
  if (class->language) {
    tokens.language = tok_config_token(r->source, "src_lang", class->language);
    if (tok_source_id(r->source, tokens.language) == TOK_NONE)
      return fail(r->a, STATUS_INPUT, "the language '%s' (\"src_lang\") is none of the model's",
                  tokens.language);
  }
  if (tok_config_flag(r->source, "legacy_behaviour", false)) single = "Ael", pair = "ABel"; /* NLLB's */
  if (tokens.before || tokens.after || tokens.language)
    tok_set_template(r->source, single, pair, &tokens, class->types);
  return OK;
}

/* What ALBERT's texts become before the model's own rules. */
static void add_normalizer(reader *r) {
  if (!r->class->class || strcmp(r->class->class, "AlbertTokenizer") != 0) return;
  json_t *steps =
      json_pack("[{s:s, s:{s:s}, s:s}, {s:s, s:{s:s}, s:s}]", "type", "Replace", "pattern", "String", "``",
                "content", "\"", "type", "Replace", "pattern", "String", "''", "content", "\"");
  if (!tok_config_flag(r->source, "keep_accents", false)) {
    json_array_append_new(steps, json_pack("{s:s}", "type", "NFKD"));
    json_array_append_new(steps, json_pack("{s:s}", "type", "StripAccents"));
  }
  if (tok_config_flag(r->source, "do_lower_case", true))
    json_array_append_new(steps, json_pack("{s:s}", "type", "Lowercase"));
  json_object_set_new(r->source->document, "normalizer",
                      json_pack("{s:s, s:o}", "type", "Sequence", "normalizers", steps));
}

/* Nothing may have the ids that stand for unknown pieces. */
static status check_added_ids(reader *r) {
  const json_t *token;
  size_t i, listed = r->count - r->source->unlisted_count;
  json_array_foreach(json_object_get(r->source->document, "added_tokens"), i, token) {
    json_int_t id = json_integer_value(json_object_get(token, "id"));
    if (r->source->unlisted_count && id >= (json_int_t)listed)
      return fail_expected(
          r->a, fail(r->a, STATUS_INPUT, "the added token %lld is not in vocab.json", (long long)id),
          "ids below %zu", listed);
  }
  return OK;
}

static status arrange_pieces(reader *r) {
  tok_piece_list list = {.items = r->model->pieces, .count = r->model->n_pieces};
  r->class = tok_class_of_pieces(r->a, r->source);
  if (r->class->arrange) TRY(r->class->arrange(r->a, r->source, &list));
  r->source->unlisted_count = list.unlisted_count;
  if (list.unlisted_count && r->is_bpe)
    return fail(r->a, STATUS_INPUT, "vocab.json lacks pieces of the model, which is of type BPE");
  if (list.count > TOK_MAX_IDS) return fail(r->a, STATUS_INPUT, "there are more than 2^22 pieces");
  r->source->is_source_only = r->class->arrange == tok_arrange_for_marian;
  r->pieces = list.items;
  r->count = list.count;
  return OK;
}

status tok_read_sentence_piece(arena *a, const file_view *file, tok_source *source) {
  Sentencepiece__Model *model = sentencepiece__model__unpack(NULL, file->count, file->bytes);
  if (!model) return fail(a, STATUS_INPUT, "not a SentencePiece model (damaged, or cut short)");
  reader r = {.a = a, .model = model, .source = source, .unknown = TOK_NONE};
  status s = check_specs(a, model);
  if (!s) {
    r.is_bpe = model->trainer_spec->model_type == SENTENCEPIECE__TRAINER_SPEC__MODEL_TYPE__BPE;
    s = arrange_pieces(&r);
  }
  if (!s) s = make_model(&r);
  if (!s) s = tok_add_listed_tokens(a, source);
  if (!s) s = check_added_ids(&r);
  if (!s) {
    add_tokens(&r);
    make_decoder(&r);
    read_rules(&r);
    add_normalizer(&r);
    s = add_template(&r);
  }
  sentencepiece__model__free_unpacked(model, NULL);
  return s;
}
