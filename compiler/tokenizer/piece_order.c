/*
 * piece_order.c: classes of tokenizers over SentencePiece models: which tokens
 * stand around a text, and, of those whose ids are not the model's own, which
 * id each piece has.
 */
#include "tokenizer/sentence_piece.h"

#include <string.h>

Sentencepiece__Piece *tok_new_control(arena *a, const char *text) {
  Sentencepiece__Piece *piece = ARENA_NEW(a, Sentencepiece__Piece);
  sentencepiece__piece__init(piece);
  piece->piece = (ProtobufCBinaryData){strlen(text), (uint8_t *)arena_text(a, text)};
  piece->type = SENTENCEPIECE__PIECE__TYPE__CONTROL;
  return piece;
}

const char *tok_piece_text(arena *a, const Sentencepiece__Piece *piece) {
  return arena_format(a, "%.*s", (int)piece->piece.len, (const char *)piece->piece.data);
}

/* Makes room for `more` pieces; `list` is empty after it, and its old items are returned. */
static Sentencepiece__Piece **make_room(arena *a, tok_piece_list *list, size_t more) {
  Sentencepiece__Piece **old = list->items;
  list->items = ARENA_ARRAY(a, Sentencepiece__Piece *, list->count + more);
  list->count = 0;
  return old;
}

static void add(tok_piece_list *list, Sentencepiece__Piece *piece) {
  list->items[list->count++] = piece;
}

static void add_control(arena *a, tok_piece_list *list, const char *text) {
  add(list, tok_new_control(a, text));
}

static bool is_unknown(const Sentencepiece__Piece *piece) {
  return piece->type == SENTENCEPIECE__PIECE__TYPE__UNKNOWN;
}

/* fairseq's models begin <unk> <s> </s>, its vocabularies otherwise. */
static status check_fairseq(arena *a, const tok_piece_list *list) {
  if (list->count >= 3 && is_unknown(list->items[0])) return OK;
  return fail_expected(a, fail(a, STATUS_INPUT, "the model does not begin as those of fairseq do"),
                       "<unk>, <s>, </s>");
}

/* ---- <s> <pad> </s> <unk>, the other pieces, languages, <mask> ----------------------------------- */

static status arrange_with_languages(arena *a, tok_piece_list *list, const char *const *languages,
                                     size_t language_count) {
  TRY(check_fairseq(a, list));
  size_t count = list->count;
  Sentencepiece__Piece **old = make_room(a, list, language_count + 2);
  add(list, old[1]);
  add_control(a, list, "<pad>");
  add(list, old[2]);
  add(list, old[0]);
  for (size_t i = 3; i < count; i++) add(list, old[i]);
  for (size_t i = 0; i < language_count; i++) add_control(a, list, languages[i]);
  add_control(a, list, "<mask>");
  return OK;
}

static status arrange_for_xlm_roberta(arena *a, const tok_source *source, tok_piece_list *list) {
  (void)source;
  return arrange_with_languages(a, list, NULL, 0);
}

/* mBART's 25, then those that mBART-50 has beside them. */
static const char *const mbart_languages[] = {
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT",
    "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK",
    "tr_TR", "vi_VN", "zh_CN", "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE",
    "km_KH", "mk_MK", "ml_IN", "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN",
    "te_IN", "th_TH", "tl_XX", "uk_UA", "ur_PK", "xh_ZA", "gl_ES", "sl_SI"};
enum { MBART_LANGUAGES = 25, MBART_50_LANGUAGES = sizeof mbart_languages / sizeof *mbart_languages };

static status arrange_for_mbart(arena *a, const tok_source *source, tok_piece_list *list) {
  (void)source;
  return arrange_with_languages(a, list, mbart_languages, MBART_LANGUAGES);
}

static status arrange_for_mbart_50(arena *a, const tok_source *source, tok_piece_list *list) {
  (void)source;
  return arrange_with_languages(a, list, mbart_languages, MBART_50_LANGUAGES);
}

/* NLLB's 200 languages are those that its configuration lists. */
static status arrange_for_nllb(arena *a, const tok_source *source, tok_piece_list *list) {
  const json_t *listed = json_object_get(source->config, "additional_special_tokens"), *language;
  size_t count = json_array_size(listed), i;
  const char **languages = ARENA_ARRAY(a, const char *, count + 1);
  json_array_foreach(listed, i, language) {
    languages[i] =
        json_string_value(json_is_object(language) ? json_object_get(language, "content") : language);
    if (!languages[i]) count = 0;
  }
  if (count) return arrange_with_languages(a, list, languages, count);
  status s = fail(a, STATUS_INPUT, "the model's languages are not known");
  return fail_expected(a, s, "\"additional_special_tokens\" of tokenizer_config.json to list them");
}

/* ---- others ------------------------------------------------------------------------------------------ */

