/*
 * engine_llama.c: a GGUF file in llama.cpp, whose shared library and CPU backends npm's
 * @node-llama-cpp/linux-x64 ships without headers.
 *
 * The library is libllama.v0.5.0.so of $SMELT_LLAMA_FOLDER. Its parameter structs are passed by value, which
 * for their size means in memory, so a declaration only needs to be no smaller than the library's and to name
 * the leading members that are set: all others keep what llama_*_default_params gave. In version 0.5.0
 * llama_model_params has 80 bytes and llama_context_params 160; that the leading members are where they are
 * said to be is asked back from the library after opening.
 */
#include "engine.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY  "libllama.v0.5.0.so"
#define BACKENDS "libggml.v0.5.0.so"

typedef struct llama_model llama_model;
typedef struct llama_context llama_context;
typedef struct llama_memory llama_memory;

typedef struct {
  uint64_t all[32];
} model_params;

typedef struct {
  uint32_t n_ctx, n_batch, n_ubatch, n_seq_max;
  uint64_t rest[30];
} context_params;

typedef struct {
  int32_t n_tokens;
  int32_t *token;
  float *embd;
  int32_t *pos, *n_seq_id;
  int32_t **seq_id;
  int8_t *logits;
} batch;

/* X(result, name, parameters) */
#define LLAMA_CALLS(X)                                                                                       \
  X(void, llama_backend_init, (void))                                                                        \
  X(void, llama_log_set, (void (*log)(int, const char *, void *), void *))                                   \
  X(model_params, llama_model_default_params, (void))                                                        \
  X(llama_model *, llama_model_load_from_file, (const char *path, model_params))                             \
  X(void, llama_model_free, (llama_model *))                                                                 \
  X(context_params, llama_context_default_params, (void))                                                    \
  X(llama_context *, llama_init_from_model, (llama_model *, context_params))                                 \
  X(void, llama_free, (llama_context *))                                                                     \
  X(uint32_t, llama_n_ctx, (const llama_context *))                                                          \
  X(uint32_t, llama_n_batch, (const llama_context *))                                                        \
  X(uint32_t, llama_n_ubatch, (const llama_context *))                                                       \
  X(void, llama_set_n_threads, (llama_context *, int32_t for_one, int32_t for_many))                         \
  X(llama_memory *, llama_get_memory, (const llama_context *))                                               \
  X(void, llama_memory_clear, (llama_memory *, bool data))                                                   \
  X(batch, llama_batch_get_one, (int32_t *ids, int32_t count))                                               \
  X(int32_t, llama_decode, (llama_context *, batch))                                                         \
  X(float *, llama_get_logits_ith, (llama_context *, int32_t))                                               \
  X(const void *, llama_model_get_vocab, (const llama_model *))                                              \
  X(int32_t, llama_vocab_n_tokens, (const void *))

typedef struct {
#define MEMBER(result, name, parameters) result(*name) parameters;
  LLAMA_CALLS(MEMBER)
#undef MEMBER
} llama_api;

struct engine {
  llama_api api;
  llama_model *model;
  llama_context *context;
  size_t vocabulary;
  int32_t *ids; /* [context_tokens]: llama_batch is not const */
};

static void *open_library(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  if (!library) engine_die("llama.cpp: %s", dlerror());
  return library;
}

/* ISO C has no cast from void * to a function, so `function` points to the pointer to fill. */
static void find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  if (!symbol) engine_die("llama.cpp has no %s", name);
  memcpy(function, &symbol, sizeof symbol);
}

static void drop_log(int level, const char *text, void *user) {
  (void)level, (void)text, (void)user;
}

static void load_library(llama_api *api) {
  const char *folder = getenv("SMELT_LLAMA_FOLDER");
  if (!folder || !*folder) engine_die("SMELT_LLAMA_FOLDER must name the folder of %s", LIBRARY);
  void *backends = open_library(folder, BACKENDS);
  void *library = open_library(folder, LIBRARY);
#define FIND(result, name, parameters) find(library, #name, &api->name);
  LLAMA_CALLS(FIND)
#undef FIND
  if (!getenv("SMELT_LLAMA_LOG")) api->llama_log_set(drop_log, NULL);
  void (*load_backends)(const char *folder);
  find(backends, "ggml_backend_load_all_from_path", &load_backends);
  load_backends(folder);
  api->llama_backend_init();
}

engine *engine_open(const engine_options *options) {
  enum { BATCH_TOKENS = 2048, UBATCH_TOKENS = 512, CONTEXT_MULTIPLE = 256 }; /* llama.cpp's own defaults */
  engine *e = calloc(1, sizeof *e);
  if (e) e->ids = calloc((size_t)options->context_tokens, sizeof *e->ids);
  if (!e || !e->ids) engine_die("out of memory");
  load_library(&e->api);
  e->model = e->api.llama_model_load_from_file(options->model, e->api.llama_model_default_params());
  if (!e->model) engine_die("llama.cpp cannot load %s (SMELT_LLAMA_LOG=1 says why)", options->model);

  context_params params = e->api.llama_context_default_params();
  if (params.n_batch != BATCH_TOKENS || params.n_ubatch != UBATCH_TOKENS || params.n_seq_max != 1)
    engine_die("llama.cpp's llama_context_params is not as engine_llama.c declares it");
  params.n_ctx =
      ((uint32_t)options->context_tokens + CONTEXT_MULTIPLE - 1) / CONTEXT_MULTIPLE * CONTEXT_MULTIPLE;
  e->context = e->api.llama_init_from_model(e->model, params);
  if (!e->context) engine_die("llama.cpp cannot open a context (SMELT_LLAMA_LOG=1 says why)");
  if (e->api.llama_n_ctx(e->context) != params.n_ctx || e->api.llama_n_ubatch(e->context) != UBATCH_TOKENS)
    engine_die("llama.cpp did not take the parameters it was given");
  e->api.llama_set_n_threads(e->context, options->threads, options->threads);
  e->vocabulary = (size_t)e->api.llama_vocab_n_tokens(e->api.llama_model_get_vocab(e->model));
  return e;
}

void engine_close(engine *e) {
  e->api.llama_free(e->context);
  e->api.llama_model_free(e->model);
  free(e->ids);
  free(e);
}

engine_kind engine_kind_of(const engine *e) {
  (void)e;
  return ENGINE_DECODER;
}

void engine_reset(engine *e) {
  e->api.llama_memory_clear(e->api.llama_get_memory(e->context), false);
}

engine_result engine_read(engine *e, const int32_t *ids, size_t count) {
  size_t most = e->api.llama_n_batch(e->context);
  for (size_t first = 0; first < count; first += most) {
    size_t part = count - first < most ? count - first : most;
    memcpy(e->ids, ids + first, part * sizeof *ids);
    int32_t code = e->api.llama_decode(e->context, e->api.llama_batch_get_one(e->ids, (int32_t)part));
    if (code) engine_die("llama_decode of %zu tokens failed with %d", count, (int)code);
  }
  return (engine_result){.data = e->api.llama_get_logits_ith(e->context, -1), .count = e->vocabulary};
}

engine_result engine_encode(engine *e, const int32_t *ids, size_t batch_size, size_t tokens) {
  (void)e, (void)ids, (void)batch_size, (void)tokens;
  engine_die("the bench asks llama.cpp for decoders only");
}
