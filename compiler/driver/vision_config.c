/*
 * vision_config.c: preprocessor_config.json of a model that reads images. What it leaves out is what the
 * image processor that it names does of itself; where it names none, as old ones do, the kind of model says
 * which it is.
 */
#include "driver/vision.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { LARGEST_SIDE = 8192 };

/* ---- image processors ---- */

typedef enum { NO_NORM, STANDARD_NORM, CLIP_NORM } norm_kind;

static const struct {
  float mean[3], deviation[3];
} norms[] = {
    [NO_NORM] = {{0, 0, 0}, {1, 1, 1}},
    [STANDARD_NORM] = {{0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}},
    [CLIP_NORM] = {{0.48145466f, 0.4578275f, 0.40821073f}, {0.26862954f, 0.26130258f, 0.27577711f}},
};

typedef struct {
  const char *name; /* before "ImageProcessor", "ImageProcessorFast" or "FeatureExtractor" */
  smelt_resize resize;
  uint32_t side, crop; /* crop 0: none */
  smelt_resampling resample;
  norm_kind norm;
  bool is_flipped;    /* channels are blue, green, red */
  const char *models; /* what config.json calls those that it is usual for, a space around each */
} processor;

static const processor processors[] = {
    {"ViT", SMELT_RESIZE_EXACT, 224, 0, SMELT_RESAMPLING_BILINEAR, STANDARD_NORM, false,
     " vit vit_mae vit_msn swin swinv2 "},
    {"DeiT", SMELT_RESIZE_EXACT, 256, 224, SMELT_RESAMPLING_BICUBIC, STANDARD_NORM, false, " deit "},
    {"Beit", SMELT_RESIZE_EXACT, 256, 224, SMELT_RESAMPLING_BICUBIC, STANDARD_NORM, false,
     " beit data2vec-vision "},
    {"CLIP", SMELT_RESIZE_SHORT_EDGE, 224, 224, SMELT_RESAMPLING_BICUBIC, CLIP_NORM, false,
     " clip clip_vision_model "},
    {"Bit", SMELT_RESIZE_SHORT_EDGE, 224, 224, SMELT_RESAMPLING_BICUBIC, CLIP_NORM, false, " bit dinov2 "},
    {"ConvNext", SMELT_RESIZE_SHORT_EDGE, 384, 0, SMELT_RESAMPLING_BICUBIC, STANDARD_NORM, false,
     " convnext convnextv2 cvt regnet resnet "},
    {"Siglip", SMELT_RESIZE_EXACT, 224, 0, SMELT_RESAMPLING_BICUBIC, STANDARD_NORM, false, " siglip "},
    {"Blip", SMELT_RESIZE_EXACT, 384, 0, SMELT_RESAMPLING_BICUBIC, CLIP_NORM, false, " blip "},
    {"MobileViT", SMELT_RESIZE_SHORT_EDGE, 224, 256, SMELT_RESAMPLING_BILINEAR, NO_NORM, true,
     " mobilevit mobilevitv2 "},
    {"MobileNetV1", SMELT_RESIZE_SHORT_EDGE, 256, 224, SMELT_RESAMPLING_BILINEAR, STANDARD_NORM, false,
     " mobilenet_v1 "},
    {"MobileNetV2", SMELT_RESIZE_SHORT_EDGE, 256, 224, SMELT_RESAMPLING_BILINEAR, STANDARD_NORM, false,
     " mobilenet_v2 "},
};
enum { PROCESSORS = sizeof processors / sizeof *processors };

/* The processor of a class such as "ViTImageProcessorFast". */
static const processor *processor_named(const char *name) {
  static const char *const ends[] = {"ImageProcessor", "ImageProcessorFast", "FeatureExtractor"};
  for (size_t i = 0; i < PROCESSORS; i++) {
    size_t length = strlen(processors[i].name);
    if (strncmp(name, processors[i].name, length) != 0) continue;
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
      if (strcmp(name + length, ends[e]) == 0) return &processors[i];
  }
  return NULL;
}

/* ---- fields ---- */

typedef struct {
  arena *a;
  const char *file, *model_file; /* preprocessor_config.json; config.json or NULL */
  const json_t *object;
} config;

static const json_t *field(const config *c, const char *key) {
  const json_t *value = json_object_get(c->object, key);
  return json_is_null(value) ? NULL : value;
}

static status wrong_type(const config *c, const char *key, const char *expected) {
  return folder_wrong_type(c->a, c->file, key, expected);
}

static status out_of_range(const config *c, const char *key) {
  status s = fail_node(c->a, fail(c->a, STATUS_INPUT, "is out of range"), "\"%s\"", key);
  return fail_file(c->a, s, c->file);
}

