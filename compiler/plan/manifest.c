/* manifest.c: the plan's outside as the runtime reads it: flat structs, offsets instead of pointers. */
#include "plan/cost.h"

#include <string.h>

/*
 * A size or label of a step that was written. Layers repeat them: sizes are interned, so equal ones are the
 * same pointer; labels are compared as text.
 */
typedef struct {
  const void *of; /* an ir_dim, or NULL: `label` */
  const char *label;
  smelt_offset offset;
} written;

typedef struct {
  const plan_module *plan;
  text *blob;
  written *written;
  size_t written_count, written_capacity;
} writer;

/* Room for `bytes` zeroed bytes at an 8-byte boundary; returns their offset. */
static smelt_offset reserve(writer *w, size_t bytes) {
  static const char zeros[64];
  size_t padding = (8 - w->blob->count % 8) % 8;
  text_append(w->blob, zeros, padding);
  smelt_offset offset = (smelt_offset)w->blob->count;
  for (size_t left = bytes; left;) {
    size_t chunk = left < sizeof zeros ? left : sizeof zeros;
    text_append(w->blob, zeros, chunk);
    left -= chunk;
  }
  return offset;
}

static void put(writer *w, smelt_offset at, const void *bytes, size_t count) {
  memcpy(w->blob->bytes + at, bytes, count);
}

static smelt_offset put_text(writer *w, const char *s) {
  if (!s) return 0;
  smelt_offset offset = (smelt_offset)w->blob->count;
  text_append(w->blob, s, strlen(s) + 1);
  return offset;
}

/* ---- sizes ---- */

static void put_word(text *words, int64_t word) {
  text_append(words, &word, sizeof word);
}

static void visit_dim(void *user, ir_dim_op op, int64_t operand) {
  static const int64_t codes[] = {
      [IR_DIM_CONST] = SMELT_DIM_CONST, [IR_DIM_SYMBOL] = SMELT_DIM_SYMBOL, [IR_DIM_ADD] = SMELT_DIM_ADD,
      [IR_DIM_MUL] = SMELT_DIM_MUL,     [IR_DIM_DIV] = SMELT_DIM_DIV,       [IR_DIM_MOD] = SMELT_DIM_MOD,
      [IR_DIM_MIN] = SMELT_DIM_MIN,     [IR_DIM_MAX] = SMELT_DIM_MAX,
  };
  put_word(user, codes[op]);
  if (op == IR_DIM_CONST || op == IR_DIM_SYMBOL) put_word(user, operand);
}

static smelt_offset put_dim(writer *w, ir_dim d) {
  text words = {0};
  ir_dim_visit_postfix(d, visit_dim, &words);
  put_word(&words, SMELT_DIM_END);
  smelt_offset offset = reserve(w, words.count);
  put(w, offset, words.bytes, words.count);
  text_free(&words);
  return offset;
}

static smelt_offset put_dim_text(writer *w, ir_dim d) {
  text t = {0};
  ir_dim_print(&t, d);
  smelt_offset offset = put_text(w, t.bytes);
  text_free(&t);
  return offset;
}

/* ---- tensors, entries, symbols ---- */

static smelt_manifest_tensor describe_tensor(writer *w, const plan_io *io) {
  smelt_manifest_tensor tensor = {.name = put_text(w, io->name),
                                  .dtype = io->dtype,
                                  .rank = (uint32_t)io->rank,
                                  .arena_offset = io->arena_bytes_offset};
  smelt_offset dims[IR_MAX_RANK] = {0}, texts[IR_MAX_RANK] = {0};
  for (int i = 0; i < io->rank; i++) {
    dims[i] = put_dim(w, io->dims[i]);
    texts[i] = put_dim_text(w, io->dims[i]);
  }
  size_t bytes = sizeof(smelt_offset) * (size_t)io->rank;
  tensor.dims = reserve(w, bytes);
  put(w, tensor.dims, dims, bytes);
  tensor.dim_texts = reserve(w, bytes);
  put(w, tensor.dim_texts, texts, bytes);
  return tensor;
}

static smelt_offset put_tensors(writer *w, const plan_io *list, size_t count) {
  smelt_offset offset = reserve(w, count * sizeof(smelt_manifest_tensor));
  for (size_t i = 0; i < count; i++) {
    smelt_manifest_tensor tensor = describe_tensor(w, &list[i]);
    put(w, offset + (smelt_offset)(i * sizeof tensor), &tensor, sizeof tensor);
  }
  return offset;
}

/* ---- steps ---- */

static smelt_offset put_once(writer *w, ir_dim size, const char *label) {
  arena *a = w->plan->module->arena;
  for (size_t i = 0; i < w->written_count; i++) {
    const written *old = &w->written[i];
    if (size ? old->of == size : (!old->of && strcmp(old->label, label) == 0)) return old->offset;
  }
  smelt_offset offset = size ? put_dim(w, size) : put_text(w, label);
  ARENA_PUSH(a, w->written, w->written_count, w->written_capacity) = (written){size, label, offset};
  return offset;
}

