/*
 * marian.c: the ids of a Marian model's tokens, which are vocab.json's: pieces
 * of source.spm, which the text becomes, pieces of target.spm, which the model
 * writes, and language codes. A piece that vocab.json lacks becomes unknown.
 */
#include "tokenizer/sentence_piece.h"

#include <stdlib.h>
#include <string.h>

/* A piece of the vocabulary that the model of the source has not: the target's. */
static Sentencepiece__Piece *new_unused(arena *a, const char *text) {
  Sentencepiece__Piece *piece = tok_new_control(a, text);
  piece->type = SENTENCEPIECE__PIECE__TYPE__UNUSED;
  return piece;
}

static bool is_language(const char *text) {
  size_t count = strlen(text);
  return count > 4 && strncmp(text, ">>", 2) == 0 && strcmp(text + count - 2, "<<") == 0;
}

/* Control symbols of the models are plain text, unless they are special tokens of the tokenizer. */
static Sentencepiece__Piece *piece_for(arena *a, const tok_source *source, const char *text,
                                       Sentencepiece__Piece *own) {
  if (own && own->type != SENTENCEPIECE__PIECE__TYPE__CONTROL) return own;
  if (is_language(text)) return tok_new_control(a, text);
  const char *const specials[] = {tok_config_token(source, "eos_token", "</s>"),
                                  tok_config_token(source, "pad_token", "<pad>")};
  for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
    if (strcmp(text, specials[i]) == 0) return tok_new_control(a, text);
  return new_unused(a, text);
}

static status check_vocabulary(arena *a, const tok_source *source, const json_t *vocab) {
  const char *unknown = tok_config_token(source, "unk_token", "<unk>");
  if (!json_is_object(vocab))
    return fail_expected(a, fail(a, STATUS_INPUT, "not a vocabulary"), "a JSON object");
  if (tok_config_flag(source, "separate_vocabs", false))
    return fail_hint(
        a, fail(a, STATUS_INPUT, "vocabularies of their own for source and target are not supported"),
        "put a tokenizer.json beside it");
  if (json_object_get(vocab, unknown)) return OK;
  return fail(a, STATUS_INPUT, "the unknown token '%s' is not in the vocabulary", unknown);
}

/* Puts each piece where vocab.json says. */
static status place_pieces(arena *a, const tok_source *source, json_t *vocab, json_t *own,
                           tok_piece_list *list, Sentencepiece__Piece **old) {
  const char *text;
  json_t *id;
  json_object_foreach(vocab, text, id) {
    json_int_t at = json_is_integer(id) ? json_integer_value(id) : -1;
    if (at < 0 || at >= (json_int_t)list->count || list->items[at])
      return fail_expected(
          a, fail_node(a, fail(a, STATUS_INPUT, "not an id, or one that is there twice"), "%s", text),
          "every id from 0 to %zu once", list->count - 1);
    const json_t *number = json_object_get(own, text);
    list->items[at] = piece_for(a, source, text, number ? old[json_integer_value(number)] : NULL);
  }
  return OK;
}

static status arrange(arena *a, const tok_source *source, json_t *vocab, tok_piece_list *list) {
  TRY(check_vocabulary(a, source, vocab));
  size_t count = list->count;
  Sentencepiece__Piece **old = list->items;
  list->count = json_object_size(vocab);
  list->items = ARENA_ARRAY(a, Sentencepiece__Piece *, list->count + count);
  json_t *own = json_object();
  for (size_t i = 0; i < count; i++)
    json_object_setn_new(own, (const char *)old[i]->piece.data, old[i]->piece.len,
                         json_integer((json_int_t)i));
  status s = place_pieces(a, source, vocab, own, list, old);
  json_decref(own);
  for (size_t i = 0; i < count; i++) {
    bool may_come = old[i]->type == SENTENCEPIECE__PIECE__TYPE__NORMAL ||
                    old[i]->type == SENTENCEPIECE__PIECE__TYPE__USER_DEFINED;
    if (may_come && !json_object_getn(vocab, (const char *)old[i]->piece.data, old[i]->piece.len))
      list->items[list->count + list->unlisted_count++] = old[i];
  }
  list->count += list->unlisted_count;
  return s;
}

status tok_arrange_for_marian(arena *a, const tok_source *source, tok_piece_list *list) {
  json_t *vocab;
  const char *path = file_join(a, source->folder, "vocab.json");
  TRY(json_file_read(a, path, &vocab));
  status s = arrange(a, source, vocab, list);
  json_decref(vocab);
  return s ? fail_file(a, s, path) : OK;
}