static status take_flag(const config *c, const char *key, uint32_t *flag) {
  const json_t *value = field(c, key);
  if (!value) return OK;
  if (!json_is_boolean(value)) return wrong_type(c, key, "true or false");
  *flag = json_is_true(value);
  return OK;
}

static status take_side(const config *c, const char *key, const json_t *value, uint32_t *side) {
  if (!json_is_integer(value)) return wrong_type(c, key, "integers");
  json_int_t number = json_integer_value(value);
  if (number < 1 || number > LARGEST_SIDE) return out_of_range(c, key);
  *side = (uint32_t)number;
  return OK;
}

/* {"height": H, "width": W} or [H, W] */
static status take_both_sides(const config *c, const char *key, const json_t *value, uint32_t *height,
                              uint32_t *width) {
  bool is_pair = json_is_array(value) && json_array_size(value) == 2;
  const json_t *h = is_pair ? json_array_get(value, 0) : json_object_get(value, "height");
  const json_t *w = is_pair ? json_array_get(value, 1) : json_object_get(value, "width");
  if (!h || !w)
    return wrong_type(c, key, "an integer, or an object with height and width or with shortest_edge");
  TRY(take_side(c, key, h, height));
  return take_side(c, key, w, width);
}

/* An integer is what the processor takes it for. */
static status take_size(const config *c, smelt_manifest_vision *v) {
  static const char key[] = "size";
  const json_t *value = field(c, key), *edge = json_object_get(value, "shortest_edge");
  if (!value) return OK;
  if (json_is_object(value) && edge && json_object_size(value) != 1)
    return wrong_type(c, key, "shortest_edge alone");
  if (edge) v->resize = SMELT_RESIZE_SHORT_EDGE;
  if (!edge && !json_is_integer(value)) {
    v->resize = SMELT_RESIZE_EXACT;
    return take_both_sides(c, key, value, &v->resize_height, &v->resize_width);
  }
  TRY(take_side(c, key, edge ? edge : value, &v->resize_width));
  v->resize_height = v->resize_width;
  return OK;
}

static status take_crop(const config *c, smelt_manifest_vision *v) {
  static const char key[] = "crop_size";
  const json_t *value = field(c, key);
  if (!value) return OK;
  if (!json_is_integer(value)) return take_both_sides(c, key, value, &v->height, &v->width);
  TRY(take_side(c, key, value, &v->height));
  v->width = v->height;
  return OK;
}

static status take_resample(const config *c, smelt_manifest_vision *v) {
  const json_t *value = field(c, "resample");
  if (!value) return OK;
  json_int_t number = json_integer_value(value);
  if (!json_is_integer(value) || number < 0 || number >= SMELT_RESAMPLING_COUNT)
    return wrong_type(c, "resample", "0 to 5, as PIL numbers its filters");
  v->resample = (uint32_t)number;
  return OK;
}

/* One number, or one for each channel. */
static status take_channels(const config *c, const char *key, float numbers[3]) {
  const json_t *value = field(c, key);
  if (!value) return OK;
  bool is_list = json_is_array(value);
  if (is_list && json_array_size(value) != 3) return wrong_type(c, key, "3 numbers");
  for (size_t i = 0; i < 3; i++) {
    const json_t *number = is_list ? json_array_get(value, i) : value;
    if (!json_is_number(number)) return wrong_type(c, key, "3 numbers");
    numbers[i] = (float)json_number_value(number);
    if (!isfinite(numbers[i])) return out_of_range(c, key);
  }
  return OK;
}

/* ---- steps ---- */

/* What else is done to images the program does not know. */
static status check_steps(const config *c) {
  static const char *const known[] = {
      "do_resize",      "do_center_crop",   "do_rescale",           "do_normalize",
      "do_convert_rgb", "do_reduce_labels", "do_flip_channel_order"};
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)c->object, key, value) {
    bool is_known = strncmp(key, "do_", 3) != 0 || !json_is_true(value);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) is_known |= strcmp(key, known[i]) == 0;
    if (is_known) continue;
    status s = fail_node(c->a, fail(c->a, STATUS_INPUT, "this step is not compiled"), "\"%s\"", key);
    return fail_file(c->a, s, c->file);
  }
  return OK;
}

/* ConvNext's: below 384 the shorter side is resized to more, of which the middle stays; else both sides are.
 */