/* What the factors of a step's products are. */
static smelt_dtype factor_dtype(const plan_step *step) {
  if (step->control != PLAN_CALL || (step->kernel != PLAN_LINEAR && step->kernel != PLAN_MATMUL))
    return SMELT_F32;
  const ir_node *n = step->nodes[0];
  smelt_dtype x = n->operands[0]->type.dtype, y = n->operands[1]->type.dtype;
  if (ir_dtype_bytes(x) == 1 && ir_dtype_bytes(y) == 1) return SMELT_I8;
  return y == SMELT_BF16 ? SMELT_BF16 : SMELT_F32;
}

static smelt_offset put_steps(writer *w, const plan_entry *e) {
  ir_module *m = w->plan->module;
  smelt_offset offset = reserve(w, e->step_count * sizeof(smelt_manifest_step));
  for (size_t i = 0; i < e->step_count; i++) {
    const plan_step *s = &e->steps[i];
    plan_cost cost = plan_step_cost(m, s);
    ir_dim bytes = ir_dim_add(m, cost.weight_bytes, ir_dim_add(m, cost.state_bytes, cost.activation_bytes));
    smelt_manifest_step step = {.label = put_once(w, NULL, plan_step_label(m->arena, s)),
                                .dtype = factor_dtype(s),
                                .flops = put_once(w, cost.flops, NULL),
                                .bytes = put_once(w, bytes, NULL)};
    put(w, offset + (smelt_offset)(i * sizeof step), &step, sizeof step);
  }
  return offset;
}

static smelt_offset put_entries(writer *w) {
  smelt_offset offset = reserve(w, w->plan->entry_count * sizeof(smelt_manifest_entry));
  for (size_t i = 0; i < w->plan->entry_count; i++) {
    const plan_entry *e = &w->plan->entries[i];
    smelt_manifest_entry entry = {.name = put_text(w, e->graph->name),
                                  .input_count = (uint32_t)e->input_count,
                                  .output_count = (uint32_t)e->output_count,
                                  .inputs = put_tensors(w, e->inputs, e->input_count),
                                  .outputs = put_tensors(w, e->outputs, e->output_count),
                                  .step_count = (uint32_t)e->step_count,
                                  .steps = put_steps(w, e),
                                  .arena_bytes = e->arena_bytes};
    put(w, offset + (smelt_offset)(i * sizeof entry), &entry, sizeof entry);
  }
  return offset;
}

static smelt_offset put_symbols(writer *w, size_t count) {
  ir_module *m = w->plan->module;
  smelt_offset offset = reserve(w, count * sizeof(smelt_manifest_symbol));
  for (size_t i = 0; i < count; i++) {
    ir_dim d = ir_dim_symbol_at(m, i);
    smelt_manifest_symbol symbol = {.name = put_text(w, ir_dim_symbol_name(d)),
                                    .maximum = ir_dim_maximum(m, d)};
    put(w, offset + (smelt_offset)(i * sizeof symbol), &symbol, sizeof symbol);
  }
  return offset;
}

static void put_tokens(writer *w, const int32_t *tokens, smelt_manifest_tokens *list) {
  size_t bytes = sizeof *tokens * (size_t)list->count;
  list->tokens = reserve(w, bytes);
  put(w, list->tokens, tokens, bytes);
}

/* ---- speech ---- */

static smelt_offset put_hearing(writer *w, const plan_manifest_info *info) {
  if (!info->hearing) return 0;
  smelt_manifest_hearing hearing = *info->hearing;
  hearing.languages = reserve(w, hearing.language_count * sizeof(smelt_manifest_language));
  for (uint32_t i = 0; i < hearing.language_count; i++) {
    smelt_manifest_language language = {put_text(w, info->language_codes[i]), info->language_tokens[i]};
    put(w, hearing.languages + i * (smelt_offset)sizeof language, &language, sizeof language);
  }
  smelt_offset offset = reserve(w, sizeof hearing);
  put(w, offset, &hearing, sizeof hearing);
  return offset;
}

/* ---- readers of text ---- */

static smelt_offset put_reader(writer *w, const plan_manifest_info *info) {
  if (!info->reader) return 0;
  smelt_manifest_reader reader = *info->reader;
  size_t bytes = reader.label_count * sizeof(smelt_offset);
  reader.labels = reserve(w, bytes);
  for (uint32_t i = 0; i < reader.label_count; i++) {
    smelt_offset label = put_text(w, info->labels[i]);
    put(w, reader.labels + i * (smelt_offset)sizeof label, &label, sizeof label);
  }
  reader.prompts = reserve(w, reader.prompt_count * sizeof(smelt_manifest_prompt));
  for (uint32_t i = 0; i < reader.prompt_count; i++) {
    smelt_manifest_prompt prompt = {put_text(w, info->prompts[i].name), put_text(w, info->prompts[i].text)};
    put(w, reader.prompts + i * (smelt_offset)sizeof prompt, &prompt, sizeof prompt);
  }
  smelt_offset offset = reserve(w, sizeof reader);
  put(w, offset, &reader, sizeof reader);
  return offset;
}

