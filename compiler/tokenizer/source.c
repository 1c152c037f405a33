/* source.c: which file of a folder holds the tokenizer, and who reads it. */
#include "tokenizer/source.h"

#include <stdlib.h>
#include <string.h>

/* A model begins with its first field, a token of Llama 3's tiktoken file is in base64. */
static status read_model(arena *a, const file_view *file, tok_source *source) {
  const uint8_t first_field = 0x0a;
  if (!file->count) return fail(a, STATUS_INPUT, "the file is empty");
  return file->bytes[0] == first_field ? tok_read_sentence_piece(a, file, source)
                                       : tok_read_tiktoken(a, file, source);
}

/* In the order in which they are looked for. Names with a dot first are ends of names. */
static const struct {
  const char *name;
  status (*read)(arena *a, const file_view *file, tok_source *source); /* NULL: tokenizer.json itself */
} forms[] = {{"tokenizer.json", NULL},
             {"tokenizer.model", read_model},
             {"spiece.model", read_model},
             {"sentencepiece.bpe.model", read_model},
             {"source.spm", tok_read_sentence_piece},
             {".model", read_model},
             {"vocab.json", tok_read_merges_file},
             {"vocab.txt", tok_read_vocab_file},
             {".tiktoken", tok_read_tiktoken}};
enum { FORMS = sizeof forms / sizeof *forms };

static bool is_named(const char *name, size_t form) {
  size_t count = strlen(name), end = strlen(forms[form].name);
  bool ends = count >= end && strcmp(name + count - end, forms[form].name) == 0;
  return ends && (count == end || forms[form].name[0] == '.');
}

const char *tok_locate(arena *a, const char *folder) {
  for (size_t i = 0; i < FORMS; i++) {
    if (forms[i].name[0] == '.') continue;
    const char *path = file_join(a, folder, forms[i].name);
    if (file_exists(path)) return path;
  }
  for (size_t i = 0; tok_encoding_name(i); i++) {
    const char *path = file_join(a, folder, arena_format(a, "%s.tiktoken", tok_encoding_name(i)));
    if (file_exists(path)) return path;
  }
  return NULL;
}

/* "a/b" -> "a" and "b"; "b" -> "." and "b" */
static const char *split_path(arena *a, const char *path, const char **name) {
  const char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  return slash ? arena_format(a, "%.*s", (int)(slash - path), path) : ".";
}

static status read_form(arena *a, size_t form, tok_source *source) {
  file_view file;
  if (!forms[form].read) return json_file_read(a, source->file, &source->document);
  TRY(file_map(a, source->file, &file));
  status s = forms[form].read(a, &file, source);
  file_unmap(&file);
  return s ? fail_file(a, s, source->file) : OK;
}

/* Companions count where the file has one of the names that folders of models have. */
static status read_config(arena *a, tok_source *source) {
  const char *path = file_join(a, source->folder, "tokenizer_config.json");
  if (!file_exists(path)) return OK;
  TRY(json_file_read(a, path, &source->config));
  json_view config = {.value = source->config};
  status s = view_object(a, &config);
  return s ? fail_file(a, s, path) : OK;
}

status tok_read_source(arena *a, const char *path, tok_source *source) {
  const char *name;
  *source = (tok_source){.file = path};
  if (file_is_folder(path)) {
    source->file = tok_locate(a, path);
    if (!source->file)
      return fail_expected(
          a, fail_file(a, fail(a, STATUS_INPUT, "the folder holds no tokenizer"), path),
          "tokenizer.json, tokenizer.model, spiece.model, sentencepiece.bpe.model, source.spm "
          "with vocab.json, vocab.json with merges.txt, vocab.txt or NAME.tiktoken");
  }
  const char *folder = split_path(a, source->file, &name);
  for (size_t i = 0; i < FORMS; i++) {
    if (!is_named(name, i)) continue;
    source->folder = folder;
    TRY(read_config(a, source));
    return read_form(a, i, source);
  }
  return read_form(a, 0, source);
}

void tok_end_source(tok_source *source) {
  json_decref(source->document);
  json_decref(source->config);
  source->document = source->config = NULL;
}