static status take_share(const config *c, smelt_manifest_vision *v) {
  double share = 224.0 / 256;
  const json_t *value = field(c, "crop_pct");
  if (value) share = json_number_value(value);
  if (value && !json_is_number(value)) return wrong_type(c, "crop_pct", "a number");
  if (!(share >= 0.05 && share <= 1)) return out_of_range(c, "crop_pct");
  uint32_t side = v->resize_width;
  v->crops = side < 384;
  v->height = v->width = side;
  v->resize = v->crops ? SMELT_RESIZE_SHORT_EDGE : SMELT_RESIZE_EXACT;
  v->resize_width = v->resize_height = v->crops ? (uint32_t)(side / share) : side;
  return OK;
}

static status take_named(const config *c, const char *name, const processor **p) {
  *p = processor_named(name);
  if (*p) return OK;
  text names = {0};
  for (size_t i = 0; i < PROCESSORS; i++) text_print(&names, "%s%s", i ? ", " : "", processors[i].name);
  status s = fail(c->a, STATUS_INPUT,
                  *name ? "the image processor %s is not compiled" : "names no image processor", name);
  s = fail_expected(c->a, s, "that of %s", names.bytes);
  text_free(&names);
  return fail_file(c->a, s, c->file);
}

/* The processor that is usual for config.json's kind of model; NULL: none is known. */
static status take_usual(const config *c, const processor **p) {
  json_t *model = NULL;
  *p = NULL;
  if (c->model_file) TRY(folder_read_json(c->a, c->model_file, &model));
  const char *kind = json_string_value(json_object_get(model, "model_type"));
  const char *word = arena_format(c->a, " %s ", kind ? kind : "");
  for (size_t i = 0; kind && i < PROCESSORS; i++)
    if (strstr(processors[i].models, word)) *p = &processors[i];
  json_decref(model);
  return OK;
}

static status take_processor(const config *c, const processor **p) {
  const json_t *value = field(c, "image_processor_type");
  if (!value) value = field(c, "feature_extractor_type");
  if (!value) TRY(take_usual(c, p));
  if (!value && *p) return OK;
  const char *name = json_string_value(value);
  return take_named(c, name ? name : "", p);
}

static status take_all(const config *c, smelt_manifest_vision *v) {
  const processor *p;
  TRY(take_processor(c, &p));
  *v = (smelt_manifest_vision){.channels = 3,
                               .height = p->crop,
                               .width = p->crop,
                               .resize = p->resize,
                               .resample = p->resample,
                               .resize_height = p->side,
                               .resize_width = p->side,
                               .crops = p->crop != 0,
                               .swaps_red_and_blue = p->is_flipped,
                               .rescales = 1,
                               .normalises = p->norm != NO_NORM,
                               .rescale_factor = 1.0 / 255};
  memcpy(v->mean, norms[p->norm].mean, sizeof v->mean);
  memcpy(v->deviation, norms[p->norm].deviation, sizeof v->deviation);
  uint32_t resizes = 1;
  TRY(check_steps(c));
  TRY(take_size(c, v));
  TRY(take_resample(c, v));
  TRY(take_flag(c, "do_resize", &resizes));
  bool is_share = strcmp(p->name, "ConvNext") == 0;
  if (is_share && resizes) {
    TRY(take_share(c, v));
  } else if (!is_share) {
    TRY(take_flag(c, "do_center_crop", &v->crops));
    TRY(take_crop(c, v));
    if (v->crops && !v->height) return wrong_type(c, "crop_size", "the size of what stays");
  }
  if (!resizes) v->resize = SMELT_RESIZE_NONE;
  TRY(take_flag(c, "do_rescale", &v->rescales));
  TRY(take_flag(c, "do_normalize", &v->normalises));
  TRY(take_flag(c, "do_flip_channel_order", &v->swaps_red_and_blue));
  TRY(take_channels(c, "image_mean", v->mean));
  TRY(take_channels(c, "image_std", v->deviation));
  for (int i = 0; i < 3; i++)
    if (v->deviation[i] == 0) return out_of_range(c, "image_std");
  const json_t *factor = field(c, "rescale_factor");
  if (factor && !json_is_number(factor)) return wrong_type(c, "rescale_factor", "a number");
  if (factor) v->rescale_factor = json_number_value(factor);
  if (!isfinite(v->rescale_factor)) return out_of_range(c, "rescale_factor");
  return OK;
}

status vision_read_config(arena *a, const char *file, const char *model_file, smelt_manifest_vision *v) {
  json_t *object;
  TRY(folder_read_preprocessor(a, file, &object));
  status s = OK;
  if (json_is_object(object))
    s = take_all(&(config){a, file, model_file, object}, v);
  else
    s = fail_file(a, fail_expected(a, fail(a, STATUS_INPUT, "is not a configuration"), "a JSON object"),
                  file);
  json_decref(object);
  return s;
}
