/* vision.c: whether a graph reads images, what it reads of them, and which of its outputs answers. */
#include "driver/vision.h"
#include "driver/reader.h"

#include <jansson.h>
#include <string.h>

static const char pixels_name[] = "pixel_values";
enum {
  MOST_TEXTS = 32
}; /* of one call, where the graph takes several beside an image and --max-batch is no more */

static bool is_pixels(const char *name, const ir_type *type) {
  return strcmp(name, pixels_name) == 0 && type->dtype == SMELT_F32 && type->rank == 4;
}

/* ---- sizes, while the graph is imported ---- */

static status wrong_size(compilation *c, const ir_type *pixels) {
  const smelt_manifest_vision *v = &c->vision;
  text expected = {0};
  for (int i = 1; i < 4; i++) {
    if (i > 1) text_print(&expected, " x ");
    ir_dim_print(&expected, pixels->dims[i]);
  }
  status s = fail(&c->arena, STATUS_INPUT, "images do not become what the model reads");
  s = fail_expected(&c->arena, s, "%s", expected.bytes);
  s = fail_found(&c->arena, s, "%u x %u x %u", v->channels, v->height, v->width);
  text_free(&expected);
  return fail_file(&c->arena, s, c->folder.preprocessor_file);
}

/* What is not cropped has the size that it is resized to, or must have that of the graph. */
static void take_size(smelt_manifest_vision *v, const ir_type *pixels) {
  int64_t height, width;
  if (v->crops) return;
  v->height = v->resize_height;
  v->width = v->resize_width;
  if (v->resize == SMELT_RESIZE_EXACT || !ir_dim_is_const(pixels->dims[2], &height) ||
      !ir_dim_is_const(pixels->dims[3], &width) || height > UINT32_MAX || width > UINT32_MAX)
    return;
  v->height = (uint32_t)height;
  v->width = (uint32_t)width;
}

/* A symbol becomes `size`; a size must be it. */
static bool fix(ir_module *m, ir_dim *d, int64_t size) {
  int64_t own;
  if (ir_dim_is_const(*d, &own)) return own == size;
  if (!ir_dim_is_symbol(*d) || !ir_dim_bind(m, *d, ir_dim_const(m, size))) return false;
  *d = ir_dim_const(m, size);
  return true;
}

static status fix_sizes(compilation *c, ir_type *pixels) {
  smelt_manifest_vision *v = &c->vision;
  TRY(vision_read_config(&c->arena, c->folder.preprocessor_file, c->folder.config_file, v));
  take_size(v, pixels);
  const int64_t sizes[] = {1, v->channels, v->height, v->width};
  ir_type fixed = *pixels;
  for (int axis = 1; axis < 4; axis++)
    if (!fix(c->module, &fixed.dims[axis], sizes[axis])) return wrong_size(c, pixels);
  if (c->options->max_batch == 1) fix(c->module, &fixed.dims[0], 1);
  *pixels = fixed;
  c->reads_images = true;
  return OK;
}

static void warn(compilation *c, status s) {
  print_warning(fail_hint(&c->arena, s, "the program takes .npy files, not images"));
}

void vision_see_input(void *user, const char *name, ir_type *type) {
  compilation *c = user;
  if (!is_pixels(name, type) || !c->folder.preprocessor_file) return;
  status s = fix_sizes(c, type);
  if (s) warn(c, s);
}

void vision_limit_texts(compilation *c, const ir_graph *graph) {
  for (size_t i = 0; c->reads_images && i < graph->input_count; i++) {
    const ir_value *ids = graph->inputs[i];
    if (strcmp(ids->name, "input_ids") != 0 || ids->type.rank != 2) continue;
    ir_dim texts = ir_dim_resolve(c->module, ids->type.dims[0]);
    int64_t most = c->options->max_batch > MOST_TEXTS ? c->options->max_batch : MOST_TEXTS;
    if (ir_dim_is_symbol(texts)) ir_dim_set_maximum(c->module, texts, most);
  }
}

/* ---- what answers, after planning ---- */

static const reader_answer answers[] = {
    {"logits_per_image", 2, SMELT_HEAD_MATCHES},
    {"logits", 2, SMELT_HEAD_LABELS},
    {"image_embeds", 2, SMELT_HEAD_VECTOR},
    {"pooler_output", 2, SMELT_HEAD_VECTOR},
    {"last_hidden_state", 3, SMELT_HEAD_STATES},
    {NULL, 2, SMELT_HEAD_VECTOR},
    {NULL, 3, SMELT_HEAD_STATES},
};

/* The texts that a graph such as CLIP's takes beside an image. */
static status take_texts(compilation *c, const plan_entry *entry) {
  TRY(compile_tokenizer(c));
  TRY(reader_check_ids(c, entry));
  TRY(reader_take_limits(c));
  ir_dim texts = entry->inputs[c->reader.ids_input].dims[0];
  int64_t most = ir_dim_is_symbol(texts) ? ir_dim_maximum(c->module, texts) : 1;
  c->vision.most_texts = (uint32_t)(most < SMELT_MOST_ROWS ? most : SMELT_MOST_ROWS);
  return OK;
}

static status describe(compilation *c) {
  const plan_entry *entry = &c->plan->entries[0];
  smelt_manifest_reader *r = &c->reader;
  size_t index = 0;
  status unfit = fail(&c->arena, STATUS_INPUT, "the model's inputs or outputs are none of an image's");
  unfit = fail_expected(&c->arena, unfit, "pixel_values, perhaps a text's tokens, and logits or vectors");
  unfit = fail_file(&c->arena, unfit, c->folder.model);
  while (index < entry->input_count && strcmp(entry->inputs[index].name, pixels_name) != 0) index++;
  if (index == entry->input_count) return unfit;
  c->vision.pixels_input = (int32_t)index;
  bool has_text = reader_take_inputs(c->module, entry, pixels_name, r);
  r->last_output = SMELT_NONE;
  if (!reader_find_answer(entry, answers, sizeof answers / sizeof *answers, r)) return unfit;
  if (entry->input_count != 1 && !(has_text && r->head == SMELT_HEAD_MATCHES)) return unfit;
  if (r->head == SMELT_HEAD_MATCHES)
    return has_text && r->mask_input != SMELT_NONE ? take_texts(c, entry) : unfit;
  json_t *config = NULL;
  if (c->folder.config_file) TRY(folder_read_json(&c->arena, c->folder.config_file, &config));
  r->pooling = SMELT_POOLING_CLS;
  if (r->head == SMELT_HEAD_LABELS) reader_take_labels(c, config, &entry->outputs[r->output]);
  json_decref(config);
  return r->head == SMELT_HEAD_LABELS && !r->label_count ? unfit : OK;
}

void vision_describe(compilation *c) {
  if (!c->reads_images) return;
  c->reader = (smelt_manifest_reader){0};
  status s = describe(c);
  if (!s) return;
  c->reads_images = false;
  c->tokenizer.count = 0;
  warn(c, s);
}
