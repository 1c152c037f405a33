/* origin.c: the files that a model consists of, their hashes, and the licence that its folder states. */
#include "driver/origin.h"

#include <stdlib.h>
#include <string.h>

/* What a build may read beside the graphs. */
static const char *const known_names[] = {"config.json",
                                          "generation_config.json",
                                          "preprocessor_config.json",
                                          "processor_config.json",
                                          "tokenizer_config.json",
                                          "special_tokens_map.json",
                                          "added_tokens.json",
                                          "vocab.json",
                                          "merges.txt",
                                          "chat_template.jinja",
                                          "modules.json",
                                          "sentence_bert_config.json",
                                          "config_sentence_transformers.json"};

static const char *const license_names[] = {"LICENSE", "LICENSE.txt", "LICENSE.md",
                                            "LICENCE", "LICENCE.txt", "COPYING"};
enum { MAX_LICENSE_BYTES = 64 * 1024 };

static int by_name(const void *a, const void *b) {
  return strcmp(((const origin_file *)a)->name, ((const origin_file *)b)->name);
}

/* "model/onnx/model.onnx" below "model" -> "onnx/model.onnx" */
static const char *below(const char *folder, const char *path) {
  size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
  }
  path += length;
  return path + strspn(path, "/");
}

static status add_file(compilation *c, model_origin *origin, const char *path) {
  const char *name = below(c->folder.home, path);
  for (size_t i = 0; i < origin->count; i++)
    if (strcmp(origin->files[i].name, name) == 0) return OK;
  origin_file *file = &ARENA_PUSH(&c->arena, origin->files, origin->count, origin->capacity);
  *file = (origin_file){.name = name};
  return sha256_file(&c->arena, path, file->sha256);
}

static status add_if_exists(compilation *c, model_origin *origin, const char *path) {
  return path && file_exists(path) ? add_file(c, origin, path) : OK;
}

/* A graph's file, and those with its data. */
static status add_graph(compilation *c, model_origin *origin, const char *path, const onnx_model *model) {
  if (!path || !model) return OK;
  TRY(add_file(c, origin, path));
  char *folder = arena_text(&c->arena, path), *slash = strrchr(folder, '/');
  if (slash) *slash = '\0';
  const char *location;
  for (size_t i = 0; (location = onnx_external_location(model, i)); i++)
    TRY(add_file(c, origin, slash ? file_join(&c->arena, folder, location) : location));
  return OK;
}

static void hash_all(model_origin *origin) {
  sha256 hash;
  qsort(origin->files, origin->count, sizeof *origin->files, by_name);
  sha256_begin(&hash);
  for (size_t i = 0; i < origin->count; i++) {
    sha256_add(&hash, origin->files[i].sha256, 64);
    sha256_add(&hash, "  ", 2);
    sha256_add(&hash, origin->files[i].name, strlen(origin->files[i].name));
    sha256_add(&hash, "\n", 1);
  }
  sha256_end(&hash, origin->sha256);
}

/* ---- licence ---- */

/* The text of a small file without NULs, or NULL. */
static const char *small_text(arena *a, const char *path) {
  file_view view;
  const char *found = NULL;
  if (!file_exists(path) || file_map(a, path, &view)) return NULL;
  if (view.count && view.count <= MAX_LICENSE_BYTES && !memchr(view.bytes, 0, view.count))
    found = arena_format(a, "%.*s", (int)view.count, (const char *)view.bytes);
  file_unmap(&view);
  return found;
}

/* The value of "license:" in the block that a model card begins with, between lines of "---"; or NULL. */
static const char *stated_license(arena *a, const char *card) {
  if (!card || strncmp(card, "---\n", 4) != 0) return NULL;
  for (const char *line = card + 4; *line && strncmp(line, "---", 3) != 0;) {
    static const char key[] = "license:";
    if (strncmp(line, key, sizeof key - 1) == 0) {
      const char *value = line + sizeof key - 1;
      value += strspn(value, " \"'");
      size_t length = strcspn(value, " \"'\r\n");
      return length ? arena_format(a, "%.*s", (int)length, value) : NULL;
    }
    line += strcspn(line, "\n");
    line += *line == '\n';
  }
  return NULL;
}

static void find_license(compilation *c, model_origin *origin) {
  arena *a = &c->arena;
  origin->license = stated_license(a, small_text(a, file_join(a, c->folder.home, "README.md")));
  for (size_t i = 0; i < sizeof license_names / sizeof *license_names && !origin->license_text; i++) {
    origin->license_file = license_names[i];
    origin->license_text = small_text(a, file_join(a, c->folder.home, license_names[i]));
  }
  if (!origin->license_text) origin->license_file = NULL;
}

status origin_find(compilation *c, model_origin *origin) {
  const model_folder *f = &c->folder;
  const char *const graphs[] = {f->model, f->encoder, f->first};
  *origin = (model_origin){0};
  for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++)
    TRY(add_graph(c, origin, graphs[i], c->files[i]));
  TRY(add_if_exists(c, origin, f->tokenizer));
  TRY(add_if_exists(c, origin, c->pooling_file));
  for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++)
    TRY(add_if_exists(c, origin, file_join(&c->arena, f->home, known_names[i])));
  hash_all(origin);
  find_license(c, origin);
  return OK;
}