/* CamemBERT's model has <s> and </s> among its pieces, and its vocabulary four tokens that are not used. */
static status arrange_for_camembert(arena *a, const tok_source *source, tok_piece_list *list) {
  (void)source;
  TRY(check_fairseq(a, list));
  size_t count = list->count;
  Sentencepiece__Piece **old = make_room(a, list, 5);
  add_control(a, list, "<s>NOTUSED");
  add_control(a, list, "<pad>");
  add_control(a, list, "</s>NOTUSED");
  add(list, old[0]);
  add_control(a, list, "<unk>NOTUSED");
  for (size_t i = 1; i < count; i++) add(list, old[i]);
  add_control(a, list, "<mask>");
  return OK;
}

/* Behind <pad> and </s>, 103 tokens that only pre-training has. */
static status arrange_for_pegasus(arena *a, const tok_source *source, tok_piece_list *list) {
  enum { OWN = 2, ADDED = 103, MASKS = 2 };
  (void)source;
  if (list->count <= OWN || !is_unknown(list->items[OWN]))
    return fail_expected(a, fail(a, STATUS_INPUT, "the model does not begin as Pegasus's do"),
                         "<pad>, </s>, <unk>");
  size_t count = list->count;
  Sentencepiece__Piece **old = make_room(a, list, ADDED);
  for (size_t i = 0; i < OWN; i++) add(list, old[i]);
  add_control(a, list, "<mask_1>");
  add_control(a, list, "<mask_2>");
  for (int i = 2; i < ADDED - MASKS + 2; i++) add_control(a, list, arena_format(a, "<unk_%d>", i));
  for (size_t i = OWN; i < count; i++) add(list, old[i]);
  return OK;
}

/* T5's sentinels lie behind the model's pieces, the last one first. */
static status arrange_for_t5(arena *a, const tok_source *source, tok_piece_list *list) {
  enum { USUAL = 100, MOST = 1000 };
  const json_t *extra = json_object_get(source->config, "extra_ids");
  json_int_t more = json_is_integer(extra) ? json_integer_value(extra) : USUAL;
  if (more < 0 || more > MOST)
    return fail_found(a, fail(a, STATUS_INPUT, "\"extra_ids\" of tokenizer_config.json is out of range"),
                      "%lld", (long long)more);
  size_t count = list->count;
  Sentencepiece__Piece **old = make_room(a, list, (size_t)more);
  for (size_t i = 0; i < count; i++) add(list, old[i]);
  while (more-- > 0) add_control(a, list, arena_format(a, "<extra_id_%d>", (int)more));
  return OK;
}

/* ---- the table ---------------------------------------------------------------------------------------- */

static const tok_piece_class classes[] = {
    {"LlamaTokenizer", "llama", "<s>", NULL, "bAe", "bAebBe", false, NULL, NULL},
    {"MistralTokenizer", "mistral", "<s>", NULL, "bAe", "bAebBe", false, NULL, NULL},
    {"GemmaTokenizer", "gemma", "<bos>", NULL, "bAe", "bAebBe", false, NULL, NULL},
    {"T5Tokenizer", "t5", NULL, "</s>", "bAe", "bAeBe", false, arrange_for_t5, NULL},
    {"MT5Tokenizer", "mt5", NULL, "</s>", "bAe", "bAeBe", false, NULL, NULL},
    {"AlbertTokenizer", "albert", "[CLS]", "[SEP]", "bAe", "bAeBe", true, NULL, NULL},
    {"XLMRobertaTokenizer", "xlm-roberta", "<s>", "</s>", "bAe", "bAeeBe", false, arrange_for_xlm_roberta,
     NULL},
    {"CamembertTokenizer", "camembert", "<s>", "</s>", "bAe", "bAeeBe", false, arrange_for_camembert, NULL},
    {"MBartTokenizer", "mbart", NULL, "</s>", "Ael", "ABel", false, arrange_for_mbart, "en_XX"},
    {"MBart50Tokenizer", NULL, NULL, "</s>", "lAe", "lABe", false, arrange_for_mbart_50, "en_XX"},
    {"NllbTokenizer", NULL, NULL, "</s>", "lAe", "lABe", false, arrange_for_nllb, "eng_Latn"},
    {"PegasusTokenizer", "pegasus", NULL, "</s>", "Ae", "ABe", false, arrange_for_pegasus, NULL},
    {"MarianTokenizer", "marian", NULL, "</s>", "Ae", "ABe", false, tok_arrange_for_marian, NULL},
};

const tok_piece_class *tok_class_of_pieces(arena *a, const tok_source *source) {
  static const tok_piece_class none = {.single = "bAe", .pair = "bAeBe"};
  const char *class = tok_source_class(a, source);
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (strcmp(class, classes[i].class) == 0 || (classes[i].type && strcmp(class, classes[i].type) == 0))
      return &classes[i];
  return &none;
}