/* ---- caches ---- */

static uint32_t count_caches(const ir_module *m) {
  uint32_t count = 0;
  for (size_t i = 0; i < m->state_count; i++) count += m->states[i].append_axis >= 0;
  return count;
}

static smelt_manifest_cache describe_cache(const plan_module *plan, size_t state) {
  const ir_state *s = &plan->module->states[state];
  smelt_manifest_cache cache = {
      .state_offset = plan->state_base_bytes[state], .parts = 1, .row_bytes = ir_dtype_bytes(s->type.dtype)};
  for (int i = 0; i < s->type.rank; i++) {
    int64_t size = 0;
    ir_dim_is_const(s->type.dims[i], &size);
    uint64_t *factor = i == s->append_axis  ? &cache.capacity
                       : i < s->append_axis ? &cache.parts
                                            : &cache.row_bytes;
    *factor = i == s->append_axis ? (uint64_t)size : *factor * (uint64_t)size;
  }
  return cache;
}

static smelt_offset put_caches(writer *w) {
  const ir_module *m = w->plan->module;
  smelt_offset offset = reserve(w, count_caches(m) * sizeof(smelt_manifest_cache)), at = offset;
  for (size_t i = 0; i < m->state_count; i++) {
    if (m->states[i].append_axis < 0) continue;
    smelt_manifest_cache cache = describe_cache(w->plan, i);
    put(w, at, &cache, sizeof cache);
    at += (smelt_offset)sizeof cache;
  }
  return offset;
}

/* Elements of all weights, as a model card counts parameters. */
static uint64_t count_parameters(const plan_module *plan) {
  uint64_t total = 0;
  for (size_t i = 0; i < plan->weight_count; i++) {
    int64_t count = 0;
    if (ir_type_is_static(&plan->weights[i].constant->type, &count)) total += (uint64_t)count;
  }
  return total;
}

status plan_write_manifest(const plan_module *plan, const plan_manifest_info *info, text *blob) {
  text own = {0}; /* offsets count from the manifest's start, wherever it is appended */
  writer w = {.plan = plan, .blob = &own};
  size_t symbol_count = ir_dim_symbol_count(plan->module);
  reserve(&w, sizeof(smelt_manifest));
  smelt_manifest manifest = {.entry_count = (uint32_t)plan->entry_count,
                             .symbol_count = (uint32_t)symbol_count,
                             .entries = put_entries(&w),
                             .symbols = put_symbols(&w, symbol_count),
                             .reader = put_reader(&w, info),
                             .cache_count = count_caches(plan->module),
                             .caches = put_caches(&w),
                             .model_name = put_text(&w, info->model_name),
                             .smelt_version = put_text(&w, info->smelt_version),
                             .weights_file = put_text(&w, info->weights_file),
                             .stored_bytes = info->stored_bytes,
                             .arena_bytes = plan->arena_bytes,
                             .state_bytes = plan->state_bytes,
                             .weights_bytes = plan->weights_bytes,
                             .tokenizer_bytes = info->tokenizer_bytes,
                             .parameters = count_parameters(plan)};
  memcpy(manifest.magic, SMELT_MANIFEST_MAGIC, sizeof manifest.magic);
  if (info->weights_hash) memcpy(manifest.weights_hash, info->weights_hash, sizeof manifest.weights_hash);
  if (info->generation) {
    smelt_manifest_generation generation = *info->generation;
    put_tokens(&w, info->suppressed, &generation.suppressed);
    put_tokens(&w, info->suppressed_first, &generation.suppressed_first);
    put_tokens(&w, info->bad_words, &generation.bad_words);
    put_tokens(&w, info->forced_first, &generation.forced_first);
    put_tokens(&w, info->forced_last, &generation.forced_last);
    put_tokens(&w, info->biased, &generation.biased);
    generation.biases = reserve(&w, (size_t)generation.biased.count * sizeof(float));
    put(&w, generation.biases, info->biases, (size_t)generation.biased.count * sizeof(float));
    generation.hearing = put_hearing(&w, info);
    manifest.generation = reserve(&w, sizeof generation);
    put(&w, manifest.generation, &generation, sizeof generation);
  }
  if (info->chat && info->chat->count) {
    manifest.chat_bytes = (uint32_t)info->chat->count;
    manifest.chat = reserve(&w, info->chat->count);
    put(&w, manifest.chat, info->chat->bytes, info->chat->count);
  }
  if (info->vision) {
    manifest.vision = reserve(&w, sizeof *info->vision);
    put(&w, manifest.vision, info->vision, sizeof *info->vision);
  }
  reserve(&w, 0);
  bool fits = own.count <= UINT32_MAX;
  manifest.bytes = (uint32_t)own.count;
  put(&w, 0, &manifest, sizeof manifest);
  if (fits) text_append(blob, own.bytes, own.count);
  text_free(&own);
  return fits ? OK : fail(plan->module->arena, STATUS_INPUT, "the model has too many inputs and outputs");
}
